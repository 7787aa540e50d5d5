"""The compiled program: one tile of restarts trained together, a lane each.

What is fixed when a program is compiled (network, optimizer, batch size, number of points) stands
in `ProgramKind`; all else (learning rate, data, batch order, epochs, initial weights) is input, so
that trials of one optimizer share one program.

Layout. The lane is the LAST axis everywhere, so that each arithmetic operation is one vector
operation over lanes; a lane's numbers then depend on that lane alone, whatever its neighbours do.
All weights of a tile are one variable of shape (weights, LANES): one optimizer update instead of
one per kernel and bias. The gradient is written out, because that runs twice as fast as an
automatic one here; tests hold it equal to `keras.Sequential.fit`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.training.backend import tf
from search.training.batches import SEEDS_PER_ORDER, steps_per_epoch
from search.training.network import Layer, Network
from search.training.optimizers import build_optimizer

LANES = SEEDS_PER_ORDER
"""Restarts in a tile. 64 lanes of a small network stay in the first-level cache; 256 do not and
train at a quarter of the speed."""

_EPOCHS_PER_CALL = 128
_ORDER_ENTRIES_PER_CALL = 2**22  # bounds the batch orders of one call to 16 MB
_WRITTEN_OUT = 12  # features that are summed term by term: from about here on a product is faster
_POINTS_PER_PRODUCT = 64  # a product of 64 factors in [1, 2] stays far below the float maximum


@dataclass(frozen=True)
class ProgramKind:
    """What a program is compiled for."""

    network: Network
    optimizer: str
    batch_size: int
    points: int

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return steps_per_epoch(self.points, self.batch_size)

    @property
    def epochs_per_call(self) -> int:
        """Epochs that one call of the program trains at most."""
        entries = self.steps * self.batch_size
        return max(1, min(_EPOCHS_PER_CALL, _ORDER_ENTRIES_PER_CALL // entries))


class EpochSums(NamedTuple):
    """What the epochs of one call summed over the points, as NumPy arrays.

    `correct`, `loss` and `finite` have shape (epochs, LANES): per epoch the points classified
    rightly and the summed cross-entropy in the forward passes of training (as Keras's history
    counts them), and whether that loss and the weights at the epoch's end were finite.
    `final_correct` and `final_loss`, shape (LANES,), are of all points under the weights that the
    last epoch left.
    """

    correct: NDArray[np.float32]
    loss: NDArray[np.float32]
    finite: NDArray[np.bool_]
    final_correct: NDArray[np.float32]
    final_loss: NDArray[np.float32]


class Program:
    """Trains one tile at a time; holds the tile's weights and the optimizer's state."""

    def __init__(self, kind: ProgramKind) -> None:
        self.kind = kind
        self._tile = tf.Variable(tf.zeros((kind.network.weight_count, LANES)))
        self._optimizer = build_optimizer(kind.optimizer, learning_rate=1.0)
        self._optimizer.build([self._tile])
        self._fresh = [variable.numpy() for variable in self._optimizer.variables]
        # Points of the last step beyond the data carry weight 0; a mean divides by those present.
        present = np.zeros(kind.steps * kind.batch_size, dtype=np.float32)
        present[: kind.points] = 1.0
        self._present = present.reshape(kind.steps, kind.batch_size, 1, 1)
        self._train = tf.function(self._train_epochs, jit_compile=True)

    @property
    def weights(self) -> NDArray[np.float32]:
        """Weights of the tile as they are now, shape (weights, LANES)."""
        weights: NDArray[np.float32] = self._tile.numpy()
        return weights

    @property
    def compilations(self) -> int:
        """How often the program was traced and compiled so far."""
        return int(self._train.experimental_get_tracing_count())

    def start(self, weights: NDArray[np.float32], learning_rate: float) -> None:
        """Begin a tile: weights of shape (weights, LANES), and an optimizer without a past."""
        self._tile.assign(weights)
        for variable, value in zip(self._optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self._optimizer.learning_rate = learning_rate

    def train(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.float32],
        orders: NDArray[np.int32],
    ) -> EpochSums:
        """Go on by the epochs of `orders`, at most `kind.epochs_per_call`.

        features: (points, features), scaled; labels: (points,), 0 or 1; orders: (epochs, points).
        """
        epochs = len(orders)
        padded = np.full(
            (self.kind.epochs_per_call, self.kind.steps * self.kind.batch_size),
            self.kind.points,
            dtype=np.int32,
        )
        padded[:epochs, : self.kind.points] = orders
        # The row that padding points at: its numbers are finite and weigh nothing.
        rows = tf.constant(np.concatenate([features, np.zeros_like(features[:1])]))
        classes = tf.constant(np.append(labels, np.float32(0)))
        shape = (self.kind.epochs_per_call, self.kind.steps, self.kind.batch_size)
        sums = self._train(rows, classes, tf.constant(padded.reshape(shape)), tf.constant(epochs))
        correct, loss, finite, final_correct, final_loss = (part.numpy() for part in sums)
        return EpochSums(
            correct[:epochs], loss[:epochs], finite[:epochs], final_correct, final_loss
        )

    def _train_epochs(
        self, features: tf.Tensor, labels: tf.Tensor, orders: tf.Tensor, epochs: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        history = (self.kind.epochs_per_call, LANES)
        correct, loss, finite = tf.zeros(history), tf.zeros(history), tf.zeros(history, tf.bool)
        present = tf.constant(self._present)
        for epoch in tf.range(epochs):
            order = orders[epoch]
            x, y = tf.gather(features, order), tf.gather(labels, order)[..., None, None]
            epoch_correct, epoch_loss = tf.zeros(LANES), tf.zeros(LANES)
            for step in tf.range(self.kind.steps):
                gradient, step_correct, step_loss = self._step(x[step], y[step], present[step])
                self._optimizer.apply([gradient], [self._tile])
                epoch_correct += step_correct
                epoch_loss += step_loss
            is_finite = tf.reduce_all(tf.math.is_finite(self._tile), axis=0)
            is_finite &= tf.math.is_finite(epoch_loss)
            correct = tf.tensor_scatter_nd_update(correct, [[epoch]], [epoch_correct])
            loss = tf.tensor_scatter_nd_update(loss, [[epoch]], [epoch_loss])
            finite = tf.tensor_scatter_nd_update(finite, [[epoch]], [is_finite])
        final_correct, final_loss = self._evaluate(features, labels, present)
        return correct, loss, finite, final_correct, final_loss

    def _evaluate(
        self, features: tf.Tensor, labels: tf.Tensor, present: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shape = (self.kind.steps, self.kind.batch_size)
        natural = np.minimum(np.arange(np.prod(shape)), self.kind.points).reshape(shape)
        x, y = tf.gather(features, natural), tf.gather(labels, natural)[..., None, None]
        correct, loss = tf.zeros(LANES), tf.zeros(LANES)
        for step in tf.range(self.kind.steps):
            _, logits = _forward(self.kind.network, self._tile, x[step])
            step_correct, step_loss, _ = _judge(logits, y[step], present[step])
            correct += step_correct
            loss += step_loss
        return correct, loss

    def _step(
        self, x: tf.Tensor, y: tf.Tensor, present: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Gradient of the mean loss (weights, LANES), points right (LANES,), summed loss (LANES,).

        x: (batch, features); y and present: (batch, 1, 1).
        """
        inputs, logits = _forward(self.kind.network, self._tile, x)
        correct, loss, error = _judge(logits, y, present)
        delta = error * (present / tf.reduce_sum(present))
        return _backward(self.kind.network, self._tile, inputs, delta), correct, loss


