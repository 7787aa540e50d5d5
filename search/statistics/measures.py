"""Measures of what networks answer on labelled points: outputs and labels in, figures out.

Outputs are what the output layer receives, logits: of a network of two classes (members, points),
the log-odds of class 1; of more classes (members, points, classes). Labels, (points,), count the
classes from 0. Everything is computed for all members at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.forward import sigmoid

Logits = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]
Figures = NDArray[np.float64]

ABOVE_HALF = 1.5 * 2.0**-24
"""The greatest log-odds at which 1 / (1 + exp(-z)) is still 1/2 in float32, so not class 1.

Keras asks whether the probability is above 1/2; of the float32 below 1 the exponential is first
below 1 - 2**-24 past this.
"""
_ROUNDING = 1e-6
"""Of float32 outputs, relative to the greatest of a member or to 1; found are up to 4.5e-7."""
_FACTORS = 512
"""Of at most 2 each: so many have a product that float64 can hold."""


def predicted(logits: Logits) -> NDArray[np.intp]:
    """The class that each member answers with on each point, as Keras counts its accuracy.

    Args:
        logits: Of the output layer.

    Returns:
        (members, points), places of classes: class 1 where its probability is above 1/2 in float32;
        of more classes that of the greatest logit, and of equal ones the first.
    """
    if logits.ndim == 2:
        return (logits > ABOVE_HALF).astype(np.intp)
    return np.asarray(logits.argmax(axis=-1))


def right_points(logits: Logits, labels: Labels, classes: int) -> NDArray[np.int64]:
    """How many points of each class each member classifies correctly.

    Args:
        logits: Of the output layer.
        labels: (points,).
        classes: How many classes there are.

    Returns:
        (members, classes).
    """
    right = predicted(logits) == labels
    of_class = [np.count_nonzero(right[:, labels == label], axis=1) for label in range(classes)]
    return np.stack(of_class, axis=1).astype(np.int64)


def balanced_accuracy(right: NDArray[np.int64], sizes: NDArray[np.int64]) -> Figures:
    """The mean over the classes of the share of their points that is classified correctly.

    Brodersen, Ong, Stephan and Buhmann 2010, The balanced accuracy and its posterior distribution;
    `sklearn.metrics.balanced_accuracy_score`.

    Args:
        right: As `right_points` counts them, (members, classes).
        sizes: The points of each class, (classes,). A class without points is left out.

    Returns:
        (members,), from 0 to 1; of a constant answer 1 / classes.
    """
    present = sizes > 0
    figures: Figures = (right[:, present] / sizes[present]).mean(axis=1)
    return figures


def cross_entropy(logits: Logits, labels: Labels) -> Figures:
    """The mean over the points of -log(probability of the point's class), in nats.

    As Keras's `binary_crossentropy` and `sparse_categorical_crossentropy` compute it from logits,
    but summed in float64.

    Args:
        logits: Of the output layer.
        labels: (points,).

    Returns:
        (members,), 0 for certain answers that are all right.
    """
    if logits.ndim == 2:
        against = np.where(labels == 1, -logits, logits)
        linear = np.maximum(against, 0).sum(axis=1, dtype=np.float64)
        factors = 1.0 + np.exp(-np.abs(logits))
        # One logarithm of a product in place of many.
        for first in range(0, factors.shape[1], _FACTORS):
            some = factors[:, first : first + _FACTORS]
            linear += np.log(np.multiply.reduce(some, axis=1, dtype=np.float64))
        figures: Figures = linear / logits.shape[1]
        return figures
    exact = logits.astype(np.float64)
    own = np.take_along_axis(exact, labels[None, :, None].astype(np.intp), axis=-1)[..., 0]
    of_softmax: Figures = (_log_sum_exp(exact) - own).mean(axis=1)
    return of_softmax


def squared_error(logits: Logits, labels: Labels) -> Figures:
    """The mean over the points of (probability of class 1 - label) squared: Keras's `mse`.

    Args:
        logits: Of the output layer of a network of two classes.
        labels: (points,).

    Returns:
        (members,), 0 for certain answers that are all right.
    """
    errors = sigmoid(logits) - labels.astype(logits.dtype)
    figures: Figures = np.square(errors).mean(axis=1, dtype=np.float64)
    return figures


def area_under_curve(logits: Logits, labels: Labels) -> Figures:
    """The area under the ROC curve.

    Of two classes the chance that a random point of class 1 gets a greater probability than a
    random point of class 0, equal ones counted half (those whose outputs differ by no more than
    float32 rounds them are equal): the Mann-Whitney statistic over the number of
    pairs (Hanley and McNeil 1982, The meaning and use of the area under a ROC curve). Of more
    classes the plain mean of that of each class against all others, by its probability
    (`sklearn.metrics.roc_auc_score(multi_class="ovr", average="macro")`).

    Args:
        logits: Of the output layer.
        labels: (points,).

    Returns:
        (members,), from 0 to 1; 1/2 for a constant answer. NaN where an output is NaN, or unless
        there are points of every class.
    """
    if logits.ndim == 2:
        return _pairs_in_order(logits, labels == 1)
    exact = logits.astype(np.float64)
    areas = [
        # Log-odds against all others: probabilities near 1 would be tied.
        _pairs_in_order(
            exact[..., label] - _log_sum_exp(np.delete(exact, label, axis=-1)), labels == label
        )
        for label in range(exact.shape[-1])
    ]
    mean: Figures = np.mean(areas, axis=0, dtype=np.float64)
    return mean


def _log_sum_exp(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    greatest = logits.max(axis=-1)
    sums: Figures = greatest + np.log(np.exp(logits - greatest[..., None]).sum(axis=-1))
    return sums


def _pairs_in_order(scores: Logits, is_one: NDArray[np.bool_]) -> Figures:
    """The share of pairs of a point of class 1 and another that the scores put in order."""
    ones = int(is_one.sum())
    pairs = ones * (len(is_one) - ones)
    if not pairs:
        return np.full(len(scores), np.nan)
    # Sorting numbers that carry the class as their last bit is quicker than finding an order.
    keys = _in_order(scores) * 2 + is_one
    keys.sort(axis=1)
    below = _others_below(keys, ones)
    equal = _equal_neighbours(keys >> 1)
    tied = np.flatnonzero(equal.any(axis=1))
    if tied.size:
        # Of equal scores those of class 1 stood last; with them first, half of the difference is
        # what ties are worth.
        ranks = np.cumsum(~equal[tied], axis=1)
        keys[tied, 1:] = ranks * 2 + (keys[tied, 1:] & 1)
        keys[tied, 0] &= 1
        keys[tied] = np.sort(keys[tied], axis=1)
        flipped = keys[tied] ^ 1
        flipped.sort(axis=1)
        below[tied] = (_others_below(keys[tied], ones) + _others_below(flipped ^ 1, ones)) / 2
    return np.where(np.isnan(scores).any(axis=1), np.nan, below / pairs)


def _others_below(keys: NDArray[np.int64], ones: int) -> Figures:
    """For each member the pairs of a point of class 1 and another that stands before it."""
    places = np.arange(keys.shape[1], dtype=np.float64)
    sums: Figures = (keys & 1).astype(np.float64) @ places
    return sums - ones * (ones - 1) / 2


def _equal_neighbours(places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of scores in order, as `_in_order` numbers them, which are equal to the one before.

    Those that differ by rounding alone are: a constant answer would be put in an order by it.
    """
    bits = np.where(places < 0, places ^ 0x7FFFFFFF, places).astype(np.int32)
    scores = bits.view(np.float32).astype(np.float64)
    with np.errstate(invalid="ignore"):  # of infinite ones
        gaps = np.diff(scores, axis=1)
        greatest = np.maximum(1.0, np.abs(scores[:, [0, -1]]).max(axis=1, keepdims=True))
        near: NDArray[np.bool_] = gaps <= _ROUNDING * np.where(np.isinf(greatest), 1.0, greatest)
    equal: NDArray[np.bool_] = near | (places[:, 1:] == places[:, :-1])
    return equal


def _in_order(scores: Logits) -> NDArray[np.int64]:
    """Whole numbers in the order of float32 scores; equal for 0.0 and -0.0."""
    bits = (np.asarray(scores, dtype=np.float32) + np.float32(0.0)).view(np.int32)
    return np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
