"""Initial weights, bit for bit those of Keras for the same seeds, for many seeds at once."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search.problem.network import Network
from search.training.backend import tf

_DRAWN_TOGETHER = 64


def initial_weights(network: Network, seeds: Sequence[int]) -> NDArray[np.float32]:
    """Weights as `keras.utils.set_random_seed(s)` and then building the model leaves them.

    Shape (weights, seeds). Each kernel is Glorot uniform (Glorot and Bengio 2010, eq. 16) with
    the fans of one network, not of the stack; biases are zero. Keras seeds Python's `random` with
    s, and each kernel's initializer draws its own seed from it, in the order of the layers.
    """
    layers = network.layers
    layer_seeds = np.zeros((len(seeds), len(layers), 2), dtype=np.int32)
    for row, seed in zip(layer_seeds, seeds, strict=True):
        draws = random.Random(seed)
        row[:, 0] = [draws.randint(1, 10**9) for _ in layers]
    weights = np.zeros((network.weight_count, len(seeds)), dtype=np.float32)
    for number, layer in enumerate(layers):
        draw = _kernel_drawer(layer.inputs, layer.units)
        for first in range(0, len(seeds), _DRAWN_TOGETHER):
            part = slice(first, min(first + _DRAWN_TOGETHER, len(seeds)))
            padded = np.zeros((_DRAWN_TOGETHER, 2), dtype=np.int32)
            padded[: part.stop - first] = layer_seeds[part, number]
            kernels = draw(tf.constant(padded)).numpy().reshape(_DRAWN_TOGETHER, -1)
            weights[layer.start : layer.bias, part] = kernels[: part.stop - first].T
    return weights


@lru_cache(maxsize=64)
def _kernel_drawer(inputs: int, units: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function from layer seeds, (64, 2), to kernels, (64, inputs, units).

    One graph with an operation for each kernel, which is eight times as fast as a mapped one. It
    is the operation behind `tf.random.stateless_uniform`, by which Keras's initializer draws; that
    wraps it in ten others, which take four times as long to trace.
    """
    limit = math.sqrt(3.0 * (1.0 / max(1.0, (inputs + units) / 2.0)))

    def draw(seeds: tf.Tensor) -> tf.Tensor:
        low, high = tf.constant(-limit, tf.float32), tf.constant(limit, tf.float32)
        uniform = tf.stack(
            [
                tf.raw_ops.StatelessRandomUniform(shape=(inputs, units), seed=seed)
                for seed in tf.unstack(seeds, _DRAWN_TOGETHER)
            ]
        )
        return uniform * (high - low) + low

    compiled: Callable[[tf.Tensor], tf.Tensor] = tf.function(draw, autograph=False)
    return compiled
