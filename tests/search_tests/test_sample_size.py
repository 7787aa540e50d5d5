"""How many restarts it takes: the formulas beside published figures, exact sums and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics.escape import EscapeRate, Z
from search.statistics.paired import p_not_worse
from search.statistics.sample_size import (
    independent_discordance,
    interval_width,
    needed_apart,
    power_apart,
    power_paired,
    restarts_apart,
    restarts_for_width,
    restarts_paired,
    restarts_paired_exact,
)

STUDIES = 40_000
NOISE = 4 * np.sqrt(0.8 * 0.2 / STUDIES)
"""Four standard errors of a simulated power."""


def test_restarts_of_two_rates_are_as_known() -> None:
    assert restarts_apart(0.95, 0.97) == restarts_apart(0.97, 0.95) == 1484
    assert restarts_apart(0.95, 0.96) == 6726
    assert restarts_apart(0.5, 0.6, power=0.9) == 519  # of R's pwr.2p.test: 518.3


@pytest.mark.parametrize(("rate", "against"), [(0.95, 0.97), (0.3, 0.4), (0.01, 0.05)])
def test_the_power_on_own_seeds_is_that_of_simulated_studies(rate: float, against: float) -> None:
    restarts = restarts_apart(rate, against)
    draw = np.random.default_rng(0)
    one, other = (draw.binomial(restarts, p, STUDIES) / restarts for p in (rate, against))
    pooled = (one + other) / 2
    score = np.abs(one - other) / np.sqrt(2 * pooled * (1 - pooled) / restarts)
    exact = power_apart(rate, against, restarts)
    assert np.mean(score > Z) == pytest.approx(exact, abs=NOISE)
    assert exact == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("discordance", [0.077, 0.05, 0.02])
def test_the_power_on_common_seeds_is_that_of_simulated_races(discordance: float) -> None:
    """By the exact test that races make, `Paired.p_not_worse`, both ways."""
    restarts = restarts_paired_exact(0.95, 0.97, discordance)
    draw = np.random.default_rng(1)
    shares = [(discordance - 0.02) / 2, (discordance + 0.02) / 2, 1 - discordance]
    this, other, _ = draw.multinomial(restarts, shares, STUDIES).T
    finds = 2 * p_not_worse(np.minimum(this, other), np.maximum(this, other)) <= 0.05
    exact = power_paired(0.95, 0.97, discordance, restarts)
    assert np.mean(finds) == pytest.approx(exact, abs=NOISE)
    assert 0.8 <= exact < 0.805
    assert power_paired(0.95, 0.97, discordance, restarts - 1) < 0.8


def test_the_formula_for_common_seeds_falls_short_of_the_exact_test() -> None:
    """As simulated: 391 restarts 0.794, 1,509 restarts 0.778."""
    for discordance, restarts, power in ((0.02, 391, 0.7945), (0.077, 1509, 0.7785)):
        assert restarts_paired(0.95, 0.97, discordance) == restarts
        assert power_paired(0.95, 0.97, discordance, restarts) == pytest.approx(power, abs=5e-5)


@given(st.integers(0, 200), st.floats(1e-9, 0.5))
def test_a_difference_is_found_where_the_exact_p_says_so(differing: int, alpha: float) -> None:
    """With all seeds differing and a fair coin, the power is the chance of such a p."""
    ones = np.arange(differing + 1)
    p = np.minimum(2 * np.minimum(*(p_not_worse(k, differing - k) for k in (ones, ones[::-1]))), 1)
    chances = np.array([math.comb(differing, k) / 2**differing for k in ones])
    assert power_paired(0.5, 0.5, 1.0, differing, alpha) == pytest.approx(
        chances[p <= alpha].sum(), abs=1e-12
    )


def test_common_seeds_save_restarts_as_far_as_the_two_agree() -> None:
    own, apart, alike = needed_apart(0.95, 0.97, None, 0.05, 0.8)
    assert apart.discordance == pytest.approx(independent_discordance(0.95, 0.97))
    assert alike.discordance == pytest.approx(0.02)
    assert alike.restarts < 0.3 * own.restarts < apart.restarts
    assert own.restarts < apart.restarts == restarts_paired_exact(0.95, 0.97, 0.077)
    assert restarts_paired(0.95, 0.97, 0.077) == pytest.approx(own.restarts, rel=0.02)
    (_, given_one) = needed_apart(0.95, 0.97, 0.05, 0.05, 0.8)
    assert alike.restarts < given_one.restarts < apart.restarts


def test_no_difference_is_found_as_often_as_alpha_says() -> None:
    assert power_apart(0.5, 0.5, 2000, alpha=0.05) == pytest.approx(0.05, abs=0.002)
    assert power_paired(0.5, 0.5, 0.5, 4000, alpha=0.01) == pytest.approx(0.01, abs=0.001)


def test_very_many_restarts_are_told_without_their_exact_power() -> None:
    assert [row.exact_power for row in needed_apart(0.5, 0.501, None, 0.05, 0.8)][:2] == [None] * 2


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_width_is_that_of_the_interval(counts: tuple[int, int]) -> None:
    restarts, escaped = counts
    low, high = EscapeRate(escaped, restarts).interval
    assert interval_width(escaped / restarts, restarts) == pytest.approx(high - low, abs=1e-12)


@given(st.floats(0.005, 0.9), st.floats(0, 1))
def test_one_restart_fewer_gives_a_wider_interval(width: float, rate: float) -> None:
    restarts = restarts_for_width(width, rate)
    assert interval_width(rate, restarts) <= width
    assert restarts == 1 or interval_width(rate, restarts - 1) > width


def test_measured_intervals_are_as_narrow_as_planned() -> None:
    restarts = restarts_for_width(0.01, 0.95)
    escaped = np.random.default_rng(2).binomial(restarts, 0.95, 2000)
    widths = [high - low for low, high in (EscapeRate(k, restarts).interval for k in escaped)]
    assert np.mean(widths) == pytest.approx(0.01, rel=0.002)