def _forward(network: Network, tile: tf.Tensor, x: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The inputs of every layer, and the logits.

    The first layer's inputs have shape (batch, features, 1), each later layer's
    (batch, units, LANES); the logits (batch, 1, LANES).
    """
    *hidden, output = network.layers
    inputs = [x[:, :, None]]
    for layer in hidden:
        inputs.append(_ACTIVATE[network.activation](_weighted_sums(tile, layer, inputs[-1])))
    return inputs, _weighted_sums(tile, output, inputs[-1])


def _weighted_sums(tile: tf.Tensor, layer: Layer, below: tf.Tensor) -> tf.Tensor:
    """What a layer's units receive, shape (batch, units, LANES)."""
    kernel, bias = _kernel(tile, layer), tile[layer.bias : layer.end]
    if _is_wide(layer):
        return bias + tf.tensordot(below[:, :, 0], kernel, 1)
    return bias + sum(
        below[:, number : number + 1] * kernel[number] for number in range(layer.inputs)
    )


def _judge(
    logits: tf.Tensor, y: tf.Tensor, present: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Points right (LANES,), summed cross-entropy (LANES,), and d loss / d logit (batch, 1, LANES).

    The cross-entropy is max(z, 0) - z y + log(1 + exp(-|z|)), as Keras computes it from the
    logits of a sigmoid. Its logarithms are taken of products over the points, each factor being
    between 1 and 2: one logarithm for 64 points instead of 64, and less rounding.
    """
    tail = tf.exp(-tf.abs(logits))
    factor = 1.0 + tail
    probability = tf.where(logits >= 0.0, 1.0, tail) / factor
    here = present > 0.0
    correct = tf.where((probability > 0.5) == (y > 0.5), present, 0.0)
    linear = tf.where(here, tf.nn.relu(logits) - logits * y, 0.0)
    factor = tf.where(here, factor, 1.0)
    loss = _over_batch(operator.add, linear)
    for first in range(0, factor.shape[0], _POINTS_PER_PRODUCT):
        product = _over_batch(operator.mul, factor[first : first + _POINTS_PER_PRODUCT])
        loss += tf.math.log(product)
    return _over_batch(operator.add, correct)[0], loss[0], probability - y


def _backward(
    network: Network, tile: tf.Tensor, inputs: list[tf.Tensor], delta: tf.Tensor
) -> tf.Tensor:
    """Gradient by all weights, shape (weights, LANES), from that by the logits."""
    rows: list[tf.Tensor] = []
    for layer, below in zip(reversed(network.layers), reversed(inputs), strict=True):
        if _is_wide(layer):
            kernel_rows = [_wide_kernel_rows(layer, below, delta)]
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


def _wide_kernel_rows(layer: Layer, below: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """Gradient by the kernel of a wide layer of features, shape (inputs x units, LANES)."""
    kernel = tf.tensordot(tf.transpose(below[:, :, 0]), delta, 1)
    return tf.reshape(kernel, (layer.inputs * layer.units, LANES))


def _is_wide(layer: Layer) -> bool:
    """Whether the layer takes so many features that they are summed by a matrix product.

    Written out, 1,000 features compile for 70 s and need 3 GB; but few features train faster so.
    Only the inputs of the first layer are the same in all lanes and so can be such a product.
    """
    return layer.start == 0 and layer.inputs > _WRITTEN_OUT


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
    """A layer's kernel, shape (inputs, units, LANES)."""
    return tf.reshape(tile[layer.start : layer.bias], (layer.inputs, layer.units, LANES))


_ACTIVATE = {"sigmoid": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}

# Derivatives by what the activation gave, not by what it received.
_SLOPE = {
    "sigmoid": lambda value: value * (1.0 - value),
    "tanh": lambda value: 1.0 - value * value,
    "relu": lambda value: tf.cast(value > 0.0, tf.float32),
}


@lru_cache(maxsize=64)
def compiled_program(kind: ProgramKind) -> Program:
    """The process's one program of a kind; compiled at its first call."""
    return Program(kind)
