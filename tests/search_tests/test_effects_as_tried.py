"""What `effects` tells where not all combinations were tried."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import ALWAYS_SEARCHED, LogRange
from search.problem.rows import ConfigurationCounts
from search.statistics.effects import (
    BINS,
    EFFECTS_KEYS,
    Level,
    effects,
    imbalance,
    range_bins,
)
from search.statistics.escape import EscapeRate

LISTED = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
RANGE = SearchSpace(("none", "standard"), ("sgd", "adam"), LogRange(0.001, 1))


def counted(name: str, escaped: int, restarts: int) -> ConfigurationCounts:
    scaling, optimizer, rate = name.split("/")
    key = Configuration(scaling, optimizer, float(rate))
    return ConfigurationCounts(key, 1, restarts, escaped, 0, 0, 0, None, None, None, None)


SOME = [
    counted("none/sgd/0.01", 1, 10),
    counted("standard/adam/0.1", 90, 100),
    counted("standard/sgd/0.1", 4, 10),
]


def told(levels: tuple[Level, ...]) -> dict[str | float, EscapeRate]:
    return {level.value: level.pooled for level in levels}


def test_restarts_of_a_value_are_pooled() -> None:
    found = effects(SOME, LISTED)
    assert (found.shares, found.configurations, found.restarts) == (None, 3, 120)
    assert told(found.levels) == {
        "none": EscapeRate(1, 10),
        "standard": EscapeRate(94, 110),
        "adam": EscapeRate(90, 100),
        "sgd": EscapeRate(5, 20),
        0.01: EscapeRate(1, 10),
        0.1: EscapeRate(94, 110),
    }
    for level in found.levels:
        assert (level.rate, level.interval) == (level.pooled.rate, level.pooled.interval)
        assert (level.effect, level.bounds) == (None, None)


def test_a_value_that_was_not_tried_is_left_out() -> None:
    found = effects(SOME[1:], LISTED)
    assert [*told(found.levels)] == ["standard", "adam", "sgd", 0.1]


def test_missing_combinations_are_named() -> None:
    assert imbalance(SOME, LISTED) == (
        "not all combinations were tried: 5 of 8 have no restarts: none/adam/0.01, none/sgd/0.1, "
        "none/adam/0.1 and 2 more"
    )
    one = SearchSpace(("none",), ("sgd", "adam"), (0.01,))
    assert imbalance(SOME[:1], one) == (
        "not all combinations were tried: 1 of 2 has no restarts: none/adam/0.01"
    )
    assert imbalance(SOME[:1], SearchSpace(("none",), ("sgd",), (0.01,))) is None


def test_of_a_range_there_are_no_combinations() -> None:
    assert imbalance(SOME, RANGE) == (
        "not all combinations were tried: learning_rate is drawn from 0.001:1, a range; give a "
        "list, and the sampler grid, in a study of its own"
    )


def test_a_range_is_told_in_bins_of_half_decades() -> None:
    counts = [
        counted("none/sgd/0.001", 1, 10),
        counted("none/adam/0.003", 2, 10),
        counted("none/sgd/0.0032", 3, 10),
        counted("none/adam/0.1", 4, 10),
        counted("none/sgd/0.2", 5, 20),
        counted("none/sgd/1", 6, 10),
    ]
    rows = [row for row in effects(counts, RANGE).to_json() if row["factor"] == "learning_rate"]
    shown = [(row["value"], row["escaped"], row["restarts"]) for row in rows]
    assert shown == [
        ("0.001-0.00316", 3, 20),
        ("0.00316-0.01", 3, 10),
        ("0.1-0.316", 9, 30),
        ("0.316-1", 6, 10),
    ], "a lower bound belongs to its bin, and bins without restarts are left out"
    bounds = [(row["value_low"], row["value_high"]) for row in rows]
    assert bounds[0] == pytest.approx((0.001, 10**-2.5))
    assert bounds[-1] == pytest.approx((10**-0.5, 1))


@given(st.floats(-12, 2), st.floats(1e-6, 12))
def test_bins_are_equally_wide_in_the_logarithm_and_told_apart(low: float, width: float) -> None:
    offered = LogRange(10**low, 10 ** (low + width))
    bins = range_bins(offered)
    assert len(bins) == BINS
    bounds = [*bins.values()]
    assert (bounds[0][0], bounds[-1][1]) == (offered.low, offered.high)
    widths = [math.log10(upper) - math.log10(lower) for lower, upper in bounds]
    assert widths == pytest.approx([width / BINS] * BINS, abs=1e-9)


def test_names_of_bins_are_as_long_as_they_must_be() -> None:
    for offered, first in (
        (LogRange(0.1, 0.1003), "0.1-0.10005"),
        (LogRange(1e-6, 1), "1e-06 to 1e-05"),
    ):
        assert next(iter(range_bins(offered))) == first


@given(
    st.lists(
        st.tuples(
            st.sampled_from(RANGE.scalings),
            st.sampled_from(RANGE.optimizers),
            st.floats(0.001, 1),
            st.integers(1, 50),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda one: one[:3],
    )
)
def test_each_restart_is_counted_once_for_each_factor(
    tried: list[tuple[str, str, float, int]],
) -> None:
    counts = [
        counted(f"{scaling}/{optimizer}/{rate!r}", restarts // 2, restarts)
        for scaling, optimizer, rate, restarts in tried
    ]
    found = effects(counts, RANGE)
    for factor in ALWAYS_SEARCHED:
        mine = [level for level in found.levels if level.factor == factor]
        assert sum(level.pooled.restarts for level in mine) == found.restarts
        assert sum(level.pooled.escaped for level in mine) == sum(one.escaped for one in counts)
        for one in counts:
            key = one.configuration
            values = [level.value for level in mine]
            inside = [
                level.bounds
                for level in mine
                if level.bounds and level.bounds[0] <= key.learning_rate <= level.bounds[1]
            ]
            assert inside if factor == "learning_rate" else getattr(key, factor) in values


def test_the_interval_covers_the_rate_of_the_mixture() -> None:
    restarts, rates = np.array([64, 256, 16]), np.array([0.05, 0.9, 0.5])
    truth = float(restarts @ rates / restarts.sum())
    names = ("none/sgd/0.01", "none/sgd/0.1", "none/adam/0.1")
    held = []
    for drawn in np.random.default_rng(2).binomial(restarts, rates, (1_000, 3)):
        cells = zip(names, map(int, drawn), map(int, restarts), strict=True)
        low, high = effects([counted(*cell) for cell in cells], LISTED).levels[0].interval
        held.append(low <= truth <= high)
    assert np.mean(held) > 0.95


def test_rows_for_programs_have_no_interactions() -> None:
    rows = effects(SOME, LISTED).to_json()
    assert {tuple(row) for row in rows} == {EFFECTS_KEYS}
    assert {row["factor"] for row in rows} == {*ALWAYS_SEARCHED}
    assert {(row["share"], row["effect"], row["value_low"]) for row in rows} == {(None,) * 3}
