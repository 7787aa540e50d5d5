"""Keras optimizers by the texts that name them."""

from __future__ import annotations

from search.problem.optimizers import optimizer_arguments
from search.training.backend import keras


def build_optimizer(text: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """The Keras optimizer that `text` names; what it leaves open is as Keras has it by default."""
    class_name, arguments = optimizer_arguments(text)
    optimizer: keras.optimizers.Optimizer = getattr(keras.optimizers, class_name)(
        learning_rate=float(learning_rate), **arguments
    )
    return optimizer
