"""The stack: many restarts of one configuration trained together, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.batch_orders import SHUFFLED
from search.problem.initializers import BiasInitializer, Initializer
from search.problem.losses import keras_loss
from search.problem.network import Network
from search.problem.optimizers import canonical_optimizer
from search.training.batches import block_of, own_orders, own_orders_per_seed, shared_orders
from search.training.initial import initial_weights
from search.training.layout import layout_for
from search.training.program import Program, ProgramKind, compiled_program


@dataclass(frozen=True)
class Recipe:
    """How every restart of a stack is trained: all but the data and the seeds.

    Args:
        network: Whose weights are trained.
        optimizer: As `search.problem.optimizers` writes it, like "adam:beta_2=0.99".
        learning_rate: Of the optimizer.
        epochs: 0 evaluates the initial weights.
        batch_size: Points of a step; the last one of an epoch may have fewer.
        loss: One of `search.problem.losses.LOSSES`.
        initializer: Of the kernels, as `Initializer` writes it.
        bias_initializer: Of the biases, as `BiasInitializer` writes it.
        batch_order: One of `search.problem.batch_orders.BATCH_ORDERS`.
        l2: Of all kernels, as `keras.regularizers.L2(l2)`; 0 for none.

    Raises:
        InvalidValuesError: If the loss is unknown, or not offered for the network's outputs.
    """

    network: Network
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    loss: str = "crossentropy"
    initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"
    batch_order: str = SHUFFLED
    l2: float = 0.0

    def __post_init__(self) -> None:
        keras_loss(self.loss, self.network.outputs)

    def initial_weights(self, seeds: Sequence[int]) -> NDArray[np.float32]:
        """What restarts of these seeds start from, shape (weights, seeds)."""
        kernels, biases = (
            Initializer.of(self.initializer),
            BiasInitializer.of(self.bias_initializer),
        )
        return initial_weights(self.network, seeds, kernels, biases)


@dataclass(frozen=True)
class Histories:
    """Restarts of a stack, in the order of the seeds asked for.

    `correct` (points classified correctly) and `loss` have shape (epochs, restarts) and are what
    Keras's history reports for each epoch, its accuracy being correct / points; `finite` of the
    same shape tells whether the epoch's loss and the weights at its end were finite.
    `final_correct` and `final_loss`, shape (restarts,), are of all points under the final weights;
    `weights` has shape (restarts, weights), float32.
    """

    seeds: tuple[int, ...]
    correct: NDArray[np.int64]
    loss: NDArray[np.float64]
    finite: NDArray[np.bool_]
    final_correct: NDArray[np.int64]
    final_loss: NDArray[np.float64]
    weights: NDArray[np.float32]


def program_kind(recipe: Recipe, points: int, *, is_weighted: bool = False) -> ProgramKind:
    """The kind of the program that trains a recipe on so many points, weighted or not."""
    layout = layout_for(recipe.network, points, is_weighted=is_weighted)
    return ProgramKind(
        layout,
        canonical_optimizer(recipe.optimizer),
        min(recipe.batch_size, points),
        recipe.loss,
        has_l2=recipe.l2 > 0,
    )


def train_stack(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    recipe: Recipe,
    seeds: Sequence[int],
    weights: NDArray[np.float32] | None = None,
) -> Iterator[Histories]:
    """Train one restart per seed, and yield them tile by tile.

    features: (points, features), scaled, float32; labels: (points,), from 0 on; weights: (points,),
    of the losses of the points, as Keras's `sample_weight`; None for 1. A tile is of seeds of one
    block, so the order of the yielded seeds can differ from that asked for. What is
    yielded for a seed is the same, bit for bit, whichever seeds are asked for beside it and in
    whatever order.
    """
    blocks: dict[int, list[int]] = {}
    for seed in seeds:
        blocks.setdefault(block_of(seed), []).append(seed)
    kind = program_kind(recipe, len(features), is_weighted=weights is not None)
    program, layout = compiled_program(kind), kind.layout
    for members in blocks.values():
        for first in range(0, len(members), layout.lanes):
            tile = members[first : first + layout.lanes]
            start = recipe.initial_weights(tile)
            yield train_tile(program, features, labels, recipe, tile, start, weights)


def train_tile(
    program: Program,
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    recipe: Recipe,
    seeds: Sequence[int],
    weights: NDArray[np.float32],
    point_weights: NDArray[np.float32] | None = None,
) -> Histories:
    """Train restarts from `weights`, shape (weights, seeds), in the batch orders of `seeds`.

    The seeds are of one block, and no more than the program has lanes. point_weights: (points,), of
    the losses of the points, for a program that weighs them.
    """
    layout, points, order = program.kind.layout, len(features), recipe.batch_order
    start = np.zeros((len(weights), layout.lanes), dtype=np.float32)
    start[:, : len(seeds)] = weights
    program.start(start, recipe.learning_rate, recipe.l2)
    arranged = layout.arrange(features, labels, own_orders(seeds, points, order), point_weights)
    parts = []
    for first in range(0, max(recipe.epochs, 1), program.kind.epochs_per_call):
        epochs = np.arange(first, min(first + program.kind.epochs_per_call, recipe.epochs))
        shared = shared_orders(block_of(seeds[0]), first, len(epochs), points, order)
        own = epochs % own_orders_per_seed(points)
        parts.append(program.train(arranged, own[:, None].astype(np.int32) * points + shared))
    used = slice(len(seeds))
    return Histories(
        seeds=tuple(seeds),
        correct=np.concatenate([part.correct[:, used] for part in parts]).astype(np.int64),
        loss=np.concatenate([part.loss[:, used] for part in parts]).astype(np.float64) / points,
        finite=np.concatenate([part.finite[:, used] for part in parts]),
        final_correct=parts[-1].final_correct[used].astype(np.int64),
        final_loss=parts[-1].final_loss[used].astype(np.float64) / points,
        weights=program.weights.T[used],
    )
