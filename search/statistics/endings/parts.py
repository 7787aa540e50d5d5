"""Which part of the points a network puts each point in: the class regions that it draws.

Parts are told by class indexes. For a network that escaped they are the classes that it predicts.
For one that did not, the predicted class is an accident: with one boundary found the best answer on
its far side is a probability of 1/2, which training leaves at 0.48 or 0.52. Its parts are told by
the class whose probability is the furthest above the middle between its own lowest and highest;
of two classes, so, by whether the probability of class 1 is above its middle. A point that is left
undecided between classes can be a part of its own, told by the index after the last class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.forward import forward
from search.problem.network import Network
from search.problem.undecided import UNDECIDED

SAME_FUNCTION = 0.05
"""Members whose parts differ on at most this share of the points are of one basin; and so many
undecided points can be those next to a boundary."""

_NEARLY = 10  # times as far apart as undecided: probabilities from 0.475 to 0.525
_POINTS = 512  # a function is compared on so many points at most, evenly spread over the rows

Answers = NDArray[np.floating[Any]]
"""Probabilities, (..., points, columns): of class 1 alone, or of each of three or more classes."""

Codes = NDArray[np.uint8]
"""For each point the index of its part."""


def compared(points: int) -> NDArray[np.int64]:
    """Which of so many points functions are compared on: 512 at most, evenly spread."""
    spread = np.linspace(0, points - 1, min(_POINTS, points))
    return np.unique(spread.round().astype(np.int64))


def answers_and_gaps(
    network: Network, weights: NDArray[np.floating[Any]], features: NDArray[np.floating[Any]]
) -> tuple[Answers, NDArray[np.floating[Any]]]:
    """What members answer on points, and how far apart the logits of the likeliest classes are.

    Args:
        network: Of all members.
        weights: (members, weights), finite.
        features: (points, features), scaled.

    Returns:
        Answers, (members, points, columns), and gaps, (members, points): of one logit its distance
        from 0. Where a network without biases gives exactly 0 the gap is infinite, for that is not
        undecided, as `search.problem.undecided` has it.
    """
    outputs = forward(network, weights, features)
    answers, logits = outputs.probabilities, outputs.logits
    if logits.ndim == 2:
        answers, gaps = answers[..., None], np.abs(logits)
    else:
        second, first = np.moveaxis(np.partition(logits, -2, axis=-1)[..., -2:], -1, 0)
        gaps = first - second
    if not network.use_bias:
        exact = logits == 0 if logits.ndim == 2 else (logits == 0).all(axis=-1)
        gaps = np.where(exact, np.inf, gaps)
    return answers, gaps


def in_columns(probabilities: NDArray[np.floating[Any]]) -> Answers:
    """Probabilities of class 1, (points,), or of each class, (points, classes), as answers."""
    return probabilities[:, None] if probabilities.ndim == 1 else probabilities


def predicted(answers: Answers) -> Codes:
    """The class of the highest probability at each point; class 1 needs more than 1/2."""
    if answers.shape[-1] == 1:
        return np.asarray(answers[..., 0] > 0.5, dtype=np.uint8)
    return np.asarray(answers.argmax(axis=-1), dtype=np.uint8)


def middles(answers: Answers) -> NDArray[np.floating[Any]]:
    """Midway between the lowest and the highest answer over the points, (..., 1, columns)."""
    middle: NDArray[np.floating[Any]] = (
        answers.min(axis=-2, keepdims=True) + answers.max(axis=-2, keepdims=True)
    ) / 2
    return middle


def above(answers: Answers, middle: NDArray[np.floating[Any]]) -> Codes:
    """The class whose probability is the furthest above a middle at each point."""
    if answers.shape[-1] == 1:
        return np.asarray(answers[..., 0] > middle[..., 0], dtype=np.uint8)
    return np.asarray((answers - middle).argmax(axis=-1), dtype=np.uint8)


def parts(answers: Answers, escaped: NDArray[np.bool_]) -> Codes:
    """The part that each point is in, (members, points).

    Args:
        answers: (members, points, columns).
        escaped: Whether each member escaped.
    """
    if answers.shape[-1] == 1:
        thresholds = np.where(escaped[:, None, None], 0.5, middles(answers))
        return above(answers, thresholds)
    return np.where(escaped[:, None], predicted(answers), above(answers, middles(answers)))


def leaves_undecided(codes: Codes, gaps: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Whether members take several classes and leave points undecided, as a state of its own.

    A boundary that passes near a point leaves it undecided too, and an answer that wavers about 1/2
    many. So more points have to be undecided than are nearly so, and than `SAME_FUNCTION` says.

    Args:
        codes: Predicted classes, (members, points).
        gaps: As of `answers_and_gaps`, (members, points).
    """
    undecided = gaps <= UNDECIDED
    decided = ~undecided
    nearly = (decided & (gaps <= _NEARLY * UNDECIDED)).sum(axis=1)
    many = undecided.sum(axis=1) > np.maximum(nearly, int(SAME_FUNCTION * codes.shape[1]))
    lowest = np.where(decided, codes, np.iinfo(np.uint8).max).min(axis=1)
    highest = np.where(decided, codes, 0).max(axis=1)
    return np.asarray(many & (lowest < highest))


def packed(codes: Codes, classes: int) -> NDArray[np.uint8]:
    """Codes in few bytes, (members, bytes): a bit of each code at a time, eight points to a byte.

    Args:
        codes: (members, points), each at most `classes`.
        classes: How many there are.
    """
    planes = [np.packbits((codes >> bit) & 1, axis=1) for bit in range(classes.bit_length())]
    return np.concatenate(planes, axis=1)


def differing(rows: NDArray[np.uint8], one: NDArray[np.uint8], points: int) -> NDArray[np.int64]:
    """On how many points packed codes differ from one row of them, (rows,)."""
    width = (points + 7) // 8
    changed = (rows ^ one).reshape(len(rows), rows.shape[1] // width, width)
    count: NDArray[np.int64] = np.bitwise_count(np.bitwise_or.reduce(changed, axis=1)).sum(
        axis=1, dtype=np.int64
    )
    return count
