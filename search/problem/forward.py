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

    `hidden` holds for each hidden layer its activations, shape (members, points, units); `logits`,
    shape (members, points), is what the output unit receives: the probability of class 1 is their
    sigmoid.
    """

    hidden: tuple[Floats, ...]
    logits: Floats


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
        received = below @ kernel + weights[:, None, layer.bias : layer.end]
        if layer.end < network.weight_count:
            below = activate(received)
            hidden.append(below)
    return Outputs(tuple(hidden), received[..., 0])


def sigmoid(received: Floats) -> Floats:
    """1 / (1 + exp(-x)), to the last digits on either side of 0."""
    tail = np.exp(-np.abs(received))
    result: Floats = np.where(received < 0, tail, 1) / (1 + tail)
    return result


_ACTIVATE: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda received: np.maximum(received, 0)}
)
