"""The mean of escape rates that rest on equally or unequally many restarts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics.escape import EscapeRate
from search.statistics.mean_rate import MeanRate

Z = 1.959963984540054

counted = st.integers(1, 300).flatmap(
    lambda restarts: st.builds(EscapeRate, st.integers(0, restarts), st.just(restarts))
)
several = st.lists(counted, min_size=1, max_size=6).map(tuple)


def mean(*pairs: tuple[int, int]) -> MeanRate:
    return MeanRate(tuple(EscapeRate(*pair) for pair in pairs))


def test_each_rate_weighs_the_same() -> None:
    found = mean((1, 10), (90, 100))
    assert found.rate == pytest.approx(0.5)
    assert found.pooled == EscapeRate(91, 110)
    assert not found.has_equal_restarts


def test_with_equal_restarts_it_is_the_pooled_rate() -> None:
    found = mean((1, 10), (8, 10))
    assert (found.rate, found.interval) == (0.45, EscapeRate(9, 20).interval)


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one rate"):
        mean()


@given(several)
def test_the_interval_holds_the_mean_and_is_that_of_the_failures_turned_round(
    rates: tuple[EscapeRate, ...],
) -> None:
    found = MeanRate(rates)
    low, high = found.interval
    assert 0 <= low <= found.rate + 1e-12
    assert found.rate - 1e-12 <= high <= 1
    turned = tuple(EscapeRate(one.restarts - one.escaped, one.restarts) for one in rates)
    assert MeanRate(turned).interval == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_the_ends_are_closed() -> None:
    assert mean((0, 10), (0, 300)).interval[0] == 0
    assert mean((10, 10), (300, 300)).interval[1] == 1


@pytest.mark.parametrize("pairs", [((3, 20), (150, 200)), ((1, 16), (2, 500)), ((8, 9), (40, 41))])
def test_the_limits_are_z_deviations_off_under_the_likeliest_rates(
    pairs: Sequence[tuple[int, int]],
) -> None:
    """By its definition: of two rates with that mean, the likeliest by trying very many."""
    (k1, n1), (k2, n2) = pairs
    found = mean(*pairs)
    for limit in found.interval:
        first = np.linspace(max(0, 2 * limit - 1), min(1, 2 * limit), 2_000_001)[1:-1]
        second = 2 * limit - first
        likelihood = sum(
            k * np.log(p) + (n - k) * np.log1p(-p)
            for k, n, p in ((k1, n1, first), (k2, n2, second))
        )
        at = int(np.argmax(likelihood))
        deviation = math.sqrt(
            sum(p * (1 - p) / n for p, n in ((first[at], n1), (second[at], n2))) / 4
        )
        assert abs(found.rate - limit) == pytest.approx(Z * deviation, rel=1e-4)


@cache
def interval(escaped: tuple[int, ...], restarts: tuple[int, ...]) -> tuple[float, float]:
    return mean(*zip(escaped, restarts, strict=True)).interval


@pytest.mark.slow
@pytest.mark.parametrize(
    ("restarts", "rates"),
    [
        ((64, 256, 640, 1024), (0.02, 0.3, 0.6, 0.95)),
        ((64, 256, 640, 1024), (0.01,) * 4),
        ((64, 128, 256, 512), (0.003,) * 4),
        ((16,) * 8 + (64,) * 8, (0.01,) * 16),
        ((64, 256, 640, 1024), (0.99, 0.97, 0.995, 1)),
        ((32, 2560, 64, 640), (0, 1, 0.02, 0.98)),
        ((64,) * 7 + (1280,), (0, 0, 0.004, 0.01, 0.2, 0.3, 0.76, 0.98)),
        ((4, 8, 16, 32), (0.1, 0.3, 0.05, 0.5)),
    ],
    ids=["mixed", "near 0", "nearer 0", "16 rare", "near 1", "both ends", "one often", "few"],
)
def test_the_interval_covers_with_unequal_restarts(
    restarts: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    """At least 94 of 100; adding up distances to Wilson's limits covers 87 of 100 of "16 rare"."""
    draws = np.random.default_rng(0).binomial(restarts, rates, (2_000, len(rates)))
    ends = np.array([interval(tuple(map(int, draw)), restarts) for draw in draws])
    truth = np.mean(rates)
    covered = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    assert covered >= 0.94
