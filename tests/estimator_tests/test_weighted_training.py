"""Weights of points in the loss, beside Keras's own `sample_weight`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.estimator.keras_model import start_model
from search.problem.network import Network
from search.training.reference import flat_weights, train_reference
from search.training.stack import Recipe, train_stack

RECIPES: dict[str, Recipe] = {
    "two classes": Recipe(Network(2, (3,)), "adam", 0.05, 6, 32, l2=0.01),
    "squared error": Recipe(Network(2, (3,), "tanh"), "adam", 0.05, 6, 32, loss="mse"),
    "three classes": Recipe(
        Network(2, (3,), "relu", 3), "sgd", 0.1, 6, 32, bias_initializer="uniform:0.5"
    ),
    "looked up": Recipe(Network(70, (2,), use_bias=False), "adam", 0.05, 6, 32),
}


def points(recipe: Recipe, count: int = 90) -> tuple[Any, Any, Any]:
    draws = np.random.default_rng(0)
    features = draws.normal(size=(count, recipe.network.features)).astype(np.float32)
    labels = (np.arange(count) % max(2, recipe.network.outputs)).astype(np.float32)
    weights = draws.uniform(0.1, 3.0, count).astype(np.float32)
    return features, labels, weights


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_it_follows_keras(name: str) -> None:
    recipe = RECIPES[name]
    features, labels, weights = points(recipe)
    (stack,) = train_stack(features, labels, recipe, [5], weights)
    keras = train_reference(features, labels, recipe, 5, weights, start_model(recipe, 5))
    np.testing.assert_allclose(stack.loss[:, 0], keras.loss, rtol=0, atol=2e-6)
    np.testing.assert_allclose(stack.weights[0], keras.weights, rtol=1e-4, atol=1e-4)
    assert stack.final_loss[0] == pytest.approx(keras.final_loss, abs=2e-6)
    assert (stack.correct[:, 0] == np.rint(keras.accuracy * len(labels))).all()
    (unweighted,) = train_stack(features, labels, recipe, [5])
    assert abs(unweighted.weights - stack.weights).max() > 1e-3


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_starts_as_its_restart_does(name: str) -> None:
    recipe = RECIPES[name]
    start = recipe.initial_weights([9])[:, 0]
    assert flat_weights(start_model(recipe, 9)).tobytes() == start.tobytes()
