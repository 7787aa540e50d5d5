from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, norm

from search.statistics.paired import Paired, p_not_worse, within


def _paired(counts: tuple[int, int, int]) -> Paired:
    return Paired(counts[0], counts[1], sum(counts) or 1)


pairs = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(0, 3000)).map(_paired)


@given(pairs)
def test_p_is_that_of_scipy(paired: Paired) -> None:
    differing = paired.only_this + paired.only_other
    expected = (
        binomtest(paired.only_this, differing, alternative="less").pvalue if differing else 1.0
    )
    assert paired.p_not_worse == pytest.approx(expected, rel=1e-9)


def test_p_of_arrays_is_that_of_each() -> None:
    this, other = np.array([[0, 3], [10, 0]]), np.array([[0, 10], [3, 8]])
    at_most_3 = (1 + 13 + 78 + 286) / 2**13
    at_most_10 = 1 - (1 + 13 + 78) / 2**13
    assert p_not_worse(this, other) == pytest.approx(
        np.array([[1, at_most_3], [at_most_10, 1 / 2**8]])
    )


def test_interval_is_the_published_one() -> None:
    """Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009).

    Fagerland, Lydersen and Laake 2017, "Statistical Analysis of Contingency Tables", chapter 8.
    """
    low, high = Paired(1, 7, 21).interval(0.95)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


def _score(paired: Paired, difference: float) -> float:
    """Tango's score with the likeliest rates found by a search instead of in closed form."""
    n, this, other = paired.restarts, paired.only_this, paired.only_other

    def unlikeliness(q: float) -> float:
        cells = ((this, q + difference), (other, q), (n - this - other, 1 - 2 * q - difference))
        return -sum(count * math.log(max(rate, 1e-300)) for count, rate in cells if count)

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    q = minimize_scalar(unlikeliness, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    variance = (2 * q + difference - difference**2) / n
    return float((paired.difference - difference) / math.sqrt(variance))


@pytest.mark.parametrize("paired", [Paired(42, 59, 2560), Paired(0, 9, 64), Paired(3, 3, 40)])
def test_ends_of_the_interval_score_z(paired: Paired) -> None:
    low, high = paired.interval(0.99)
    z = norm.ppf(0.995)
    assert _score(paired, low) == pytest.approx(z, rel=1e-4)
    assert _score(paired, high) == pytest.approx(-z, rel=1e-4)


@given(pairs, st.sampled_from([0.9, 0.95, 0.993]))
def test_interval_holds_the_difference_and_turns_with_it(paired: Paired, level: float) -> None:
    low, high = paired.interval(level)
    assert -1 <= low <= paired.difference <= high <= 1
    turned = Paired(paired.only_other, paired.only_this, paired.restarts).interval(level)
    assert turned == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize("paired", [Paired(5, 0, 5), Paired(0, 5, 5), Paired(0, 0, 1)])
def test_interval_of_the_extremes(paired: Paired) -> None:
    low, high = paired.interval(0.95)
    z2 = norm.ppf(0.975) ** 2
    if paired.difference:
        assert sorted(map(abs, (low, high)))[1] == 1
    else:
        assert (low, high) == pytest.approx((-z2 / (1 + z2), z2 / (1 + z2)))


@given(pairs, st.floats(0.0005, 0.2))
def test_within_is_the_interval_inside(paired: Paired, practical: float) -> None:
    low, high = paired.interval(0.99)
    this, other = np.array([paired.only_this]), np.array([paired.only_other])
    if min(abs(low + practical), abs(high - practical)) > 1e-9:
        inside = -practical < low and high < practical
        assert within(this, other, paired.restarts, practical, 0.99).tolist() == [inside]


def test_nothing_is_within_zero() -> None:
    same = np.array([0])
    assert not within(same, same, 10**6, 0.0, 0.95).any()


@pytest.mark.parametrize("counts", [(-1, 0, 5), (0, -1, 5), (3, 3, 5), (0, 0, 0)])
def test_refuses_impossible_counts(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"counts must not|more seeds differ"):
        Paired(*counts)
