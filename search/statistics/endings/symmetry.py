"""Symmetries of the data: which reflections and swaps of the features leave the classes in place.

A symmetry takes every feature to itself or to another, as it is or reflected about its mean, in
units of the features' standard deviations: the reflection of a line, the point reflection that
takes one of two moons to the other, the eight symmetries of the square under XOR, the 48 of the
cube under parity. It has to take the points of each class to where the points of one class are, the
same or, for all of them, another.

Data that were drawn at random have no such symmetry exactly and many nearly, and so have networks
that learned them. A symmetry is therefore taken for one of the data if the points that it gives are
as near to the data as the data's points are to each other, and nine in ten of each class are
nearest to a point of its image. Where it takes every point to a point, all classes have to agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from math import factorial

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.statistics.endings.parts import compared

NEAR = 1.25
"""The points that a symmetry gives are at most this many times as far from the data, on average, as
the data's own points are from their nearest neighbours. A fresh sample would be 1 time as far."""

AGREE = 0.9
"""Share of the points of each class that are nearest to a point of the class that they go to."""

_MOST = 2**18  # symmetries times points that are tried at most: 4 features, or 5 of 68 points
_AT_FIRST = 64  # points that are tried before all are
_LEEWAY = 0.2  # share of those that can disagree though fewer of all do
_SAME = 1e-6  # standard deviations: points nearer than that are one point
_DRIFT = 0.5  # standard deviations that the quantiles of a feature can be off those of another


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A symmetry of the data.

    Attributes:
        images: Where the points go, (points, features), in the data's own units.
        classes: The class whose points the points of each class go to.
        goes_to: The point that each goes to, (points,), if all go to points; else None.
    """

    images: NDArray[np.float64]
    classes: tuple[int, ...]
    goes_to: NDArray[np.int64] | None

    @property
    def exact(self) -> bool:
        """Whether every point goes to a point, of the class that its own goes to."""
        return self.goes_to is not None


@lru_cache(maxsize=4)
def symmetries(data: Dataset) -> tuple[Symmetry, ...]:
    """The symmetries of data, but for the one that leaves all points where they are.

    Args:
        data: The data, of which the points are taken that functions are compared on.

    Returns:
        Symmetries, of those points; none of data of so many features that they are not tried.
    """
    rows = compared(data.points)
    features, labels = data.features[rows], data.labels[rows].astype(np.int64)
    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    points = (features - middle) / spread
    apart = _distances(points, points)
    np.fill_diagonal(apart, np.inf)
    own = float(apart.min(axis=1).mean()) if len(points) > 1 else 0.0
    every = -(-len(points) // _AT_FIRST)
    found = []
    for order, signs in _elements(points):
        # Most that are none are far off, and a few of the points are enough to see that.
        rough = _distances(points[::every, order] * signs, points)
        if rough.min(axis=1).mean() > 2 * NEAR * own + _SAME:
            continue
        if _agreement(labels[::every], labels[rough.argmin(axis=1)]) < AGREE - _LEEWAY:
            continue
        images = points[:, order] * signs
        distances = _distances(images, points)
        nearest = distances.argmin(axis=1)
        away = distances[np.arange(len(points)), nearest]
        exact = bool((away < _SAME).all())
        classes = _classes(labels, labels[nearest], len(data.classes), 1.0 if exact else AGREE)
        if classes is None or away.mean() > NEAR * own + _SAME:
            continue
        where = features[nearest] if exact else middle + spread * images
        found.append(Symmetry(where, classes, nearest if exact else None))
    return tuple(found)


def is_exact(data: Dataset) -> bool:
    """Whether all symmetries of the data hold exactly."""
    return all(symmetry.exact for symmetry in symmetries(data))


def _elements(points: NDArray[np.float64]) -> Iterator[tuple[list[int], NDArray[np.float64]]]:
    """Orders and signs of features worth trying, the identity left out.

    points: (points, features) of mean 0 and standard deviation 1.
    """
    count = points.shape[1]
    if 2**count * factorial(count) * len(points) > _MOST:
        return
    ordered = np.sort(points, axis=0)
    fits = {
        (feature, other, sign): bool(
            np.abs(ordered[:, feature] - np.sort(sign * points[:, other])).mean() <= _DRIFT
        )
        for feature, other, sign in product(range(count), range(count), (1, -1))
    }
    for order in permutations(range(count)):
        for signs in product((1, -1), repeat=count):
            is_identity = order == tuple(range(count)) and min(signs) == 1
            places = zip(range(count), order, signs, strict=True)
            if not is_identity and all(fits[place] for place in places):
                yield list(order), np.array(signs, dtype=np.float64)


def _distances(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of every point to every other, shape (points, others)."""
    squares = np.zeros((len(points), len(others)))
    for one, other in zip(points.T, others.T, strict=True):
        squares += (one[:, None] - other[None]) ** 2
    distances: NDArray[np.float64] = np.sqrt(squares)
    return distances


def _classes(
    labels: NDArray[np.int64], reached: NDArray[np.int64], classes: int, share: float
) -> tuple[int, ...] | None:
    """The class that each class goes to; None if one goes to several, or two go to one.

    labels: classes of points; reached: of those that they go to.
    """
    counts = _counts(labels, reached, classes)
    goes_to = counts.argmax(axis=1)
    if len(set(goes_to.tolist())) < classes:
        return None
    most, all_ = counts.max(axis=1), counts.sum(axis=1)
    if (most < share * all_).any():
        return None
    return tuple(int(c) for c in goes_to)


def _agreement(labels: NDArray[np.int64], reached: NDArray[np.int64]) -> float:
    """Share of the points that go to the class that most of their own go to."""
    counts = _counts(labels, reached, int(max(labels.max(), reached.max())) + 1)
    return float(counts.max(axis=1).sum() / len(labels))


def _counts(
    labels: NDArray[np.int64], reached: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """How many points of each class, by rows, go to points of each class."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, reached), 1)
    return counts
