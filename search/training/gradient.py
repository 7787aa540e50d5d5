"""One step of training in TensorFlow: forward pass, loss and gradient, written out for all lanes.

The lane is the last axis everywhere, so that each arithmetic operation is one vector operation over
lanes, and a lane's numbers depend on that lane alone. The gradient is written out because that runs
twice as fast as an automatic one here; tests hold it equal to `keras.Sequential.fit`.

`tile` holds the weights of all lanes, shape (weights, lanes). `x` is a batch in the order of each
lane: (batch, features, lanes), or (batch, lanes, features) where the first layer is wide. `side`,
shape (batch, 1, lanes), is 1 for a point of class 0, -1 for one of class 1, and 0 for padding,
which thus weighs nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from search.problem.network import Layer, Network
from search.training.backend import tf

WRITTEN_OUT = 64
"""Features that the first layer sums term by term. More are summed by a matrix product for each
lane: at 64 features that takes 2.6 times as long, but 1,000 terms would compile for minutes."""

_POINTS_PER_PRODUCT = 64  # a product of 64 factors in [1, 2] stays far below the float maximum


def is_wide(network: Network) -> bool:
    """Whether the first layer sums its features by a matrix product for each lane."""
    return network.features > WRITTEN_OUT


def evaluate(
    network: Network, tile: tf.Tensor, x: tf.Tensor, side: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Points classified correctly and summed cross-entropy of a batch, both (lanes,)."""
    _, logits = _forward(network, tile, x)
    correct, loss, _ = _judge(logits, side)
    return correct, loss


def gradient(
    network: Network, tile: tf.Tensor, x: tf.Tensor, side: tf.Tensor, share: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The same, after the gradient of the mean loss by all weights, (weights, lanes).

    share: (), the weight of a point in that mean.
    """
    inputs, logits = _forward(network, tile, x)
    correct, loss, error = _judge(logits, side)
    return _backward(network, tile, inputs, error * share), correct, loss


def _forward(network: Network, tile: tf.Tensor, x: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The inputs of every layer, x first, then (batch, units, lanes), and the logits."""
    *hidden, output = network.layers
    inputs = [x]
    for layer in hidden:
        summed = _weighted_sums(tile, layer, inputs[-1], wide=_sums_wide(network, layer))
        inputs.append(_ACTIVATE[network.activation](summed))
    return inputs, _weighted_sums(tile, output, inputs[-1])


def _weighted_sums(
    tile: tf.Tensor, layer: Layer, below: tf.Tensor, *, wide: bool = False
) -> tf.Tensor:
    """What a layer's units receive, shape (batch, units, lanes)."""
    kernel, bias = _kernel(tile, layer), tile[layer.bias : layer.end]
    if wide:
        return bias + tf.einsum("blf,luf->bul", below, tf.transpose(kernel, (2, 1, 0)))
    return bias + sum(
        below[:, number : number + 1] * kernel[number] for number in range(layer.inputs)
    )


def _judge(logits: tf.Tensor, side: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Points classified correctly and summed cross-entropy, both (lanes,); d loss / d logit.

    The last has shape (batch, 1, lanes).

    With s the side and z the logit the cross-entropy is max(s z, 0) + log(1 + exp(-|z|)), as Keras
    computes it from the logits of a sigmoid, and its derivative s sigmoid(s z). The logarithms are
    taken of products over the points, each factor being between 1 and 2: one logarithm for 64
    points instead of 64, and less rounding.
    """
    tail = tf.exp(-tf.abs(logits))
    factor = 1.0 + tail
    against = side * logits
    here = side != 0.0
    # Keras asks whether the probability 1 / factor is above 1/2 in float32.
    says_one = (logits >= 0.0) & (factor < 2.0)
    correct = tf.where(says_one == (side < 0.0), tf.abs(side), 0.0)
    linear = tf.where(here, tf.nn.relu(against), 0.0)
    # One division of all: XLA keeps what is divided, but would repeat products for each use.
    error = tf.where(against <= 0.0, tail, 1.0) * side / factor
    factor = tf.where(here, factor, 1.0)
    loss = _over_batch(operator.add, linear)
    for first in range(0, factor.shape[0], _POINTS_PER_PRODUCT):
        product = _over_batch(operator.mul, factor[first : first + _POINTS_PER_PRODUCT])
        loss += tf.math.log(product)
    return _over_batch(operator.add, correct)[0], loss[0], error


def _backward(
    network: Network, tile: tf.Tensor, inputs: list[tf.Tensor], delta: tf.Tensor
) -> tf.Tensor:
    """Gradient by all weights, shape (weights, lanes), from that by the logits."""
    rows: list[tf.Tensor] = []
    for layer, below in zip(reversed(network.layers), reversed(inputs), strict=True):
        if _sums_wide(network, layer):
            kernel = tf.transpose(tf.einsum("blf,bul->luf", below, delta), (2, 1, 0))
            kernel_rows = [tf.reshape(kernel, (layer.inputs * layer.units, tile.shape[1]))]
        else:
            kernel_rows = [
                _over_batch(operator.add, delta * below[:, number : number + 1])
                for number in range(layer.inputs)
            ]
        rows = [*kernel_rows, _over_batch(operator.add, delta), *rows]
        if layer.start > 0:
            kernel = _kernel(tile, layer)
            back = sum(delta[:, unit : unit + 1] * kernel[:, unit] for unit in range(layer.units))
            delta = back * _SLOPE[network.activation](below)
    return tf.concat(rows, axis=0)


def _sums_wide(network: Network, layer: Layer) -> bool:
    return layer.start == 0 and is_wide(network)


def _over_batch(
    combine: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], terms: tf.Tensor
) -> tf.Tensor:
    """Sum or product over the first axis, by halves.

    Not `reduce_sum`: XLA lets the additions of a reduction change places, so LLVM vectorises along
    the batch, gathering 16 numbers from 16 rows for each lane, and the step takes 1.8 times as
    long. Halves are whole rows, and LLVM vectorises along the lanes. They round less, too.
    """
    rest = None
    while (count := terms.shape[0]) > 1:
        if count % 2:
            rest = terms[-1] if rest is None else combine(rest, terms[-1])
            terms = terms[:-1]
        terms = combine(*tf.split(terms, 2))
    return terms[0] if rest is None else combine(terms[0], rest)


def _kernel(tile: tf.Tensor, layer: Layer) -> tf.Tensor:
    """A layer's kernel, shape (inputs, units, lanes)."""
    return tf.reshape(tile[layer.start : layer.bias], (layer.inputs, layer.units, tile.shape[1]))


_ACTIVATE = {"sigmoid": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}

# Derivatives by what the activation gave, not by what it received.
_SLOPE = {
    "sigmoid": lambda value: value * (1.0 - value),
    "tanh": lambda value: 1.0 - value * value,
    "relu": lambda value: tf.cast(value > 0.0, tf.float32),
}
