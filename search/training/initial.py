"""Initial weights, bit for bit those of Keras for the same seeds, for many seeds at once."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search.problem.initializers import SCALED, BiasInitializer, Initializer
from search.problem.network import Network
from search.training.backend import tf

_KERNELS, _BIASES = Initializer(), BiasInitializer()
_DRAWN_TOGETHER = 64
_TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal distribution without what is beyond 2; as in Keras."""


def initial_weights(
    network: Network,
    seeds: Sequence[int],
    kernels: Initializer = _KERNELS,
    biases: BiasInitializer = _BIASES,
) -> NDArray[np.float32]:
    """Weights as `keras.utils.set_random_seed(s)` and then building the model leaves them.

    Shape (weights, seeds). Keras seeds Python's `random` with s, and each initializer that draws
    takes its own seed from it: layer by layer, of a layer the kernel's first. Fans are those of one
    network, not of the stack.
    """
    parts = [
        (where, shape, initializer)
        for layer in network.layers
        for where, shape, initializer in (
            (slice(layer.start, layer.bias), (layer.inputs, layer.units), kernels),
            (slice(layer.bias, layer.end), (layer.units,), biases),
        )
        if where.start < where.stop and initializer.kind != "zeros"
    ]
    own_seeds = np.zeros((len(seeds), len(parts), 2), dtype=np.int32)
    for row, seed in zip(own_seeds, seeds, strict=True):
        draws = random.Random(seed)
        row[:, 0] = [draws.randint(1, 10**9) for _ in parts]
    weights = np.zeros((network.weight_count, len(seeds)), dtype=np.float32)
    for number, (where, shape, initializer) in enumerate(parts):
        weights[where] = _drawn(initializer, shape, own_seeds[:, number])
    return weights


def _drawn(
    initializer: Initializer, shape: tuple[int, ...], seeds: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Weights of one kernel or bias for each of its seeds, (seeds, 2): flat, (weights, seeds)."""
    distribution, width = _distribution(initializer, shape)
    draw = _drawer(distribution, shape)
    drawn = np.empty((math.prod(shape), len(seeds)), dtype=np.float32)
    for first in range(0, len(seeds), _DRAWN_TOGETHER):
        part = slice(first, min(first + _DRAWN_TOGETHER, len(seeds)))
        padded = np.zeros((_DRAWN_TOGETHER, 2), dtype=np.int32)
        padded[: part.stop - first] = seeds[part]
        standard = draw(tf.constant(padded)).numpy().reshape(_DRAWN_TOGETHER, -1)
        drawn[:, part] = standard[: part.stop - first].T
    if distribution != "uniform":
        return drawn * np.float32(width)
    low, high = np.float32(-width), np.float32(width)
    return drawn * (high - low) + low


def _distribution(initializer: Initializer, shape: tuple[int, ...]) -> tuple[str, float]:
    """The distribution that Keras draws a kernel or bias from, and its half width or deviation.

    Glorot and Bengio 2010, eq. 16; He et al. 2015, eq. 10; LeCun et al. 1998, section 4.6.
    """
    if initializer.width is not None:
        return initializer.kind, initializer.width
    distribution, fan, factor = SCALED[initializer.kind]
    inputs, units = shape
    variance = factor / max(1.0, inputs if fan == "fan_in" else (inputs + units) / 2.0)
    if distribution == "uniform":
        return distribution, math.sqrt(3.0 * variance)
    return distribution, math.sqrt(variance) / _TRUNCATED


@lru_cache(maxsize=64)
def _drawer(distribution: str, shape: tuple[int, ...]) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function from seeds, (64, 2), to draws of a standard distribution, (64, *shape).

    One graph with an operation for each draw, which is eight times as fast as a mapped one. These
    are the operations behind `tf.random.stateless_uniform` and the like, by which Keras's
    initializers draw; those wrap them in ten others, which take four times as long to trace.
    """
    operation = {
        "uniform": tf.raw_ops.StatelessRandomUniform,
        "normal": tf.raw_ops.StatelessRandomNormal,
        "truncated_normal": tf.raw_ops.StatelessTruncatedNormal,
    }[distribution]

    def draw(seeds: tf.Tensor) -> tf.Tensor:
        return tf.stack(
            [operation(shape=shape, seed=seed) for seed in tf.unstack(seeds, _DRAWN_TOGETHER)]
        )

    compiled: Callable[[tf.Tensor], tf.Tensor] = tf.function(draw, autograph=False)
    return compiled
