"""Each thing that a recipe may hold, beside plain Keras: start, every epoch, lane by lane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from search.problem.batch_orders import BATCH_ORDERS
from search.problem.data.datasets import bands2d
from search.problem.errors import InvalidValuesError
from search.problem.forward import forward
from search.problem.initializers import SCALED, BiasInitializer, Initializer
from search.problem.losses import LOSSES
from search.problem.network import ACTIVATIONS, Network
from search.problem.scaling import scale
from search.training.backend import keras
from search.training.losses import judge
from search.training.program import compiled_program
from search.training.reference import build_model, flat_weights, train_reference
from search.training.stack import Recipe, program_kind, train_tile
from tests.conftest import Points
from tests.training_tests.comparing import (
    assert_follows_keras,
    assert_lanes_do_not_touch,
    assert_lanes_keep_their_numbers_at_any_place,
    by_seed,
    one,
)

SEEDS = (0, 7, 12345, 2**32 - 1)


def recipe(network: Network, **fields: Any) -> Recipe:
    return replace(Recipe(network, "adam", 0.05, epochs=8, batch_size=32), **fields)


# Each new thing at least once, with others that it has not been seen with.
RECIPES = {
    "three classes": recipe(Network(2, (3,), "tanh", 3), initializer="glorot_normal"),
    "ten classes": recipe(
        Network(2, (4, 3), "elu", 10, use_bias=False),
        **{"initializer": "he_normal", "l2": 0.01, "learning_rate": 0.02},
    ),
    "four classes, all points at once": recipe(
        Network(2, (2,), "sigmoid", 4),
        **{"batch_size": 300, "initializer": "uniform:2", "bias_initializer": "normal:1"},
    ),
    "squared error": recipe(
        Network(2, (3,), "leaky_relu"),
        **{"loss": "mse", "initializer": "lecun_normal", "bias_initializer": "uniform:1"},
    ),
    "squared error in order": recipe(
        Network(2, (3,), "selu"),
        **{"loss": "mse", "batch_order": "fixed", "initializer": "normal:0.5", "l2": 0.003},
    ),
    "softplus without biases": recipe(
        Network(2, (4,), "softplus", use_bias=False),
        **{"initializer": "he_uniform", "batch_order": "fixed", "batch_size": 45},
        optimizer="sgd:momentum=0.7:nesterov=true:weight_decay=0.01",
    ),
    "gelu": recipe(
        Network(2, (3, 3), "gelu", 3),
        **{"initializer": "lecun_uniform", "optimizer": "adam:amsgrad=true:beta_2=0.9"},
    ),
    "clipped": recipe(
        Network(2, (3,), "tanh"),
        **{
            "l2": 0.1,
            "optimizer": "rmsprop:centered=true:momentum=0.5:clipvalue=0.01:epsilon=1e-3",
        },
    ),
    "ftrl": recipe(
        Network(2, (3,), "tanh"),
        optimizer="ftrl:l1_regularization_strength=0.01:l2_shrinkage_regularization_strength=0.1:"
        "learning_rate_power=-0.4:beta=0.1:l2_regularization_strength=0.02",
        learning_rate=0.5,
    ),
}
of_each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def points_of(recipe: Recipe) -> Points:
    """Two features of 300 points; classes that alternate along the first, and a few amiss."""
    data = bands2d()
    labels = data.labels.astype(np.float32)
    if recipe.network.outputs > 1:
        ranks = data.features[:, 0].argsort().argsort()
        labels = (ranks // 23 % recipe.network.outputs).astype(np.float32)
    return scale("standard", data.features), labels


def test_the_recipes_cover_what_there_is() -> None:
    of = RECIPES.values()
    assert {recipe.network.activation for recipe in of} | {"relu"} == set(ACTIVATIONS)
    assert {recipe.loss for recipe in of} == set(LOSSES)
    assert {recipe.batch_order for recipe in of} == set(BATCH_ORDERS)
    kinds = {Initializer.of(recipe.initializer).kind for recipe in of}
    assert kinds == set(Initializer.kinds)
    kinds = {BiasInitializer.of(recipe.bias_initializer).kind for recipe in of}
    assert kinds == set(BiasInitializer.kinds)


@of_each_recipe
def test_every_start_is_bit_equal_to_keras(recipe: Recipe) -> None:
    weights = recipe.initial_weights(SEEDS)
    for lane, seed in enumerate(SEEDS):
        assert weights[:, lane].tobytes() == flat_weights(build_model(recipe, seed)).tobytes()


@pytest.mark.parametrize("initializer", SCALED)
def test_a_model_written_by_hand_starts_the_same(initializer: str) -> None:
    keras.utils.set_random_seed(11)
    dense = keras.layers.Dense
    by_hand = keras.Sequential(
        [
            keras.Input((40,)),
            dense(30, "relu", kernel_initializer=initializer),
            dense(2, "relu", kernel_initializer=initializer),
            dense(3, "softmax", kernel_initializer=initializer),
        ]
    )
    network = Network(40, (30, 2), "relu", 3)
    ours = recipe(network, initializer=initializer).initial_weights(range(99))
    assert ours[:, 11].tobytes() == flat_weights(by_hand).tobytes()


@pytest.mark.slow
@of_each_recipe
def test_every_recipe_equals_fit_in_every_lane(recipe: Recipe) -> None:
    points = points_of(recipe)
    assert_follows_keras(points, recipe, seed=64)
    whole = by_seed(points, recipe, range(60, 70))
    assert by_seed(points, recipe, [64]) == {64: whole[64]}
    assert_lanes_do_not_touch(points, recipe, np.inf)
    assert_lanes_keep_their_numbers_at_any_place(points, recipe)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["three classes", "squared error in order"])
def test_no_epochs_evaluate_the_start(name: str) -> None:
    untrained = replace(RECIPES[name], epochs=0)
    points = points_of(untrained)
    stack, plain = one(points, untrained, 5), train_reference(*points, untrained, 5)
    for history in (stack.correct, stack.loss, stack.finite):
        assert history.shape == (0, 1)
    for epochs in (plain.accuracy, plain.loss, plain.finite):
        assert epochs.shape == (0,)
    assert stack.weights[0].tobytes() == plain.weights.tobytes()
    assert stack.final_loss[0] == pytest.approx(plain.final_loss, abs=1e-6)
    assert stack.final_correct[0] == round(plain.final_accuracy * 300)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["three classes", "squared error"])
def test_saturated_outputs_are_judged_exactly(name: str) -> None:
    """Also where a probability rounds to 0 or 1."""
    untrained = replace(RECIPES[name], epochs=0)
    points, network = points_of(untrained), untrained.network
    weights = 100 * untrained.initial_weights(range(9))
    program = compiled_program(program_kind(untrained, 300))
    judged = train_tile(program, *points, untrained, range(9), weights)
    exact = forward(network, weights.T.astype(np.float64), points[0].astype(np.float64))
    labels = points[1].astype(int)
    if network.outputs == 1:
        losses = (exact.probabilities - labels) ** 2
    else:
        of_class = np.take_along_axis(exact.logits, labels[None, :, None], axis=2)
        losses = logsumexp(exact.logits, axis=2) - of_class[..., 0]
        assert losses.max() > 50
    np.testing.assert_allclose(judged.final_loss, losses.mean(axis=1), rtol=1e-5)
    assert abs(judged.final_correct - (exact.classes == labels).sum(axis=1)).max() <= 1


@pytest.mark.slow
def test_of_classes_that_tie_the_first_is_predicted() -> None:
    """Also of those that only tie once probabilities are rounded to float32, as in Keras."""
    untrained = replace(RECIPES["three classes"], epochs=0)
    points, network = points_of(untrained), untrained.network
    weights = np.zeros((network.weight_count, 2), dtype=np.float32)
    weights[-3:, 1] = (0, 1e-9, -1e-9)
    program = compiled_program(program_kind(untrained, 300))
    tied = train_tile(program, *points, untrained, [0, 1], weights)
    assert tied.final_correct.tolist() == [(points[1] == 0).sum()] * 2
    assert (forward(network, weights.T, points[0]).classes == 0).all()


@of_each_recipe
def test_numpy_computes_what_keras_does(recipe: Recipe) -> None:
    features, _ = points_of(recipe)
    model = build_model(recipe, 3)
    weights = flat_weights(model)[None] * 2
    model.set_weights([2 * array for array in model.get_weights()])
    outputs = forward(recipe.network, weights, features)
    ours, keras_says = outputs.probabilities[0], model(features).numpy()
    if recipe.network.outputs == 1:
        keras_says = keras_says[:, 0]
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, keras_says, rtol=0, atol=3e-6)


@pytest.mark.parametrize(
    ("loss", "outputs"), [("crossentropy", 1), ("crossentropy", 3), ("mse", 1)]
)
def test_the_slope_is_that_of_the_loss(loss: str, outputs: int) -> None:
    logits = np.random.default_rng(0).normal(size=(5, outputs, 1)).astype(np.float32)
    sides = [1, -1, 1, -1, 0] if outputs == 1 else [0, 1, 2, 1, -1]  # the last is padding
    target = np.array(sides, dtype=np.float32)[:, None, None]
    slope = judge(loss, logits, target)[2].numpy()
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 2**-8
        up, down = (judge(loss, logits + sign * step, target)[1] for sign in (1, -1))
        assert slope[place] == pytest.approx(float(up[0] - down[0]) * 2**7, abs=2e-4)
    assert not slope[-1].any()


def test_squared_error_of_more_than_two_classes_is_refused() -> None:
    with pytest.raises(
        InvalidValuesError, match="loss_function must be crossentropy where there are more"
    ):
        recipe(Network(2, outputs=3), loss="mse")


def test_an_unknown_loss_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidValuesError, match="did you mean crossentropy"):
        recipe(Network(2), loss="cross_entropy")
