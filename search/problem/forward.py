"""The forward pass in plain NumPy: what stored weights compute, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.problem.network import Network

Floats = NDArray[np.floating[Any]]


class Outputs(NamedTuple):
    """What the layers of every member give on every point.

    `hidden` holds for each hidden layer its activations, shape (members, points, units). `logits`
    is what the output receives: of shape (members, points) for one sigmoid unit, of shape
    (members, points, classes) for a softmax.
    """

    hidden: tuple[Floats, ...]
    logits: Floats

    @property
    def probabilities(self) -> Floats:
        """Probabilities of class 1 or, of a softmax, of each class, in the shape of `logits`."""
        return sigmoid(self.logits) if self.logits.ndim == 2 else softmax(self.logits)

    @property
    def classes(self) -> NDArray[np.intp]:
        """The class that is predicted, shape (members, points); of classes that tie, the first.

        As Keras's "accuracy" has it: class 1 needs a probability above 1/2.
        """
        probabilities = self.probabilities
        if self.logits.ndim == 2:
            return (probabilities > 0.5).astype(np.intp)
        first: NDArray[np.intp] = probabilities.argmax(axis=-1)
        return first


def forward(network: Network, weights: Floats, features: Floats) -> Outputs:
    """Outputs of members that share a network and its points.

    weights: (members, weights), each row as `network.layers` lays it out; features: (points,
    features), scaled. The precision is that of the inputs.
    """
    below = np.broadcast_to(features, (len(weights), *features.shape))
    activate = _ACTIVATE[network.activation]
    hidden = []
    for layer in network.layers:
        kernel = weights[:, layer.start : layer.bias].reshape(-1, layer.inputs, layer.units)
        received = below @ kernel
        if layer.use_bias:
            received = received + weights[:, None, layer.bias : layer.end]
        if layer.end < network.weight_count:
            below = activate(received)
            hidden.append(below)
    return Outputs(tuple(hidden), received[..., 0] if network.outputs == 1 else received)


def sigmoid(received: Floats) -> Floats:
    """1 / (1 + exp(-x)), to the last digits on either side of 0."""
    with np.errstate(over="ignore"):  # far below 0, where it is 0
        result: Floats = 1 / (1 + np.exp(-received))
    return result


def softmax(received: Floats) -> Floats:
    """exp(x) / sum(exp(x)) over the last axis, whatever the size of x."""
    powers = np.exp(received - received.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _elu(received: Floats) -> Floats:
    result: Floats = np.where(received > 0, received, np.expm1(np.minimum(received, 0)))
    return result


def _gelu(received: Floats) -> Floats:
    from scipy.special import ndtr  # a tenth of a second to import, and rarely used

    result: Floats = received * ndtr(received)
    return result


# Those of Klambauer et al. 2017, "Self-normalizing neural networks", as Keras has them.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(received: Floats) -> Floats:
    lower = _SELU_ALPHA * np.expm1(np.minimum(received, 0))
    result: Floats = _SELU_SCALE * np.where(received > 0, received, lower)
    return result


_ACTIVATE: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {
        "sigmoid": sigmoid,
        "tanh": np.tanh,
        "relu": lambda received: np.maximum(received, 0),
        "elu": _elu,
        "leaky_relu": lambda received: np.maximum(received, 0.2 * received),
        "selu": _selu,
        "softplus": lambda received: np.logaddexp(received, 0),
        "gelu": _gelu,
    }
)
