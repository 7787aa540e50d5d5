from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from search.statistics.escape import EscapeRate, expected_epochs, restarts_needed

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_interval_is_that_of_scipy(count: tuple[int, int]) -> None:
    expected = binomtest(*count).proportion_ci(0.95, method="wilson")
    assert EscapeRate(*count).interval == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(counts)
def test_interval_holds_the_rate_and_is_symmetric(count: tuple[int, int]) -> None:
    escaped, restarts = count
    rate = EscapeRate(escaped, restarts)
    low, high = rate.interval
    assert 0 <= low <= rate.rate <= high <= 1
    other_low, other_high = EscapeRate(restarts - escaped, restarts).interval
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low))


def test_zero_of_256_is_no_never() -> None:
    low, high = EscapeRate(0, 256).interval
    assert low == 0
    assert high == pytest.approx(0.014784, abs=1e-6)


@pytest.mark.parametrize(("escaped", "restarts"), [(-1, 5), (6, 5), (0, 0)])
def test_refuses_impossible_counts(escaped: int, restarts: int) -> None:
    with pytest.raises(ValueError, match="escaped must be between 0 and restarts"):
        EscapeRate(escaped, restarts)


@pytest.mark.parametrize(
    ("rate", "needed"),
    [
        (1.0, 1),
        (0.99, 1),
        (0.9, 2),
        (0.5, 7),
        (0.01, 459),
        (0.965, 2),
        (0.0, None),
        (1e-9, 4605170184),
    ],
)
def test_restarts_needed(rate: float, needed: int | None) -> None:
    assert restarts_needed(rate) == needed


@given(st.integers(1, 999))
def test_restarts_needed_is_the_smallest_exactly(thousandths: int) -> None:
    exact = Fraction(thousandths, 1000)
    n = restarts_needed(thousandths / 1000)
    assert n is not None
    assert 1 - (1 - exact) ** n >= Fraction(99, 100)
    assert n == 1 or 1 - (1 - exact) ** (n - 1) < Fraction(99, 100)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_restarts_needed_refuses_what_is_no_rate(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        restarts_needed(rate)


def test_expected_epochs() -> None:
    assert expected_epochs(10 + 20 + 200, 2) == 115
    assert expected_epochs(600, 0) is None


@pytest.mark.parametrize("restarts", [16, 64, 256])
def test_interval_holds_the_true_rate_in_95_of_100_studies(restarts: int) -> None:
    """2,000 simulated studies, each of a configuration of known rate; within two points of 95%."""
    rng = np.random.default_rng(restarts)
    rates = rng.random(2_000)
    intervals = [EscapeRate(int(k), restarts).interval for k in rng.binomial(restarts, rates)]
    held = [low <= rate <= high for rate, (low, high) in zip(rates, intervals, strict=True)]
    assert 0.93 <= np.mean(held) <= 0.97
