"""The stack against plain Keras, and each lane against the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from search.problem.data.datasets import bands2d, xor
from search.problem.network import Network
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import scale
from search.training import layout
from search.training.gradient import WRITTEN_OUT
from search.training.program import compiled_program
from search.training.reference import train_reference
from search.training.stack import Recipe, program_kind, train_stack, train_tile
from tests.conftest import Points
from tests.training_tests.comparing import (
    assert_follows_keras,
    assert_lanes_do_not_touch,
    assert_lanes_keep_their_numbers_at_any_place,
    by_seed,
    one,
)

# Rates at which each optimizer moves far from the start within a few epochs.
LIVELY = {"sgd": 0.5, "adagrad": 0.5, "adadelta": 1.0, "ftrl": 0.5, "lion": 0.02}
ADAM = Recipe(Network(1), "adam", 0.1, epochs=20, batch_size=32)

of_each_optimizer = pytest.mark.parametrize(
    "optimizer",
    [pytest.param(name, marks=() if name == "adam" else pytest.mark.slow) for name in OPTIMIZERS],
)
"""Of a test that compiles a program for each optimizer: slow for all but one of them."""


@of_each_optimizer
def test_every_epoch_equals_fit(standard_bands: Points, optimizer: str) -> None:
    recipe = replace(ADAM, optimizer=optimizer, learning_rate=LIVELY.get(optimizer, 0.1))
    assert_follows_keras(standard_bands, recipe, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])  # more: test_recipes.py
@pytest.mark.parametrize("hidden", [(3,), (4, 3)], ids=str)
def test_every_network_equals_fit(activation: str, hidden: tuple[int, ...]) -> None:
    data = bands2d()
    points = scale("minmax", data.features), data.labels.astype(np.float32)
    recipe = Recipe(Network(2, hidden, activation), "adam", 0.05, epochs=8, batch_size=32)
    assert_follows_keras(points, recipe, seed=64)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 7, 100, 150])
def test_every_batch_size_equals_fit(batch_size: int) -> None:
    data = xor()
    points = scale("none", data.features), data.labels.astype(np.float32)
    recipe = Recipe(Network(2), "momentum", 0.1, epochs=4, batch_size=batch_size)
    assert_follows_keras(points, recipe, seed=3)


WIDE = Recipe(Network(WRITTEN_OUT + 6), "adam", 0.05, epochs=4, batch_size=32)


@pytest.fixture(scope="module")
def wide_points() -> Points:
    """Enough features to be summed by a matrix product for each lane."""
    data = xor()
    features = np.random.default_rng(0).normal(size=(data.points, WIDE.network.features))
    features[:, :2] += 3 * data.features
    return scale("standard", features), data.labels.astype(np.float32)


@pytest.mark.slow
def test_many_features_equal_fit(wide_points: Points) -> None:
    assert_follows_keras(wide_points, WIDE, seed=3)


@pytest.mark.slow
def test_many_features_leave_lanes_bit_equal(wide_points: Points) -> None:
    whole = by_seed(wide_points, WIDE, range(30))
    assert by_seed(wide_points, WIDE, [17]) == {17: whole[17]}
    assert_lanes_do_not_touch(wide_points, WIDE, np.inf)
    assert_lanes_keep_their_numbers_at_any_place(wide_points, WIDE)


@pytest.mark.slow
@pytest.mark.parametrize("features", [1, 3])
def test_points_looked_up_equal_fit(
    monkeypatch: pytest.MonkeyPatch, standard_bands: Points, features: int
) -> None:
    """What very many points take, whose layout would not fit the memory."""
    monkeypatch.setattr(layout, "_BYTES", 2**14)
    points = np.repeat(standard_bands[0], features, axis=1), standard_bands[1]
    recipe = replace(ADAM, network=Network(features), epochs=4)
    kind = program_kind(recipe, 300)
    assert kind.layout.is_indexed
    assert kind.layout.lanes < 64
    assert_follows_keras(points, recipe, seed=300)
    seeds = range(290, 330)
    assert by_seed(points, recipe, [300])[300] == by_seed(points, recipe, seeds)[300]


@pytest.mark.slow
@pytest.mark.parametrize("look_up", [False, True])
def test_padding_overflows_nowhere_that_the_points_do_not(
    monkeypatch: pytest.MonkeyPatch, look_up: bool
) -> None:
    """With features of 0 the last hidden unit would receive infinity, and pass on NaN."""
    if look_up:
        monkeypatch.setattr(layout, "_BYTES", 2**12)
    points = np.ones((3, 1), np.float32), np.array([0, 1, 1], dtype=np.float32)
    recipe = Recipe(Network(1, (1, 1), "relu"), "sgd", 0.1, epochs=2, batch_size=2)
    weights = np.array([[-1e20, 1e20, 1e20, 0.5, 1, 0]], dtype=np.float32).T
    program = compiled_program(program_kind(recipe, points=3))
    assert program.kind.layout.is_indexed is look_up
    assert train_tile(program, *points, recipe, [5], weights).finite.all()


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_few_points_equal_fit(batch_size: int) -> None:
    """Each epoch is in another of several own orders of a seed."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    points = corners, np.array([0, 1, 1, 0], dtype=np.float32)
    recipe = Recipe(Network(2), "sgd", 1.0, epochs=70, batch_size=batch_size)
    assert_follows_keras(points, recipe, seed=3)


