"""The reference: one restart by plain Keras, to check any row of the record against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.network import Network
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


def build_model(network: Network, seed: int) -> keras.Sequential:
    """The network as people write it: seed set, then `keras.Sequential` of dense layers."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((network.features,)),
            *(keras.layers.Dense(units, network.activation) for units in network.hidden),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )


def flat_weights(model: keras.Sequential) -> NDArray[np.float32]:
    """All weights of a model in one row: each layer's kernel row by row, then its bias."""
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def train_reference(
    features: NDArray[np.float32], labels: NDArray[np.float32], recipe: Recipe, seed: int
) -> Reference:
    """Train one restart by `keras.Sequential.fit` on the batches that the stack uses.

    features: (points, features), scaled, float32; labels: (points,), 0 or 1.
    """
    model = build_model(recipe.network, seed)
    model.compile(
        build_optimizer(recipe.optimizer, recipe.learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    targets = labels[:, None]
    finite: list[bool] = []

    def look(_epoch: int, logs: Mapping[str, float]) -> None:
        finite.append(bool(np.isfinite(logs["loss"]) and np.isfinite(flat_weights(model)).all()))

    def batches() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        for epoch in range(recipe.epochs):
            order = batch_order(seed, epoch, len(features))
            for first in range(0, len(order), recipe.batch_size):
                points = order[first : first + recipe.batch_size]
                yield features[points], targets[points]

    history = model.fit(
        batches(),
        epochs=recipe.epochs,
        steps_per_epoch=steps_per_epoch(len(features), recipe.batch_size),
        shuffle=False,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)],
        verbose=0,
    ).history
    final_loss, final_accuracy = model.evaluate(features, targets, verbose=0)
    return Reference(
        accuracy=np.asarray(history["accuracy"], dtype=np.float64),
        loss=np.asarray(history["loss"], dtype=np.float64),
        finite=np.array(finite),
        final_accuracy=float(final_accuracy),
        final_loss=float(final_loss),
        weights=flat_weights(model),
    )
