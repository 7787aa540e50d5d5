"""Keras optimizers by their short names."""

from __future__ import annotations

from search.problem.optimizers import OPTIMIZERS
from search.training.backend import keras


def build_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """The Keras optimizer called `name`; all but the learning rate as Keras has it by default."""
    class_name, arguments = OPTIMIZERS[name]
    optimizer: keras.optimizers.Optimizer = getattr(keras.optimizers, class_name)(
        learning_rate=float(learning_rate), **arguments
    )
    return optimizer
