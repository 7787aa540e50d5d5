"""A stack beside plain Keras, and each lane beside the rest: what must hold of every recipe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from search.training.program import compiled_program
from search.training.reference import train_reference
from search.training.stack import Histories, Recipe, program_kind, train_stack, train_tile
from tests.conftest import Points


def one(points: Points, recipe: Recipe, seed: int) -> Histories:
    (histories,) = train_stack(*points, recipe, [seed])
    return histories


def by_seed(points: Points, recipe: Recipe, seeds: Sequence[int]) -> dict[int, list[bytes]]:
    """All that training gives for each seed, as bytes."""
    return {
        seed: [
            np.ascontiguousarray(part).tobytes()
            for part in (
                tile.correct[:, lane],
                tile.loss[:, lane],
                tile.finite[:, lane],
                tile.final_correct[lane],
                tile.final_loss[lane],
                tile.weights[lane],
            )
        ]
        for tile in train_stack(*points, recipe, seeds)
        for lane, seed in enumerate(tile.seeds)
    }


def assert_follows_keras(points: Points, recipe: Recipe, seed: int) -> None:
    stack, keras = one(points, recipe, seed), train_reference(*points, recipe, seed)
    np.testing.assert_allclose(stack.loss[:, 0], keras.loss, rtol=0, atol=2e-6)
    points_count = len(points[1])
    assert (stack.correct[:, 0] == np.rint(keras.accuracy * points_count)).all()
    assert (stack.finite[:, 0] == keras.finite).all()
    np.testing.assert_allclose(stack.weights[0], keras.weights, rtol=1e-4, atol=1e-4)
    assert stack.final_loss[0] == pytest.approx(keras.final_loss, abs=2e-6)
    assert stack.final_correct[0] == round(keras.final_accuracy * points_count)
    assert np.ptp(keras.loss) > 1e-4, "the restart must move, or the comparison says nothing"


def assert_lanes_do_not_touch(points: Points, recipe: Recipe, poison: float) -> None:
    program = compiled_program(program_kind(recipe, len(points[1])))
    seeds = range(768, 768 + program.kind.layout.lanes)
    weights = recipe.initial_weights(seeds)
    poisoned_weights = weights.copy()
    poisoned_weights[:, 20] = poison
    sound = train_tile(program, *points, recipe, seeds, weights)
    poisoned = train_tile(program, *points, recipe, seeds, poisoned_weights)
    others = np.arange(len(seeds)) != 20
    assert not poisoned.finite[:, 20].all()
    assert sound.finite.all()
    for name in ("correct", "loss", "finite"):
        assert (getattr(sound, name)[:, others] == getattr(poisoned, name)[:, others]).all()
    assert sound.weights[others].tobytes() == poisoned.weights[others].tobytes()


def assert_lanes_keep_their_numbers_at_any_place(points: Points, recipe: Recipe) -> None:
    program = compiled_program(program_kind(recipe, len(points[1])))
    lanes = program.kind.layout.lanes
    places = np.random.default_rng(0).permutation(lanes)
    straight, shuffled = (
        train_tile(
            program,
            *points,
            recipe,
            seeds.tolist(),
            recipe.initial_weights(seeds.tolist()),
        )
        for seeds in (768 + np.arange(lanes), 768 + places)
    )
    assert shuffled.loss.tobytes() == straight.loss[:, places].tobytes()
    assert shuffled.weights.tobytes() == straight.weights[places].tobytes()
