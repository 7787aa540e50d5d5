"""Whether measured rates agree with published ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search.statistics.agreement import PublishedDraws, PublishedRate, agrees, errors_apart
from search.statistics.escape import EscapeRate


@given(st.integers(1, 99), st.integers(1, 999))
def test_the_most_runs_are_those_whose_wilson_interval_still_holds_the_rate(
    percent: int, thousandth: int
) -> None:
    published, measured = PublishedRate(percent / 100), EscapeRate(thousandth, 1000)
    most = published.most_runs(measured)
    assume(2 <= most < 10**6)
    rounding = 0.005 if percent % 10 else 0.05  # 0.5 is known to one digit, 0.51 to two
    nearest = percent / 100 + math.copysign(rounding, measured.rate - percent / 100)
    for runs, holds in ((0.999 * most, True), (1.001 * most, False)):
        z = 1.959963984540054
        centre = (nearest * runs + z * z / 2) / (runs + z * z)
        half = z * math.sqrt(runs) / (runs + z * z)
        half *= math.sqrt(nearest * (1 - nearest) + z * z / (4 * runs))
        assert (abs(centre - measured.rate) <= half) is holds


def test_a_rate_is_known_to_its_last_digit() -> None:
    assert agrees(PublishedRate(0.99), EscapeRate(9851, 10000)) is True
    assert agrees(PublishedRate(0.99), EscapeRate(9850, 10000)) is True
    found = agrees(PublishedRate(0.96), EscapeRate(986, 1000))
    assert found == pytest.approx(1.959964**2 * 0.986 * 0.014 / 0.021**2)


def test_draws_are_geometric() -> None:
    found = agrees(PublishedDraws(1500), EscapeRate(1, 1816))
    # The mean of m geometric numbers of mean 1816 has standard deviation 1815.5 / sqrt(m).
    assert found == pytest.approx((1.959964 * 1815.4999 / 316) ** 2, rel=1e-5)
    assert agrees(PublishedDraws(1500), EscapeRate(0, 10)) == 0
    assert agrees(PublishedDraws(1500), EscapeRate(1, 1500)) is True


def test_counts_agree_by_their_interval() -> None:
    assert agrees(EscapeRate(2, 10), EscapeRate(394, 1000)) is True
    assert agrees(EscapeRate(2, 10), EscapeRate(600, 1000)) is False
    assert agrees(EscapeRate(0, 1), EscapeRate(0, 256)) is True


def test_errors_apart_are_those_of_two_proportions() -> None:
    apart = errors_apart(EscapeRate(40, 100), EscapeRate(60, 100))
    assert apart == pytest.approx(0.2 / math.sqrt(0.25 * 0.02))
    assert errors_apart(EscapeRate(0, 10), EscapeRate(0, 99)) == 0