@pytest.mark.slow
def test_thousands_of_features_compile_in_seconds() -> None:
    features = np.random.default_rng(0).normal(size=(40, 5000)).astype(np.float32)
    recipe = Recipe(Network(5000), "sgd", 0.01, epochs=1, batch_size=32)
    start = time.monotonic()
    histories = one((features, np.arange(40, dtype=np.float32) % 2), recipe, 1)
    assert time.monotonic() - start < 30
    assert histories.finite.all()


@pytest.mark.slow
def test_raw_features_far_from_zero_equal_fit() -> None:
    """Saturated logits: the loss is as exact where the probability rounds to 0 or 1."""
    data = bands2d()
    points = scale("none", data.features * 100), data.labels.astype(np.float32)
    recipe = Recipe(Network(2, (3,), "relu"), "sgd", 1e-3, epochs=3, batch_size=32)
    stack, keras = one(points, recipe, 5), train_reference(*points, recipe, 5)
    assert keras.loss.max() > 10
    np.testing.assert_allclose(stack.loss[:, 0], keras.loss, rtol=1e-5)


def test_epochs_beyond_one_call_go_on_where_the_last_ended(standard_bands: Points) -> None:
    recipe = replace(ADAM, epochs=300)
    assert recipe.epochs > 2 * compiled_program(program_kind(recipe, 300)).kind.epochs_per_call
    long, short = one(standard_bands, recipe, 9), one(standard_bands, ADAM, 9)
    assert long.loss.shape == (300, 1)
    assert (long.loss[: ADAM.epochs] == short.loss).all()


@pytest.mark.parametrize(
    "choose",
    [
        lambda seeds: seeds[17:18],
        lambda seeds: seeds[:2],
        lambda seeds: list(reversed(seeds)),
        lambda seeds: [seeds[-1], *seeds[3:9]],
        lambda seeds: [*range(1000, 1100), *seeds],
    ],
    ids=["alone", "pair", "reversed", "some", "many others"],
)
def test_a_lane_is_bit_equal_in_any_stack(
    standard_bands: Points, choose: Callable[[list[int]], list[int]]
) -> None:
    seeds = list(range(200, 530))  # three blocks of seeds, two of them in part
    whole = by_seed(standard_bands, ADAM, seeds)
    assert sorted(whole) == seeds
    part = by_seed(standard_bands, ADAM, choose(seeds))
    for seed in set(part) & set(whole):
        assert part[seed] == whole[seed]


@pytest.mark.parametrize("poison", [np.inf, -np.inf, np.nan, 3e38])
def test_a_lane_is_bit_equal_beside_one_that_diverges(
    standard_bands: Points, poison: float
) -> None:
    assert_lanes_do_not_touch(standard_bands, ADAM, poison)


@of_each_optimizer
def test_a_lane_is_bit_equal_at_any_place(standard_bands: Points, optimizer: str) -> None:
    recipe = replace(ADAM, optimizer=optimizer, learning_rate=LIVELY.get(optimizer, 0.1))
    assert_lanes_keep_their_numbers_at_any_place(standard_bands, recipe)


def test_training_leaves_no_trace_for_the_next(standard_bands: Points) -> None:
    first = by_seed(standard_bands, ADAM, [1, 2])
    list(train_stack(*standard_bands, replace(ADAM, learning_rate=3.0), range(50)))
    assert by_seed(standard_bands, ADAM, [1, 2]) == first


@pytest.mark.slow
def test_a_second_trial_of_an_optimizer_compiles_nothing(standard_bands: Points) -> None:
    features, labels = standard_bands
    recipe = replace(ADAM, optimizer="nadam", l2=0.01)
    program = compiled_program(program_kind(recipe, 300))
    list(train_stack(features, labels, recipe, range(10)))
    assert program.compilations == 1
    other = replace(recipe, learning_rate=0.01, epochs=33, initializer="he_normal")
    other = replace(other, bias_initializer="uniform:0.5", batch_order="fixed", l2=0.1)
    list(train_stack(features * 2, 1 - labels, other, range(500, 700)))
    assert compiled_program(program_kind(other, 300)) is program
    assert program.compilations == 1


@pytest.mark.slow
def test_the_source_problem_is_answered(standard_bands: Points) -> None:
    """Raw SGD stays on the plateau; standardised Adam(0.1) escapes in more than 9 of 10."""
    from search.problem.data.datasets import bands

    raw = bands().features.astype(np.float32)
    labels = standard_bands[1]
    sgd = Recipe(Network(1), "sgd", 0.01, epochs=200, batch_size=32)
    adam = replace(sgd, optimizer="adam", learning_rate=0.1)

    def escaped(features: NDArray[np.float32], recipe: Recipe) -> int:
        tiles = train_stack(features, labels, recipe, range(256))
        return sum(int((tile.final_correct > 203).sum()) for tile in tiles)

    assert escaped(raw, sgd) == 0
    assert escaped(standard_bands[0], adam) > 240
