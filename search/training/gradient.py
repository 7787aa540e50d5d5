"""One step of training in TensorFlow: forward pass, loss and gradient, written out for all lanes.

The lane is the last axis everywhere, so that each arithmetic operation is one vector operation over
lanes, and a lane's numbers depend on that lane alone. The gradient is written out because that runs
twice as fast as an automatic one here; tests hold it equal to `keras.Sequential.fit`.

`tile` holds the weights of all lanes, shape (weights, lanes). `x` is a batch in the order of each
lane: (batch, features, lanes), or (batch, lanes, features) where the first layer is wide. `target`,
shape (batch, 1, lanes), tells their classes as `search.training.losses.targets` writes them;
`weight`, of the same shape, weighs their losses, all alike where it is None.
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np

from search.problem.network import Layer, Network
from search.training.activations import ACTIVATE, SLOPE
from search.training.backend import tf
from search.training.halves import over_batch
from search.training.losses import judge

WRITTEN_OUT = 64
"""Features that the first layer sums term by term. More are summed by a matrix product for each
lane: at 64 features that takes 2.6 times as long, but 1,000 terms would compile for minutes."""


class Batch(NamedTuple):
    """The points of a step, as `Layout.read` gives them."""

    x: tf.Tensor
    target: tf.Tensor
    weight: tf.Tensor | None


class Aim(NamedTuple):
    """What is minimised: a loss by its short name and, if there is one, L2 on the kernels, ()."""

    loss: str
    l2: tf.Tensor | None = None


def is_wide(network: Network) -> bool:
    """Whether the first layer sums its features by a matrix product for each lane."""
    return network.features > WRITTEN_OUT


def evaluate(
    network: Network, aim: Aim, tile: tf.Tensor, batch: Batch
) -> tuple[tf.Tensor, tf.Tensor]:
    """Points classified correctly and summed loss of a batch, without L2, both (lanes,)."""
    *_, logits = _forward(network, tile, batch.x)
    correct, loss, _ = judge(aim.loss, logits, batch.target, batch.weight)
    return correct, loss


def penalty(network: Network, aim: Aim, tile: tf.Tensor) -> tf.Tensor:
    """What L2 on the kernels adds to the loss of a point, (lanes,)."""
    kernels = tf.concat([tile[layer.start : layer.bias] for layer in network.layers], axis=0)
    return aim.l2 * over_batch(operator.add, kernels * kernels)


def gradient(
    network: Network, aim: Aim, tile: tf.Tensor, batch: Batch, share: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The gradient of the mean loss by all weights, (weights, lanes); then what `evaluate` gives.

    share: (), the weight of a point in that mean. The gradient is that of the L2 too.
    """
    inputs, received, logits = _forward(network, tile, batch.x)
    correct, loss, error = judge(aim.loss, logits, batch.target, batch.weight)
    slope = _backward(network, tile, inputs, received, error * share)
    if aim.l2 is not None:
        slope += 2.0 * aim.l2 * tf.where(_of_kernels(network), tile, 0.0)
    return slope, correct, loss


def _of_kernels(network: Network) -> tf.Tensor:
    """Which weights are of kernels, shape (weights, 1)."""
    of_kernels = np.zeros((network.weight_count, 1), dtype=bool)
    for layer in network.layers:
        of_kernels[layer.start : layer.bias] = True
    return tf.constant(of_kernels)


def _forward(
    network: Network, tile: tf.Tensor, x: tf.Tensor
) -> tuple[list[tf.Tensor], list[tf.Tensor], tf.Tensor]:
    """Inputs of every layer, x first; what the hidden ones receive, (batch, units, lanes); logits.

    The logits have shape (batch, outputs, lanes).
    """
    *hidden, output = network.layers
    inputs, received = [x], []
    for layer in hidden:
        received.append(_weighted_sums(tile, layer, inputs[-1], wide=_sums_wide(network, layer)))
        inputs.append(ACTIVATE[network.activation](received[-1]))
    return inputs, received, _weighted_sums(tile, output, inputs[-1])


def _weighted_sums(
    tile: tf.Tensor, layer: Layer, below: tf.Tensor, *, wide: bool = False
) -> tf.Tensor:
    """What a layer's units receive, shape (batch, units, lanes)."""
    kernel = _kernel(tile, layer)
    if wide:
        sums = tf.einsum("blf,luf->bul", below, tf.transpose(kernel, (2, 1, 0)))
    else:
        sums = sum(below[:, number : number + 1] * kernel[number] for number in range(layer.inputs))
    return tile[layer.bias : layer.end] + sums if layer.use_bias else sums


def _backward(
    network: Network,
    tile: tf.Tensor,
    inputs: list[tf.Tensor],
    received: list[tf.Tensor],
    delta: tf.Tensor,
) -> tf.Tensor:
    """Gradient by all weights, shape (weights, lanes), from that by the logits."""
    rows: list[tf.Tensor] = []
    below_each = zip(network.layers, inputs, [None, *received], strict=True)
    for layer, below, given in reversed(list(below_each)):
        if _sums_wide(network, layer):
            kernel = tf.transpose(tf.einsum("blf,bul->luf", below, delta), (2, 1, 0))
            kernel_rows = [tf.reshape(kernel, (layer.inputs * layer.units, tile.shape[1]))]
        else:
            kernel_rows = [
                over_batch(operator.add, delta * below[:, number : number + 1])
                for number in range(layer.inputs)
            ]
        bias_rows = [over_batch(operator.add, delta)] if layer.use_bias else []
        rows = [*kernel_rows, *bias_rows, *rows]
        if layer.start > 0:
            kernel = _kernel(tile, layer)
            back = sum(delta[:, unit : unit + 1] * kernel[:, unit] for unit in range(layer.units))
            delta = back * SLOPE[network.activation](below, given)
    return tf.concat(rows, axis=0)


def _sums_wide(network: Network, layer: Layer) -> bool:
    return layer.start == 0 and is_wide(network)


def _kernel(tile: tf.Tensor, layer: Layer) -> tf.Tensor:
    """A layer's kernel, shape (inputs, units, lanes)."""
    return tf.reshape(tile[layer.start : layer.bias], (layer.inputs, layer.units, tile.shape[1]))
