"""Kaplan-Meier, its median and the log-rank test, against hand-written ones and closed forms."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, binom, chi2, ecdf, logrank

from search.problem.configuration import Configuration
from search.problem.rows import EscapeEpochs
from search.statistics.survival import EscapeTimes, log_rank, survival_curve

EPOCHS = 30
# Escape epochs of single restarts; None did not escape.
samples = st.lists(st.none() | st.integers(1, EPOCHS), min_size=1, max_size=60)
Sample = list[int | None]


def times_of(sample: Sample, epochs: int = EPOCHS) -> EscapeTimes:
    escaped = [epoch for epoch in sample if epoch is not None]
    at, count = np.unique(np.array(escaped, np.int64), return_counts=True)
    return EscapeTimes(at, count, len(sample), epochs)


def simulated(rng: np.random.Generator, rate: float, n: int, epochs: int) -> EscapeTimes:
    drawn = rng.geometric(rate, n).tolist()
    return times_of([epoch if epoch <= epochs else None for epoch in drawn], epochs)


@given(samples)
def test_curve_is_the_product_limit_by_hand(sample: Sample) -> None:
    curve = survival_curve(times_of(sample))
    product, greenwood = Fraction(1), Fraction(0)
    for place, epoch in enumerate(curve.times.at):
        at_risk = sum(escape is None or escape >= epoch for escape in sample)
        escapes = sum(escape == epoch for escape in sample)
        product *= Fraction(at_risk - escapes, at_risk)
        assert (curve.at_risk[place], curve.times.count[place]) == (at_risk, escapes)
        assert curve.not_escaped[place] == pytest.approx(float(product), abs=1e-12)
        if product == 0:
            assert math.isnan(curve.low[place])
            assert math.isnan(curve.high[place])
            continue
        greenwood += Fraction(escapes, at_risk * (at_risk - escapes))
        error = 1.959963984540054 * math.sqrt(greenwood) / math.log(product)
        low, high = (float(product) ** math.exp(side * error) for side in (-1, 1))
        assert (curve.low[place], curve.high[place]) == pytest.approx((low, high), abs=1e-9)


@given(samples)
def test_curve_ends_at_one_less_the_escape_rate(sample: Sample) -> None:
    """Closed form: with nobody censored before the last epoch the curve is a plain share."""
    times = times_of(sample)
    shares = [sum(e is None or e > epoch for e in sample) / len(sample) for epoch in range(31)]
    assert survival_curve(times).evaluate(np.arange(31)) == pytest.approx(shares, abs=1e-12)
    assert shares[-1] == pytest.approx(1 - times.escaped / times.restarts)


@given(samples)
def test_curve_and_band_are_those_of_scipy(sample: Sample) -> None:
    times = times_of(sample)
    escaped = [epoch for epoch in sample if epoch is not None]
    right = [times.epochs] * (len(sample) - len(escaped))
    survival = ecdf(CensoredData(uncensored=escaped, right=right)).sf
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = survival.confidence_interval(0.95, method="log-log")
    curve, steps = survival_curve(times), len(times.at)
    for ours, theirs in ((curve.not_escaped, survival), (curve.low, low), (curve.high, high)):
        np.testing.assert_allclose(ours, theirs.probabilities[:steps], atol=1e-12)


def test_who_diverged_stays_among_those_that_have_not_escaped() -> None:
    """Two of four escape, two diverge: half escaped, not all of those that were still going."""
    row = EscapeEpochs(Configuration("none", "sgd", 1.0), 4, 2, ((5, 1), (9, 1)))
    curve = survival_curve(EscapeTimes.tallied(row, 20))
    assert curve.not_escaped.tolist() == [0.75, 0.5]
    assert curve.at_risk.tolist() == [4, 3]
    at_divergence = ecdf(CensoredData(uncensored=[5, 9], right=[1, 2])).sf
    assert at_divergence.probabilities[-1] == 0, "which is what censoring there would say"


@given(samples)
def test_median_is_the_order_statistic(sample: Sample) -> None:
    ordered = sorted(math.inf if epoch is None else epoch for epoch in sample)
    middle = ordered[math.ceil(len(sample) / 2) - 1]
    curve = survival_curve(times_of(sample))
    assert curve.median == (None if math.isinf(middle) else middle)
    low, high = (math.inf if end is None else end for end in curve.median_interval)
    assert low <= (math.inf if curve.median is None else curve.median) <= high


def test_none_escaped() -> None:
    curve = survival_curve(times_of([None] * 256))
    assert (curve.median, curve.median_interval) == (None, (None, None))
    assert curve.evaluate(np.array([0, 30])).tolist() == [1, 1]
    assert curve.points() == [
        {
            "epoch": 0,
            "not_escaped": 1.0,
            "not_escaped_low": None,
            "not_escaped_high": None,
            "at_risk": 256,
            "events": 0,
        }
    ]


def test_points_of_a_curve_that_falls_to_zero() -> None:
    first, half, last = survival_curve(times_of([3, 8])).points()
    assert (first["epoch"], first["not_escaped"], first["at_risk"]) == (0, 1.0, 2)
    assert (half["epoch"], half["not_escaped"], half["events"]) == (3, 0.5, 1)
    assert 0 < half["not_escaped_low"] < 0.5 < half["not_escaped_high"] < 1
    assert (last["not_escaped"], last["not_escaped_low"], last["not_escaped_high"]) == (
        0,
        None,
        None,
    )


@pytest.mark.parametrize(("rate", "n"), [(0.05, 128), (0.01, 128), (0.02, 32)])
def test_interval_of_the_median_covers_95_of_100(rate: float, n: int) -> None:
    """Geometric escape times of known median. Epochs are whole, so it covers a little more."""
    true_median = math.ceil(math.log(0.5) / math.log1p(-rate))
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        low, high = survival_curve(simulated(rng, rate, n, 200)).median_interval
        held += (low or math.inf) <= true_median <= (high or math.inf)
    assert binom.cdf(held, 400, 0.93) > 0.01


def by_the_textbook(first: Sample, second: Sample) -> float | None:
    """Chi-squared from the 2 x 2 table of each epoch, in exact fractions (Mantel 1966)."""
    difference, variance = Fraction(0), Fraction(0)
    for epoch in sorted({e for e in first + second if e is not None}):
        n1, n2 = (sum(e is None or e >= epoch for e in sample) for sample in (first, second))
        d1, d2 = (sample.count(epoch) for sample in (first, second))
        n, d = n1 + n2, d1 + d2
        difference += d1 - Fraction(d * n1, n)
        if n > 1:
            variance += Fraction(n1 * n2 * d * (n - d), n * n * (n - 1))
    return float(difference**2 / variance) if variance else None


@given(samples, samples)
def test_log_rank_is_the_textbook_formula(first: Sample, second: Sample) -> None:
    expected = by_the_textbook(first, second)
    test = log_rank(times_of(first), times_of(second))
    if expected is None:
        assert test is None
        return
    assert test is not None
    assert test.statistic == pytest.approx(expected, abs=1e-9)
    assert test.p == pytest.approx(chi2.sf(expected, 1), abs=1e-9)
    other = log_rank(times_of(second), times_of(first))
    assert other is not None
    assert other.score == pytest.approx(-test.score, abs=1e-9)


def test_log_rank_is_that_of_scipy_and_its_sign_says_who_is_sooner() -> None:
    rng = np.random.default_rng(3)
    first, second = simulated(rng, 0.04, 256, 200), simulated(rng, 0.02, 256, 200)
    expected = logrank(
        *(
            CensoredData(
                uncensored=np.repeat(one.at, one.count), right=[200] * (one.restarts - one.escaped)
            )
            for one in (first, second)
        )
    )
    test = log_rank(first, second)
    assert test is not None
    assert test.score == pytest.approx(expected.statistic)
    assert test.p == pytest.approx(expected.pvalue)
    assert test.score > 0


def test_log_rank_of_millions_of_restarts() -> None:
    """Ten thousand times the restarts in the same shares: ten thousand times the statistic."""
    at = np.array([3, 10])
    small = [EscapeTimes(at, np.array(count), 100, EPOCHS) for count in ([20, 30], [30, 10])]
    large = [EscapeTimes(at, one.count * 10_000, 1_000_000, EPOCHS) for one in small]
    few, many = log_rank(*small), log_rank(*large)
    assert few is not None
    assert many is not None
    assert many.statistic == pytest.approx(10_000 * few.statistic, rel=0.01)


def test_equal_configurations_are_told_apart_in_5_of_100() -> None:
    rng = np.random.default_rng(11)
    told = 0
    for _ in range(400):
        test = log_rank(simulated(rng, 0.01, 64, 200), simulated(rng, 0.01, 64, 200))
        told += test is not None and test.p < 0.05
    assert 0.025 < told / 400 < 0.08


def test_log_rank_refuses_different_budgets() -> None:
    with pytest.raises(ValueError, match="the same epochs, received 30 and 40"):
        log_rank(times_of([1]), times_of([1], 40))


@pytest.mark.parametrize(
    ("at", "count", "restarts", "message"),
    [
        ([0], [1], 5, "must ascend between 1 and 30"),
        ([31], [1], 5, "must ascend between 1 and 30"),
        ([4, 4], [1, 1], 5, "must ascend between 1 and 30"),
        ([4], [1, 1], 5, "one count each"),
        ([4], [0], 5, "at least 1"),
        ([4], [6], 5, "at most the restarts"),
        ([], [], 0, "at most the restarts"),
    ],
)
def test_refuses_impossible_times(
    at: list[int], count: list[int], restarts: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EscapeTimes(np.array(at, np.int64), np.array(count, np.int64), restarts, 30)
