"""How far a restart got, by its outcome and by what it computes.

For one that did not escape how far is told by its loss: splitting the points in parts can save at
most what the best answer that is constant in each part does, by cross-entropy the information that
the parts hold on the class. A member that saves at least half of it has found its split, one that
saves less has begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.rows import Outcome
from search.statistics.endings.parts import Answers, Codes

STILL = 0.1
"""An answer is constant if its standard deviation over the points is below this share of the
labels' own, which is that of the perfect answer, and if it saves less than `WORTH`."""

WORTH = 0.05
"""Share of the best constant answer's loss that any answer but a constant one has to save. One
that only stirs, but in step with the labels, can save more."""


class Kind(StrEnum):
    """How far a restart got.

    undecided: it takes more than one class and leaves points undecided between classes, too many
    for a boundary that happens to pass there. nearly constant: it escaped, but by an answer that is
    constant but for a ripple, which happens to lie on the right side on some points more.
    """

    SOLVED = "solved"
    ESCAPED = "escaped"
    UNDECIDED = "undecided"
    NEARLY_CONSTANT = "nearly constant"
    FOUND = "found"
    BEGUN = "begun"
    CONSTANT = "constant"
    DIVERGED = "diverged"
    OTHERS = "others"


KINDS = tuple(Kind)
"""By index, as `Ends` holds them."""

BY_CLASS = frozenset({Kind.SOLVED, Kind.ESCAPED})
"""Kinds whose function is told by the class that is predicted."""

WITH_A_FUNCTION = BY_CLASS | {Kind.UNDECIDED, Kind.FOUND, Kind.BEGUN}
"""Kinds that compute more than a constant: of the others no mirror images are looked for."""


def constant_loss(labels: NDArray[np.integer[Any]], loss: str = "crossentropy") -> float:
    """Loss of the best constant answer.

    Args:
        labels: Classes of the points.
        loss: One of `LOSSES`: of "crossentropy" that is the entropy of the classes, in nats (0.6365
            for 1/3 of class 1), of "mse" the variance of the labels (0.2222).
    """
    return float(_IMPURITIES[loss](np.bincount(labels)))


def kinds(
    outcomes: Sequence[Outcome],
    answers: Answers,
    codes: Codes,
    is_undecided: NDArray[np.bool_],
    losses: NDArray[np.float64],
    labels: NDArray[np.integer[Any]],
    classes: int,
    loss: str = "crossentropy",
) -> NDArray[np.int8]:
    """Index of each member's kind; none of them diverged.

    Args:
        outcomes: Of the members.
        answers: What they answer, (members, points, columns).
        codes: The part that each point is in, (members, points).
        is_undecided: Whether a member leaves points undecided as `Kind.UNDECIDED` says.
        losses: Of the members, without a penalty on weights.
        labels: Classes of the points, from 0 on.
        classes: How many there are.
        loss: Which loss it is.

    Returns:
        Indexes of `KINDS`.
    """
    constant = constant_loss(labels, loss)
    saved, savable = constant - losses, constant - _split_loss(codes, labels, classes, loss)
    still = (_spread(answers) < STILL * _labels_spread(labels, classes)) & (
        saved < WORTH * constant
    )
    found = (saved > 0) & (saved >= savable / 2)
    solved, escaped = (
        np.array([outcome is one for outcome in outcomes], dtype=np.bool_)
        for one in (Outcome.SOLVED, Outcome.ESCAPED)
    )
    made = np.full(len(outcomes), KINDS.index(Kind.BEGUN), dtype=np.int8)
    for kind, holds in (
        (Kind.FOUND, found),
        (Kind.SOLVED, solved),
        (Kind.ESCAPED, escaped),
        (Kind.UNDECIDED, is_undecided),
        (Kind.CONSTANT, still & ~solved & ~escaped),
        (Kind.NEARLY_CONSTANT, still & escaped),
    ):
        made[holds] = KINDS.index(kind)
    return made


def which_constant(answers: Answers, labels: NDArray[np.integer[Any]], classes: int) -> Codes:
    """Codes that tell constants apart, whatever their ripples: the best one, or one class.

    A member's mean answer is nearest to the shares of the classes, or to all of one class. The best
    one's codes alternate, so that they differ from all others' on half of the points or more.
    """
    mean = answers.mean(axis=1)
    if answers.shape[2] == 1:
        mean = np.concatenate([1 - mean, mean], axis=1)
    constants = np.vstack([np.bincount(labels, minlength=classes) / len(labels), np.eye(classes)])
    nearest = np.linalg.norm(mean[:, None] - constants, axis=2).argmin(axis=1)
    alternating = np.arange(len(labels)) % 2
    codes: Codes = np.where(nearest[:, None] == 0, alternating, nearest[:, None] - 1).astype(
        np.uint8
    )
    return codes


def _spread(answers: Answers) -> NDArray[np.float64]:
    """Standard deviation over the points, of several classes that of the vector."""
    spread: NDArray[np.float64] = np.sqrt(answers.var(axis=1).sum(axis=1))
    return spread


def _labels_spread(labels: NDArray[np.integer[Any]], classes: int) -> float:
    """The same of the perfect answer, in one column for two classes, else in one for each."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    variances = shares * (1 - shares)
    return float(np.sqrt(variances[1:].sum() if len(shares) == 2 else variances.sum()))


def _split_loss(
    codes: Codes, labels: NDArray[np.integer[Any]], classes: int, loss: str
) -> NDArray[np.float64]:
    """Loss of the best answer that is constant in each part, (members,)."""
    total = np.zeros(len(codes))
    of_class = [labels == c for c in range(classes)]
    for part in range(classes):
        inside = codes == part
        counts = np.stack([inside[:, one].sum(axis=1) for one in of_class], axis=1)
        total += counts.sum(axis=1) * _IMPURITIES[loss](counts)
    return total / len(labels)


def _entropy(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Entropy of the shares along the last axis, in nats; 0 of nothing."""
    shares = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    logarithms = np.log(np.where(shares > 0, shares, 1.0))  # 0 log 0 is 0
    entropy: NDArray[np.float64] = -(shares * logarithms).sum(axis=-1)
    return entropy


def _variance(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Variance of labels of 0 and 1 of which there are so many along the last axis."""
    shares = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    variance: NDArray[np.float64] = shares[..., 0] * shares[..., -1]
    return variance


_IMPURITIES = {"crossentropy": _entropy, "mse": _variance}
"""Loss -> that of the best constant answer for points of so many in each class."""
