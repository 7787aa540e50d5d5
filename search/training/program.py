"""The compiled program: one tile of restarts trained together, a lane each.

What is fixed when a program is compiled (network, optimizer, loss, batch size, numbers of points
and lanes, whether there is an L2) stands in `ProgramKind`; all else (learning rate, data, batch
order, epochs, initial weights, the L2's factor) is input, so that trials of one optimizer share one
program.

All weights of a tile are one variable of shape (weights, lanes): one optimizer update instead of
one per kernel and bias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.training.backend import tf
from search.training.batches import steps_per_epoch
from search.training.gradient import Aim, evaluate, gradient, penalty
from search.training.layout import Layout
from search.training.optimizers import build_optimizer

_EPOCHS_PER_CALL = 128
_ORDER_ENTRIES_PER_CALL = 2**22  # bounds the batch orders of one call to 16 MB


@dataclass(frozen=True)
class ProgramKind:
    """What a program is compiled for."""

    layout: Layout
    optimizer: str
    batch_size: int
    loss: str = "crossentropy"
    has_l2: bool = False

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return steps_per_epoch(self.layout.points, self.batch_size)

    @property
    def epochs_per_call(self) -> int:
        """Epochs that one call of the program trains at most."""
        entries = self.steps * self.batch_size
        return max(1, min(_EPOCHS_PER_CALL, _ORDER_ENTRIES_PER_CALL // entries))


class EpochSums(NamedTuple):
    """What the epochs of one call summed over the points, as NumPy arrays.

    `correct`, `loss` and `finite` have shape (epochs, lanes): per epoch the points classified
    correctly and the summed loss in the forward passes of training (as Keras's history
    counts them), and whether that loss and the weights at the epoch's end were finite.
    `final_correct` and `final_loss`, shape (lanes,), are of all points under the weights that the
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
        self._network, self._lanes = kind.layout.network, kind.layout.lanes
        self._tile = tf.Variable(tf.zeros((self._network.weight_count, self._lanes)))
        self._l2 = tf.Variable(0.0)
        self._aim = Aim(kind.loss, self._l2 if kind.has_l2 else None)
        self._optimizer = build_optimizer(kind.optimizer, learning_rate=1.0)
        self._optimizer.build([self._tile])
        self._fresh = [variable.numpy() for variable in self._optimizer.variables]
        # A mean divides by the points of a step, of which the last may have fewer.
        firsts = np.arange(kind.steps) * kind.batch_size
        sizes = np.minimum(kind.batch_size, kind.layout.points - firsts)
        self._sizes, self._shares = sizes.astype(np.float32), (1 / sizes).astype(np.float32)
        self._train = tf.function(self._train_epochs, jit_compile=True, autograph=False)

    @property
    def weights(self) -> NDArray[np.float32]:
        """Weights of the tile as they are now, shape (weights, lanes)."""
        weights: NDArray[np.float32] = self._tile.numpy()
        return weights

    @property
    def compilations(self) -> int:
        """How often the program was traced and compiled so far."""
        return int(self._train.experimental_get_tracing_count())

    def start(self, weights: NDArray[np.float32], learning_rate: float, l2: float = 0.0) -> None:
        """Begin a tile: weights of shape (weights, lanes), and an optimizer without a past.

        l2: counts only in a program that has one.
        """
        self._tile.assign(weights)
        for variable, value in zip(self._optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self._optimizer.learning_rate = learning_rate
        self._l2.assign(l2)

    def train(self, arranged: tuple[tf.Tensor, ...], rows: NDArray[np.int32]) -> EpochSums:
        """Go on by the epochs of `rows`, at most `kind.epochs_per_call`.

        arranged: the points, by `kind.layout.arrange`; rows: (epochs, points), the rows of the
        layout in the order of training.
        """
        kind, epochs = self.kind, len(rows)
        padded = np.full(
            (kind.epochs_per_call, kind.steps * kind.batch_size), kind.layout.rows, dtype=np.int32
        )
        padded[:epochs, : kind.layout.points] = rows
        shape = (kind.epochs_per_call, kind.steps, kind.batch_size)
        sums = self._train(arranged, tf.constant(padded.reshape(shape)), tf.constant(epochs))
        correct, loss, finite, final_correct, final_loss = (part.numpy() for part in sums)
        return EpochSums(
            correct[:epochs], loss[:epochs], finite[:epochs], final_correct, final_loss
        )

    # Loops are written as `tf.while_loop`: autograph would take a second longer to trace them.

    def _train_epochs(
        self, arranged: tuple[tf.Tensor, ...], rows: tf.Tensor, epochs: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        history = (self.kind.epochs_per_call, self._lanes)

        def train_epoch(epoch: tf.Tensor, *histories: tf.Tensor) -> tuple[tf.Tensor, ...]:
            correct, loss = self._train_steps(arranged, rows[epoch])
            finite = tf.reduce_all(tf.math.is_finite(self._tile), axis=0)
            finite &= tf.math.is_finite(loss)
            return epoch + 1, *(
                tf.tensor_scatter_nd_update(whole, [[epoch]], [of_epoch])
                for whole, of_epoch in zip(histories, (correct, loss, finite), strict=True)
            )

        start = (0, tf.zeros(history), tf.zeros(history), tf.zeros(history, tf.bool))
        _, *histories = tf.while_loop(lambda epoch, *_: epoch < epochs, train_epoch, start)
        return *histories, *self._evaluate(arranged)

    def _train_steps(
        self, arranged: tuple[tf.Tensor, ...], rows: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Train an epoch; points right and summed loss in its forward passes, both (lanes,)."""
        shares, sizes = tf.constant(self._shares), tf.constant(self._sizes)

        def train_step(
            step: tf.Tensor, correct: tf.Tensor, loss: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            batch = self.kind.layout.read(arranged, rows[step])
            slope, step_correct, step_loss = gradient(
                self._network, self._aim, self._tile, batch, shares[step]
            )
            if self.kind.has_l2:  # counted for each point, as in Keras's mean over the batches
                step_loss += sizes[step] * penalty(self._network, self._aim, self._tile)
            self._optimizer.apply([slope], [self._tile])
            return step + 1, correct + step_correct, loss + step_loss

        return self._each_step(train_step)

    def _evaluate(self, arranged: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        """Points right and summed loss, both (lanes,), of all points under the weights now."""
        kind = self.kind
        rows = np.arange(kind.steps * kind.batch_size)
        rows = tf.constant(np.where(rows < kind.layout.points, rows, kind.layout.rows))

        def evaluate_step(
            step: tf.Tensor, correct: tf.Tensor, loss: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            places = tf.reshape(rows, (kind.steps, kind.batch_size))[step]
            batch = kind.layout.read(arranged, places)
            step_correct, step_loss = evaluate(self._network, self._aim, self._tile, batch)
            return step + 1, correct + step_correct, loss + step_loss

        correct, loss = self._each_step(evaluate_step)
        if kind.has_l2:
            loss += kind.layout.points * penalty(self._network, self._aim, self._tile)
        return correct, loss

    def _each_step(
        self, body: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        start = (0, tf.zeros(self._lanes), tf.zeros(self._lanes))
        _, correct, loss = tf.while_loop(lambda step, *_: step < self.kind.steps, body, start)
        return correct, loss


@lru_cache(maxsize=64)
def compiled_program(kind: ProgramKind) -> Program:
    """The process's one program of a kind; compiled at its first call."""
    return Program(kind)
