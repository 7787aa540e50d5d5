"""Where the restarts of a configuration end: the few basins that their many ends fall into.

What identifies a basin is the function computed, not the loss: a slow optimizer leaves a continuum
of losses on the way down, and different functions can share a loss. So members are grouped by what
they compute on the data, in two steps: how far a member got (its `Kind`), and then the points on
which its answer is the higher one, members that differ on few points being one group.

For restarts that escaped the higher answer is class 1 as predicted. For one that did not, the
predicted class is an accident: with one boundary found the best answer on its far side is a
probability of 1/2, which training leaves at 0.48 or 0.52. Its higher answer is a probability above
the middle between its lowest and its highest. How far it got is told by the loss: splitting the
points in two can save at most the information that the split holds on the class; a member that
saves at least half of it has found its split, one that saves less has begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.forward import forward, sigmoid
from search.problem.network import Network
from search.problem.problem import Problem
from search.problem.rows import Member, Outcome
from search.statistics.escape import EscapeRate

STILL = 0.1
"""An answer is constant if its standard deviation over the points is below this share of the
labels' own, which is that of the perfect answer, and if it saves less than `WORTH`."""

WORTH = 0.05
"""Share of the best constant answer's loss that any answer but a constant one has to save. One
that only stirs, but in step with the labels, can save more."""

SAME_FUNCTION = 0.05
"""Members whose higher answers differ on at most this share of the points are of one basin."""

_POINTS = 512  # a function is compared on so many points at most, evenly spread over the rows
_NUMBERS_AT_ONCE = 2**21  # activations of one layer held at once: 8 MB
_BASINS = 64  # of one kind; members that are in none of the first so many are left over


class Kind(StrEnum):
    """How far a restart got, by its outcome and by what it computes."""

    SOLVED = "solved"
    ESCAPED = "escaped"
    FOUND = "found"
    BEGUN = "begun"
    CONSTANT = "constant"
    DIVERGED = "diverged"
    OTHERS = "others"


_KINDS = tuple(Kind)
_OUTCOMES = {
    Kind.SOLVED: Outcome.SOLVED,
    Kind.ESCAPED: Outcome.ESCAPED,
    Kind.FOUND: Outcome.NOT_ESCAPED,
    Kind.BEGUN: Outcome.NOT_ESCAPED,
    Kind.CONSTANT: Outcome.NOT_ESCAPED,
    Kind.DIVERGED: Outcome.DIVERGED,
}


@dataclass(frozen=True)
class Ends:
    """Where restarts ended, one row each, in few bytes.

    `kinds` indexes `Kind`'s members; `higher`, shape (restarts, bytes), packs for each point
    compared whether the answer there is the higher one.
    """

    seeds: NDArray[np.int64]
    trials: NDArray[np.int64]
    losses: NDArray[np.float64]
    kinds: NDArray[np.int8]
    higher: NDArray[np.uint8]
    points: int


