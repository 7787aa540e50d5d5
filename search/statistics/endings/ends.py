"""Where restarts ended, in few bytes each: how far they got and what they compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.network import Network
from search.problem.problem import Problem
from search.problem.rows import Member, Outcome
from search.problem.undecided import UNDECIDED
from search.statistics.endings.kinds import KINDS, Kind, kinds, which_constant
from search.statistics.endings.parts import (
    Codes,
    answers_and_gaps,
    compared,
    leaves_undecided,
    packed,
    parts,
    predicted,
)

OUTCOMES = tuple(Outcome)
"""By index, as `Ends` holds them."""

_NUMBERS_AT_ONCE = 2**21  # activations of one layer held at once: 8 MB


@dataclass(frozen=True)
class Ends:
    """Where restarts ended, one row each.

    `kinds` indexes `KINDS`, `outcomes` indexes `OUTCOMES`, and `functions` the rows of `table`: the
    functions that occur, shape (functions, bytes), each as the packed parts of the points compared.
    """

    seeds: NDArray[np.int64]
    trials: NDArray[np.int64]
    losses: NDArray[np.float64]
    kinds: NDArray[np.int8]
    outcomes: NDArray[np.int8]
    functions: NDArray[np.int32]
    table: NDArray[np.uint8]
    points: int


def ends(problem: Problem, features: NDArray[np.float32], members: Sequence[Member]) -> Ends:
    """Where members ended.

    Args:
        problem: Theirs.
        features: (points, features) as the configuration scales them.
        members: Restarts of one configuration.
    """
    rows = compared(len(features))
    points, labels = features[rows], problem.data.labels[rows].astype(np.int64)
    classes = len(problem.data.classes)
    losses = np.array([member.loss for member in members])
    found = np.full(len(members), KINDS.index(Kind.DIVERGED), dtype=np.int8)
    width = classes.bit_length() * ((len(rows) + 7) // 8)
    functions = np.zeros((len(members), width), dtype=np.uint8)
    sound = [i for i, member in enumerate(members) if member.outcome is not Outcome.DIVERGED]
    for at in _pieces(sound, problem.network, len(points)):
        found[at], codes = _told(problem, [members[row] for row in at], points, labels)
        functions[at] = packed(codes, classes)
    table, inverse = np.unique(functions, axis=0, return_inverse=True)
    return Ends(
        seeds=np.array([member.seed for member in members], dtype=np.int64),
        trials=np.array([member.trial for member in members], dtype=np.int64),
        losses=losses,
        kinds=found,
        outcomes=np.array([OUTCOMES.index(member.outcome) for member in members], dtype=np.int8),
        functions=inverse.ravel().astype(np.int32),
        table=table,
        points=len(points),
    )


def joined(blocks: Iterable[Ends]) -> Ends:
    """The ends of several blocks of members, at least one, as one."""
    made = list(blocks)
    columns = {
        name: np.concatenate([getattr(part, name) for part in made])
        for name in ("seeds", "trials", "losses", "kinds", "outcomes")
    }
    firsts = np.cumsum([0, *(len(part.table) for part in made[:-1])])
    table, inverse = np.unique(
        np.concatenate([part.table for part in made]), axis=0, return_inverse=True
    )
    functions = np.concatenate(
        [first + part.functions for first, part in zip(firsts, made, strict=True)]
    )
    return Ends(
        **columns,
        functions=inverse.ravel()[functions].astype(np.int32),
        table=table,
        points=made[0].points,
    )


def stored_weights(rows: Sequence[bytes]) -> NDArray[np.float32]:
    """Weights as they are stored, shape (members, weights)."""
    return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1)


def _told(
    problem: Problem,
    members: Sequence[Member],
    points: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> tuple[NDArray[np.int8], Codes]:
    """Kinds and codes of members that did not diverge."""
    outcomes = [member.outcome for member in members]
    weights = stored_weights([member.weights for member in members])
    losses = np.array([member.loss for member in members])
    if problem.l2:
        losses -= problem.l2 * _squares(problem.network, weights)
    answers, gaps = answers_and_gaps(problem.network, weights, points)
    codes = parts(answers, np.array([outcome.has_escaped for outcome in outcomes]))
    taken = predicted(answers)
    is_undecided = leaves_undecided(taken, gaps)
    classes = len(problem.data.classes)
    found = kinds(
        outcomes, answers, codes, is_undecided, losses, labels, classes, problem.loss_function
    )
    undecided, constant, nearly = (
        found == KINDS.index(kind) for kind in (Kind.UNDECIDED, Kind.CONSTANT, Kind.NEARLY_CONSTANT)
    )
    codes[undecided] = np.where(gaps <= UNDECIDED, classes, taken)[undecided]
    codes[constant] = which_constant(answers[constant], labels, classes)
    codes[nearly] = 0  # all as one
    return found, codes


def _squares(network: Network, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum of the squares of all kernels, (members,): what an L2 penalty is of."""
    kernels = [weights[:, layer.start : layer.bias] for layer in network.layers]
    squares: NDArray[np.float64] = sum(
        ((kernel.astype(np.float64) ** 2).sum(axis=1) for kernel in kernels),
        start=np.zeros(len(weights)),
    )
    return squares


def _pieces(rows: Sequence[int], network: Network, points: int) -> Iterator[list[int]]:
    """The rows in pieces whose activations fit in memory together."""
    widest = max(*(layer.units for layer in network.layers), network.features)
    size = max(1, _NUMBERS_AT_ONCE // (points * widest))
    for first in range(0, len(rows), size):
        yield list(rows[first : first + size])
