"""The network of one restart as a plain `keras.Sequential`, built without any random draw.

Keras's initializers draw their own seeds from Python's `random`. Here they are given the seeds that
they would draw after `keras.utils.set_random_seed(seed)`: the weights are the same, bit for bit,
the random state of the process is untouched, and a clone of the model starts as the restart did.
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from search.problem.initializers import BiasInitializer, Initializer
from search.problem.losses import keras_loss
from search.problem.network import Layer
from search.training.backend import keras
from search.training.optimizers import build_optimizer
from search.training.stack import Recipe


def start_model(recipe: Recipe, seed: int) -> keras.Sequential:
    """The network at the start of a restart, for scaled features in float32."""
    features = keras.Input((recipe.network.features,))
    return keras.Sequential([features, *_dense_layers(recipe, seed)])


def trained_model(
    recipe: Recipe,
    seed: int,
    weights: NDArray[np.float32],
    centre: NDArray[np.float64],
    factor: NDArray[np.float64],
) -> keras.Sequential:
    """The network as a restart left it, for features as they come.

    It scales them in float64, by two `Rescaling` layers, and is compiled with the optimizer and
    the loss that trained it.

    Args:
        recipe: How it was trained.
        seed: Of the restart.
        weights: (weights,), the final ones.
        centre: (features,), what is taken from each feature.
        factor: (features,), what it is multiplied by then.

    Returns:
        The model; labels for `evaluate` are places in `classes_`.
    """
    scaling = (
        keras.layers.Rescaling(np.ones_like(centre), -centre, dtype="float64", name="centre"),
        keras.layers.Rescaling(factor, np.zeros_like(factor), dtype="float64", name="scale"),
    )
    has_scaling = bool((centre != 0).any() or (factor != 1).any())
    network = recipe.network
    model = keras.Sequential(
        [
            keras.Input((network.features,), dtype="float64" if has_scaling else "float32"),
            *(scaling if has_scaling else ()),
            *_dense_layers(recipe, seed),
        ]
    )
    parts: list[NDArray[np.float32]] = []
    for layer in network.layers:
        kernel = weights[layer.start : layer.bias].reshape(layer.inputs, layer.units)
        parts += [kernel, weights[layer.bias : layer.end]] if layer.use_bias else [kernel]
    model.set_weights(parts)
    optimizer = build_optimizer(recipe.optimizer, recipe.learning_rate)
    optimizer.build(model.trainable_variables)  # or Keras would warn where it loads a saved model
    model.compile(
        optimizer,
        loss=keras_loss(recipe.loss, network.outputs),
        metrics=["accuracy"],
    )
    return model


def _dense_layers(recipe: Recipe, seed: int) -> list[keras.layers.Layer]:
    network, draws = recipe.network, random.Random(seed)
    kernel = Initializer.of(recipe.initializer)
    bias = BiasInitializer.of(recipe.bias_initializer)

    def dense(number: int, layer: Layer, activation: str) -> keras.layers.Layer:
        is_output = layer.end == network.weight_count
        # Made in this order, the kernel's first, for each draws its own seed.
        of_kernel = _initializer(kernel, draws)
        of_bias = _initializer(bias, draws) if network.use_bias else "zeros"
        return keras.layers.Dense(
            layer.units,
            activation,
            use_bias=network.use_bias,
            kernel_initializer=of_kernel,
            bias_initializer=of_bias,
            kernel_regularizer=keras.regularizers.L2(recipe.l2) if recipe.l2 else None,
            name="output" if is_output else f"hidden_{number}",
        )

    layers = zip(network.layers, network.activations, strict=True)
    return [dense(number, *layer) for number, layer in enumerate(layers, 1)]


def _initializer(
    initializer: Initializer, draws: random.Random
) -> keras.initializers.Initializer | str:
    if initializer.kind == "zeros":
        return "zeros"
    own_seed = draws.randint(1, 10**9)
    made = getattr(keras.initializers, initializer.class_name)
    return made(**initializer.arguments, seed=own_seed)