@dataclass(frozen=True)
class Basin:
    """Restarts of a configuration that computed the same.

    `share` counts them of all restarts of the configuration. The typical member is that of the
    median loss (the lower of two, then the lower seed); others put together have none, but
    `merged`: their kinds, each with its basins and restarts. Losses are None if none is finite.
    """

    kind: Kind
    share: EscapeRate
    seed: int | None
    trial: int | None
    loss: float | None
    loss_low: float | None
    loss_high: float | None
    merged: tuple[tuple[Kind, int, int], ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """The outcome that all its restarts share; None of others put together."""
        return _OUTCOMES.get(self.kind)


def constant_loss(labels: NDArray[np.uint8]) -> float:
    """Loss of the best constant answer: the entropy of the classes, in nats (0.6365 for 1/3)."""
    return float(_entropy(labels.mean()))


def ends(problem: Problem, features: NDArray[np.float32], members: Sequence[Member]) -> Ends:
    """Where members ended.

    features: (points, features) as the configuration scales them.
    """
    compared = np.unique(
        np.linspace(0, len(features) - 1, min(_POINTS, len(features))).round().astype(int)
    )
    points, labels = features[compared], problem.data.labels[compared]
    losses = np.array([member.loss for member in members])
    kinds = np.full(len(members), _KINDS.index(Kind.DIVERGED), dtype=np.int8)
    higher = np.zeros((len(members), (len(points) + 7) // 8), dtype=np.uint8)
    sound = [i for i, member in enumerate(members) if member.outcome is not Outcome.DIVERGED]
    for rows in _pieces(sound, problem.network, len(points)):
        weights = stored_weights([members[row].weights for row in rows])
        answers = sigmoid(forward(problem.network, weights, points).logits)
        outcomes = [members[row].outcome for row in rows]
        upper = higher_part(answers, np.array([outcome.has_escaped for outcome in outcomes]))
        kinds[rows] = _kinds(outcomes, answers, upper, losses[rows], labels)
        constant = kinds[rows] == _KINDS.index(Kind.CONSTANT)
        upper[constant] = _which_constant(answers[constant], labels)
        higher[rows] = np.packbits(upper, axis=1)
    return Ends(
        seeds=np.array([member.seed for member in members], dtype=np.int64),
        trials=np.array([member.trial for member in members], dtype=np.int64),
        losses=losses,
        kinds=kinds,
        higher=higher,
        points=len(points),
    )


def joined(blocks: Iterable[Ends]) -> Ends:
    """The ends of several blocks of members, at least one, as one."""
    parts = list(blocks)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("seeds", "trials", "losses", "kinds", "higher")
    }
    return Ends(**columns, points=parts[0].points)


def higher_part(
    answers: NDArray[np.floating[Any]], escaped: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Where each member's answer is the higher one, shape (members, points).

    answers: probabilities of class 1, shape (members, points); escaped: (members,).
    """
    middle = (answers.min(axis=1) + answers.max(axis=1)) / 2
    upper: NDArray[np.bool_] = answers > np.where(escaped, 0.5, middle)[:, None]
    return upper


def basins(found: Ends) -> list[Basin]:
    """The basins of a configuration's restarts, the largest first.

    A group grows around what most members compute exactly alike: in order of frequency, a function
    that is not within `SAME_FUNCTION` of one before it makes a new basin, and every member is of
    the nearest. So the result does not depend on the order of the members.
    """
    made = [
        _basin(found, kind, rows)
        for index, kind in enumerate(_KINDS)
        for rows in _alike(found, np.flatnonzero(found.kinds == index))
    ]
    return sorted(made, key=_largest_first)


def readable(every: Sequence[Basin], most: int = 6, least: float = 0.02) -> list[Basin]:
    """At most `most` basins as they are; if there are more, the others put together stand last.

    Kept are then the largest that hold at least a share of `least`; beside them the largest of
    those that solved, escaped or diverged, however small, for one such restart is worth a line.
    """
    if len(every) <= most:
        return list(every)
    told = {Kind.SOLVED, Kind.ESCAPED, Kind.DIVERGED}
    first = {kind: next((b for b in every if b.kind is kind), None) for kind in told}
    must = [basin for basin in every if basin is first.get(basin.kind)]
    large = [basin for basin in every if basin not in must and basin.share.rate >= least]
    kept = sorted([*must, *large[: max(0, most - len(must))]], key=_largest_first)
    rest = [basin for basin in every if basin not in kept]
    return [*kept, _others(rest)]


def stored_weights(rows: Sequence[bytes]) -> NDArray[np.float32]:
    """Weights as they are stored, shape (members, weights)."""
    return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1)


def _kinds(
    outcomes: Sequence[Outcome],
    answers: NDArray[np.floating[Any]],
    upper: NDArray[np.bool_],
    losses: NDArray[np.float64],
    labels: NDArray[np.uint8],
) -> NDArray[np.int8]:
    """Index of each member's kind; none of them diverged."""
    ones = (upper & (labels == 1)).sum(axis=1, dtype=np.int64)
    points = upper.sum(axis=1, dtype=np.int64)
    of_split = _split_entropy(ones, points, int(labels.sum()), len(labels))
    saved, savable = constant_loss(labels) - losses, constant_loss(labels) - of_split
    still = (answers.std(axis=1) < STILL * labels.std()) & (saved < WORTH * constant_loss(labels))
    found = (saved > 0) & (saved >= savable / 2)
    kinds = np.full(len(outcomes), _KINDS.index(Kind.BEGUN), dtype=np.int8)
    for kind, holds in (
        (Kind.FOUND, found),
        (Kind.CONSTANT, still),
        (Kind.SOLVED, [outcome is Outcome.SOLVED for outcome in outcomes]),
        (Kind.ESCAPED, [outcome is Outcome.ESCAPED for outcome in outcomes]),
    ):
        kinds[holds] = _KINDS.index(kind)
    return kinds


def _which_constant(
    answers: NDArray[np.floating[Any]], labels: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Patterns that tell constants apart, whatever their ripples: nearest to 0, the best one, or 1.

    The best one's alternates, so that it differs from both others on half of the points.
    """
    share, mean = labels.mean(), answers.mean(axis=1)[:, None]
    alternating = np.arange(len(labels)) % 2 == 1
    return np.where(mean < share / 2, False, (mean > (1 + share) / 2) | alternating)


def _split_entropy(
    ones_above: NDArray[np.int64], above: NDArray[np.int64], ones: int, points: int
) -> NDArray[np.float64]:
    """Entropy of the class, in nats, once it is known on which side of a split a point is."""
    below = points - above
    return (
        above * _entropy(ones_above / np.maximum(above, 1))
        + below * _entropy((ones - ones_above) / np.maximum(below, 1))
    ) / points


def _entropy(share: NDArray[np.float64]) -> NDArray[np.float64]:
    one, other = (np.where(side > 0, side, 1.0) for side in (share, 1 - share))  # 0 log 0 is 0
    entropy: NDArray[np.float64] = -one * np.log(one) - other * np.log(other)
    return entropy


def _pieces(rows: Sequence[int], network: Network, points: int) -> Iterator[list[int]]:
    """The rows in pieces whose activations fit in memory together."""
    widest = max(*network.hidden, network.features, 1)
    size = max(1, _NUMBERS_AT_ONCE // (points * widest))
    for first in range(0, len(rows), size):
        yield list(rows[first : first + size])


def _alike(found: Ends, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows in groups that compute the same; what is in none of them singly stays together."""
    if not rows.size:
        return
    functions, inverse, counts = np.unique(
        found.higher[rows], axis=0, return_inverse=True, return_counts=True
    )
    tolerance = int(SAME_FUNCTION * found.points)
    distances = np.empty((0, len(functions)), dtype=np.int64)
    for candidate in np.argsort(-counts, kind="stable"):
        if len(distances) == _BASINS:
            break
        if not len(distances) or distances[:, candidate].min() > tolerance:
            differing = np.bitwise_count(functions ^ functions[candidate]).sum(axis=1, dtype=int)
            distances = np.vstack([distances, differing])
    nearest = np.where(distances.min(axis=0) <= tolerance, distances.argmin(axis=0), -1)
    groups = nearest[inverse.ravel()]
    for group in np.unique(groups):
        yield rows[groups == group]


def _basin(found: Ends, kind: Kind, rows: NDArray[np.int64]) -> Basin:
    rows = rows[np.lexsort((found.seeds[rows], found.losses[rows]))]  # a NaN sorts last
    losses = found.losses[rows]
    finite = losses[np.isfinite(losses)]
    typical = rows[(len(rows) - 1) // 2]
    return Basin(
        kind=kind,
        share=EscapeRate(len(rows), len(found.seeds)),
        seed=int(found.seeds[typical]),
        trial=int(found.trials[typical]),
        loss=float(found.losses[typical]) if np.isfinite(found.losses[typical]) else None,
        loss_low=float(finite[0]) if finite.size else None,
        loss_high=float(finite[-1]) if finite.size else None,
    )


def _others(rest: Sequence[Basin]) -> Basin:
    lows = [basin.loss_low for basin in rest if basin.loss_low is not None]
    highs = [basin.loss_high for basin in rest if basin.loss_high is not None]
    merged = tuple(
        (kind, len(sizes), sum(sizes))
        for kind in Kind
        if (sizes := [basin.share.escaped for basin in rest if basin.kind is kind])
    )
    return Basin(
        kind=Kind.OTHERS,
        share=EscapeRate(sum(basin.share.escaped for basin in rest), rest[0].share.restarts),
        seed=None,
        trial=None,
        loss=None,
        loss_low=min(lows, default=None),
        loss_high=max(highs, default=None),
        merged=merged,
    )


def _largest_first(basin: Basin) -> tuple[Any, ...]:
    seed = -1 if basin.seed is None else basin.seed
    return (-basin.share.escaped, _KINDS.index(basin.kind), seed)
