"""What the escape rate depends on, on constructed studies of known answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import ALWAYS_SEARCHED
from search.problem.rows import ConfigurationCounts
from search.problem.success import SOLVED
from search.statistics.effects import (
    EFFECTS_KEYS,
    counting_noise,
    effects,
    effects_keys,
    levels,
    main_effect_shares,
)
from search.statistics.escape import EscapeRate

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
    assert main_effect_shares(grid(additive)) == pytest.approx(
        {
            "scaling": of_scaling / total,
            "optimizer": of_optimizer / total,
            "learning_rate": 0,
            "interactions": 0,
        },
        abs=1e-9,
    )


def test_shares_of_an_interaction_go_to_no_factor() -> None:
    space = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
    counts = grid(lambda scaling, optimizer, _: 900 if scaling == optimizer else 100, space)
    assert main_effect_shares(counts) == {
        **dict.fromkeys(ALWAYS_SEARCHED, 0.0),
        "interactions": 1.0,
    }


def test_main_effects_are_the_analysis_of_variance() -> None:
    """Against sums of squares of an array, whatever the rates."""
    rates = np.random.default_rng(4).integers(0, N + 1, (4, 3, 4))
    found = main_effect_shares(grid(lambda *at: int(rates[at])))
    assert found is not None
    for axis, factor in enumerate(ALWAYS_SEARCHED):
        others = tuple(other for other in range(3) if other != axis)
        assert found[factor] == pytest.approx(rates.mean(axis=others).var() / rates.var())
    assert sum(found.values()) == pytest.approx(1)


def test_levels_pool_the_rest() -> None:
    counts = grid(additive)
    found = {(level.factor, level.value): level for level in levels(counts)}
    assert len(found) == 4 + 3 + 4
    minmax = found["scaling", "minmax"]
    assert minmax.pooled.restarts == 12 * N
    assert minmax.pooled.escaped == 12 * 400 + 4 * (0 + 90 + 180)
    assert minmax.effect == pytest.approx((400 - 300) / N)
    for factor in ALWAYS_SEARCHED:
        effects_of_one = [one.effect or 0 for one in found.values() if one.factor == factor]
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
        low, high = levels(counts)[0].interval
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


TWOS = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
EIGHT = [Configuration(*values) for values in product(TWOS.scalings, TWOS.optimizers, (0.01, 0.1))]
RATES = (0, 0.1, 0.2, 0.1, 0.2, 0.3, 0.6, 0.9)
"""Of the eight; their mean is 0.3 and their variance 0.08."""
EQUAL = (10,) * 8
UNEQUAL = (20, 10, 10, 10, 10, 10, 10, 100)


def eight(restarts: Sequence[int]) -> list[ConfigurationCounts]:
    return [
        counted(key, round(rate * n), n)
        for key, rate, n in zip(EIGHT, RATES, restarts, strict=True)
    ]


@pytest.mark.parametrize("restarts", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_two_by_two_by_two_by_hand(restarts: Sequence[int]) -> None:
    """Half of the eight have a value; each weighs the same, whatever its restarts."""
    found = effects(eight(restarts), TWOS)
    assert found.imbalance is None
    assert found.has_equal_restarts is (restarts == EQUAL)
    assert found.shares == pytest.approx(
        {
            "scaling": 0.2**2 / 0.08,
            "optimizer": 0.15**2 / 0.08,
            "learning_rate": 0.05**2 / 0.08,
            "interactions": 0.015 / 0.08,
        }
    )
    rates = {level.value: (level.rate, level.effect) for level in found.levels}
    assert list(rates) == ["none", "standard", "adam", "sgd", 0.01, 0.1]
    assert [*rates.values()] == [
        pytest.approx(pair)
        for pair in (
            *((0.1, -0.2), (0.5, 0.2)),
            *((0.45, 0.15), (0.15, -0.15)),
            *((0.25, -0.05), (0.35, 0.05)),
        )
    ]


def test_what_is_pooled_is_told_beside_the_mean() -> None:
    standard = effects(eight(UNEQUAL), TWOS).levels[1]
    assert standard.pooled == EscapeRate(2 + 3 + 6 + 90, 10 + 10 + 10 + 100)
    low, high = standard.interval
    assert standard.rate == pytest.approx(0.5)
    assert low < standard.rate < high < standard.pooled.rate
    equal = effects(eight(EQUAL), TWOS).levels[1]
    assert (equal.rate, equal.interval) == (0.5, EscapeRate(20, 40).interval)


def test_the_order_of_counts_is_nothing() -> None:
    counts = eight(UNEQUAL)
    found, turned = effects(counts, TWOS), effects(counts[::-1], TWOS)
    assert found.shares == pytest.approx(turned.shares or {})
    assert [level.value for level in found.levels] == [level.value for level in turned.levels]


restarts_and_escaped = st.integers(1, 400).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n))
)


@given(st.lists(restarts_and_escaped, min_size=8, max_size=8))
def test_shares_sum_to_one_and_effects_of_a_factor_to_nothing(
    pairs: list[tuple[int, int]],
) -> None:
    counts = [
        counted(key, escaped, restarts)
        for key, (restarts, escaped) in zip(EIGHT, pairs, strict=True)
    ]
    found = effects(counts, TWOS)
    if len({escaped / restarts for restarts, escaped in pairs}) == 1:
        assert found.shares is None
    else:
        assert found.shares is not None
        assert sum(found.shares.values()) == pytest.approx(1)
        assert min(found.shares.values()) >= 0
    for factor in ALWAYS_SEARCHED:
        mine = [level for level in found.levels if level.factor == factor]
        assert sum(level.effect or 0 for level in mine) == pytest.approx(0, abs=1e-12)
        for level in mine:
            low, high = level.interval
            assert low - 1e-12 <= level.rate <= high + 1e-12


def test_equal_rates_have_nothing_to_explain() -> None:
    found = effects(grid(lambda *_: 0), SPACE)
    assert (found.shares, found.noise, found.imbalance) == (None, None, None)
    assert {level.effect for level in found.levels} == {0.0}
    assert {row["share"] for row in found.to_json()} == {None}


def test_rows_for_programs() -> None:
    rows = effects(grid(additive), SPACE).to_json()
    assert {tuple(row) for row in rows} == {EFFECTS_KEYS}
    assert [row["factor"] for row in rows] == [
        *["scaling"] * 4,
        *["optimizer"] * 3,
        *["learning_rate"] * 4,
        "interactions",
    ]
    assert rows[-1]["value"] is None


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one configuration"):
        effects([], SPACE)


def test_effects_of_another_criterion_are_of_its_successes() -> None:
    of_escapes = effects(grid(additive), SPACE)
    swapped = [replace(one, escaped=7, succeeded=one.escaped) for one in grid(additive)]
    of_successes = effects(swapped, SPACE, SOLVED)
    assert of_successes == replace(of_escapes, success=SOLVED)
    rows = of_successes.to_json()
    assert {tuple(row) for row in rows} == {effects_keys(SOLVED)}
    assert {row["success"] for row in rows} == {"solved"}
    renamed = {"successes": "escaped", "success_rate": "escape_rate"}
    assert [
        {renamed.get(name, name): value for name, value in row.items() if name != "success"}
        for row in rows
    ] == of_escapes.to_json()
