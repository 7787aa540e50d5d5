"""Activations of hidden layers in TensorFlow, and their derivatives, for all lanes at once.

They are what `keras.layers.Dense(units, name)` applies, with Keras's own defaults.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from search.training.backend import tf

_LEAK = 0.2
# Those of Klambauer et al. 2017, "Self-normalizing neural networks".
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _gelu_slope(_value: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    below = 0.5 * (1.0 + tf.math.erf(received * math.sqrt(0.5)))
    density = tf.exp(-0.5 * received * received) * (1.0 / math.sqrt(2.0 * math.pi))
    return below + received * density


ACTIVATE: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = MappingProxyType(
    {
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "relu": tf.nn.relu,
        "elu": tf.nn.elu,
        "leaky_relu": lambda received: tf.nn.leaky_relu(received, alpha=_LEAK),
        "selu": tf.nn.selu,
        "softplus": tf.math.softplus,
        "gelu": lambda received: tf.nn.gelu(received, approximate=False),
    }
)

SLOPE: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = MappingProxyType(
    {
        "sigmoid": lambda value, _: value * (1.0 - value),
        "tanh": lambda value, _: 1.0 - value * value,
        "relu": lambda value, _: tf.cast(value > 0.0, tf.float32),
        "elu": lambda value, _: tf.where(value < 0.0, value + 1.0, 1.0),
        "leaky_relu": lambda value, _: tf.where(value > 0.0, 1.0, _LEAK),
        "selu": lambda value, _: tf.where(
            value < 0.0, value + _SELU_SCALE * _SELU_ALPHA, _SELU_SCALE
        ),
        "softplus": lambda value, _: -tf.math.expm1(-value),
        "gelu": _gelu_slope,
    }
)
"""Derivatives by what the activation gave and, where that does not tell, what it received."""
