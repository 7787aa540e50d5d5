"""The stack: many restarts of one configuration trained together, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.training.batches import batch_orders, order_block
from search.training.initial import initial_weights
from search.training.network import Network
from search.training.program import LANES, Program, ProgramKind, compiled_program


@dataclass(frozen=True)
class Recipe:
    """How every restart of a stack is trained: all but the data and the seeds."""

    network: Network
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int


@dataclass(frozen=True)
class Histories:
    """Restarts of a stack, in the order of the seeds asked for.

    `correct` (points classified rightly) and `loss` have shape (epochs, restarts) and are what
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


def train_stack(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    recipe: Recipe,
    seeds: Sequence[int],
) -> Iterator[Histories]:
    """Train one restart per seed, and yield them tile by tile (at most LANES restarts each).

    features: (points, features), scaled, float32; labels: (points,), 0 or 1. Seeds that share a
    batch order stand in one tile, so the order of the yielded seeds can differ from that asked
    for. What is yielded for a seed is the same, bit for bit, whichever seeds are asked for beside
    it and in whatever order.
    """
    batch_size = min(recipe.batch_size, len(features))
    kind = ProgramKind(recipe.network, recipe.optimizer, batch_size, len(features))
    program = compiled_program(kind)
    blocks: dict[int, list[int]] = {}
    for seed in seeds:
        blocks.setdefault(order_block(seed), []).append(seed)
    for block, members in blocks.items():
        for first in range(0, len(members), LANES):
            tile = members[first : first + LANES]
            start = np.zeros((recipe.network.weight_count, LANES), dtype=np.float32)
            start[:, : len(tile)] = initial_weights(recipe.network, tile)
            histories = train_tile(program, features, labels, recipe, block, start)
            yield _only(histories, tuple(tile))


def train_tile(
    program: Program,
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    recipe: Recipe,
    block: int,
    weights: NDArray[np.float32],
) -> Histories:
    """Train LANES restarts from `weights`, shape (weights, LANES), in the batch order of a block.

    The lanes come back without seeds, for any weights can stand in a lane.
    """
    program.start(weights, recipe.learning_rate)
    parts = []
    for first in range(0, recipe.epochs, program.kind.epochs_per_call):
        epochs = min(program.kind.epochs_per_call, recipe.epochs - first)
        orders = batch_orders(block, first, epochs, len(features))
        parts.append(program.train(features, labels, orders))
    points = len(features)
    return Histories(
        seeds=(),
        correct=np.concatenate([part.correct for part in parts]).astype(np.int64),
        loss=np.concatenate([part.loss for part in parts]).astype(np.float64) / points,
        finite=np.concatenate([part.finite for part in parts]),
        final_correct=parts[-1].final_correct.astype(np.int64),
        final_loss=parts[-1].final_loss.astype(np.float64) / points,
        weights=program.weights.T,
    )


def _only(histories: Histories, seeds: tuple[int, ...]) -> Histories:
    """The first lanes of a tile, which are those of `seeds`."""
    used = slice(len(seeds))
    return Histories(
        seeds=seeds,
        correct=histories.correct[:, used],
        loss=histories.loss[:, used],
        finite=histories.finite[:, used],
        final_correct=histories.final_correct[used],
        final_loss=histories.final_loss[used],
        weights=histories.weights[used],
    )
