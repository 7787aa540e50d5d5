"""The reference: one restart by plain Keras, to check any row of the record against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.initializers import BiasInitializer, Initializer
from search.problem.losses import keras_loss
from search.training.backend import keras
from search.training.batches import batch_order, steps_per_epoch
from search.training.optimizers import build_optimizer
from search.training.stack import Recipe


@dataclass(frozen=True)
class Reference:
    """One restart as plain Keras trained it.

    `accuracy` and `loss`, shape (epochs,), are Keras's history; `finite` tells for each epoch
    whether its loss and the weights at its end were finite. `final_accuracy` and `final_loss` are
    what `evaluate` gives on all points under the final weights; `weights`, shape (weights,), stand
    in the order of the record.
    """

    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    finite: NDArray[np.bool_]
    final_accuracy: float
    final_loss: float
    weights: NDArray[np.float32]


def build_model(recipe: Recipe, seed: int) -> keras.Sequential:
    """The network as people write it: seed set, then `keras.Sequential` of dense layers.

    An initializer takes its own seed as it is made: here layer by layer, of a layer the kernel's
    before that of the bias.
    """
    network = recipe.network
    kernel = Initializer.of(recipe.initializer)
    bias = BiasInitializer.of(recipe.bias_initializer)
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((network.features,)),
            *(
                keras.layers.Dense(
                    layer.units,
                    activation,
                    use_bias=network.use_bias,
                    kernel_initializer=_keras_initializer(kernel),
                    bias_initializer=_keras_initializer(bias) if network.use_bias else "zeros",
                    kernel_regularizer=keras.regularizers.L2(recipe.l2) if recipe.l2 else None,
                )
                for layer, activation in zip(network.layers, network.activations, strict=True)
            ),
        ]
    )


def _keras_initializer(initializer: Initializer) -> keras.initializers.Initializer:
    return getattr(keras.initializers, initializer.class_name)(**initializer.arguments)


def flat_weights(model: keras.Sequential) -> NDArray[np.float32]:
    """All weights of a model in one row: each layer's kernel row by row, then its bias."""
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def train_reference(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    recipe: Recipe,
    seed: int,
    weights: NDArray[np.float32] | None = None,
    model: keras.Sequential | None = None,
) -> Reference:
    """Train one restart by `keras.Sequential.fit` on the batches that the stack uses.

    features: (points, features), scaled, float32; labels: (points,), from 0 on; weights: (points,),
    Keras's `sample_weight`; model: the network at its start, for which `build_model` would set the
    random state of the process.
    """
    model = build_model(recipe, seed) if model is None else model
    model.compile(
        build_optimizer(recipe.optimizer, recipe.learning_rate),
        loss=keras_loss(recipe.loss, recipe.network.outputs),
        metrics=["accuracy"],
    )
    targets = labels[:, None]
    finite: list[bool] = []

    def look(_epoch: int, logs: Mapping[str, float]) -> None:
        finite.append(bool(np.isfinite(logs["loss"]) and np.isfinite(flat_weights(model)).all()))

    def batches() -> Iterator[tuple[NDArray[np.float32], ...]]:
        for epoch in range(recipe.epochs):
            order = batch_order(seed, epoch, len(features), recipe.batch_order)
            for first in range(0, len(order), recipe.batch_size):
                points = order[first : first + recipe.batch_size]
                weighted = () if weights is None else (weights[points],)
                yield features[points], targets[points], *weighted

    history: Mapping[str, list[float]] = {"accuracy": [], "loss": []}
    if recipe.epochs:
        history = model.fit(
            batches(),
            epochs=recipe.epochs,
            steps_per_epoch=steps_per_epoch(len(features), recipe.batch_size),
            shuffle=False,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)],
            verbose=0,
        ).history
    final_loss, final_accuracy = model.evaluate(features, targets, sample_weight=weights, verbose=0)
    return Reference(
        accuracy=np.asarray(history["accuracy"], dtype=np.float64),
        loss=np.asarray(history["loss"], dtype=np.float64),
        finite=np.array(finite, dtype=np.bool_),
        final_accuracy=float(final_accuracy),
        final_loss=float(final_loss),
        weights=flat_weights(model),
    )
