"""What the escape rate depends on, on constructed studies of known answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from search.problem.configuration import Configuration, LearningRateRange, SearchSpace
from search.problem.rows import ConfigurationCounts
from search.statistics.effects import (
    FACTORS,
    counting_noise,
    effects,
    imbalance,
    importances,
    levels,
    main_effect_shares,
)

SPACE = SearchSpace(
    ("none", "standard", "minmax", "robust"), ("sgd", "adam", "lion"), (0.001, 0.01, 0.1, 1.0)
)
N = 1_000


def counted(key: Configuration, escaped: int, restarts: int = N) -> ConfigurationCounts:
    return ConfigurationCounts(key, 1, restarts, escaped, 0, 0, 0, None, None, None, None)


def grid(
    escaped: Callable[[int, int, int], int], space: SearchSpace = SPACE
) -> list[ConfigurationCounts]:
    """Counts over a whole grid; `escaped` is given the place of each value in the space."""
    assert isinstance(space.learning_rates, tuple)
    offered = (space.scalings, space.optimizers, space.learning_rates)
    return [
        counted(Configuration(*values), escaped(*at))
        for values, at in zip(
            product(*offered), product(*(range(len(v)) for v in offered)), strict=True
        )
    ]


def additive(scaling: int, optimizer: int, _rate: int) -> int:
    return 200 * scaling + 90 * optimizer


def test_shares_of_an_additive_study_are_those_of_its_variances() -> None:
    """Variances add: of 200 x (0, 1, 2, 3), of 90 x (0, 1, 2), and nothing."""
    of_scaling, of_optimizer = 200**2 * 5 / 4, 90**2 * 2 / 3
    total = of_scaling + of_optimizer
    counts = grid(additive)
    exact = main_effect_shares(counts)
    assert exact == pytest.approx(
        {
            "scaling": of_scaling / total,
            "optimizer": of_optimizer / total,
            "learning_rate": 0,
            "interactions": 0,
        },
        abs=1e-9,
    )
    assert importances(counts, SPACE) == pytest.approx(exact, abs=0.06)


def test_shares_of_an_interaction_go_to_no_factor() -> None:
    space = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
    counts = grid(lambda scaling, optimizer, _: 900 if scaling == optimizer else 100, space)
    assert main_effect_shares(counts) == {
        **dict.fromkeys(FACTORS, 0.0),
        "interactions": 1.0,
    }


def test_main_effects_are_the_analysis_of_variance() -> None:
    """Against sums of squares of an array, whatever the rates."""
    rates = np.random.default_rng(4).integers(0, N + 1, (4, 3, 4))
    found = main_effect_shares(grid(lambda *at: int(rates[at])))
    assert found is not None
    for axis, factor in enumerate(FACTORS):
        others = tuple(other for other in range(3) if other != axis)
        assert found[factor] == pytest.approx(rates.mean(axis=others).var() / rates.var())
    assert sum(found.values()) == pytest.approx(1)


def test_the_seed_of_the_forest_is_fixed_and_the_order_of_counts_is_nothing() -> None:
    counts = grid(additive)
    assert importances(counts, SPACE) == importances(counts[::-1], SPACE)


@pytest.mark.slow
def test_a_range_of_learning_rates_counts_in_the_logarithm() -> None:
    """Rates rise evenly per decade; on a plain axis one decade is nine tenths of the range."""
    space = SearchSpace(("none", "standard"), ("sgd", "adam"), LearningRateRange(1e-4, 1.0))
    rng = np.random.default_rng(8)
    counts = []
    for _ in range(150):
        rate = float(10 ** rng.uniform(-4, 0))
        key = Configuration(str(rng.choice(["none", "standard"])), "sgd", rate)
        escaped = 300 * (key.scaling == "standard") + 160 * (4 + math.log10(rate))
        counts.append(counted(key, int(escaped)))
    counts.append(counted(Configuration("none", "adam", 1e-4), 0))
    counts.append(counted(Configuration("none", "adam", 1.0), 640))
    found = importances(counts, space)
    assert found is not None
    of_scaling, of_rate = 300**2 / 4, (160 * 4) ** 2 / 12
    assert found["scaling"] == pytest.approx(of_scaling / (of_scaling + of_rate), abs=0.08)
    assert found["learning_rate"] == pytest.approx(of_rate / (of_scaling + of_rate), abs=0.08)
    assert set(found) == {*FACTORS, "interactions"}, "the seed is no factor"


def test_levels_pool_the_rest() -> None:
    counts = grid(additive)
    found = {(level.factor, level.value): level for level in levels(counts)}
    assert len(found) == 4 + 3 + 4
    minmax = found["scaling", "minmax"]
    assert minmax.rate.restarts == 12 * N
    assert minmax.rate.escaped == 12 * 400 + 4 * (0 + 90 + 180)
    assert minmax.effect == pytest.approx((400 - 300) / N)
    for factor in FACTORS:
        effects_of_one = [level.effect for level in found.values() if level.factor == factor]
        assert sum(effects_of_one) == pytest.approx(0, abs=1e-12)


def test_interval_of_a_level_covers_at_least_95_of_100() -> None:
    """Pooled over different rates: the mixture varies less than one rate would."""
    rng = np.random.default_rng(2)
    rates = np.array([0.02, 0.3, 0.95, 0.6])
    held = []
    for _ in range(1_000):
        drawn = rng.binomial(64, rates)
        counts = [
            counted(Configuration("none", "sgd", rate), int(escaped), 64)
            for rate, escaped in zip((0.1, 0.2, 0.3, 0.4), drawn, strict=True)
        ]
        low, high = levels(counts)[0].rate.interval
        held.append(low <= rates.mean() <= high)
    assert np.mean(held) > 0.95


def test_counting_noise() -> None:
    """Of equal rates, all variation is noise; of far ones measured often, next to none."""
    rng = np.random.default_rng(6)
    equal = grid(lambda *_: int(rng.binomial(N, 0.3)))
    assert counting_noise(equal) == pytest.approx(1, abs=0.35)
    far = counting_noise(grid(additive))
    assert far is not None
    assert far < 0.01


def test_equal_rates_have_nothing_to_explain() -> None:
    counts = grid(lambda *_: 0)
    found = effects(counts, SPACE)
    assert (found.importances, found.shares, found.noise) == (None, None, None)
    assert found.imbalance is None
    assert {level.effect for level in found.levels} == {0.0}


def test_a_combination_that_is_missing_is_named() -> None:
    counts = [
        count
        for count in grid(additive)
        if count.configuration != Configuration("minmax", "lion", 0.1)
    ]
    message = "not balanced: 1 of 48 configurations have no restarts: minmax/lion/0.1"
    assert imbalance(counts, SPACE) == message
    found = effects(counts, SPACE)
    assert (found.imbalance, found.levels, found.shares) == (message, (), None)
    assert found.importances is not None


def test_unequal_restarts_are_named() -> None:
    first, *rest = grid(additive)
    counts = [counted(first.configuration, 0, N - 1), *rest]
    assert imbalance(counts, SPACE) == (
        "not balanced: not all configurations have 1000 restarts: none/sgd/0.001 has 999; "
        "the sampler grid in a study of its own tries all alike"
    )


def test_many_missing_are_counted() -> None:
    assert imbalance(grid(additive)[:10], SPACE) == (
        "not balanced: 38 of 48 configurations have no restarts: none/lion/0.1, none/lion/1, "
        "standard/sgd/0.001 and 35 more"
    )


def test_a_range_is_not_balanced() -> None:
    space = SearchSpace(("none",), ("sgd",), LearningRateRange(0.001, 1))
    counts = [counted(Configuration("none", "sgd", 0.5), 3)]
    assert (imbalance(counts, space) or "").startswith(
        "not balanced: learning rates are drawn from 0.001:1"
    )


def test_rows_for_programs() -> None:
    rows = effects(grid(additive), SPACE).to_json()
    assert [row["factor"] for row in rows] == [
        *["scaling"] * 4,
        *["optimizer"] * 3,
        *["learning_rate"] * 4,
        "interactions",
    ]
    assert rows[-1]["value"] is None
    unbalanced = effects(grid(additive)[:-1], SPACE).to_json()
    assert [row["factor"] for row in unbalanced] == [*FACTORS, "interactions"]


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one configuration"):
        effects([], SPACE)
