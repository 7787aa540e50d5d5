"""Points that are held out: which they are, and what they are."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from search.problem.errors import Fault, InvalidValuesError

_RULE = "must be a share between 0 and 1, like 0.2"


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Points that nothing is trained on, in the units and of the classes of the training points.

    features: (points, features) float64; labels: (points,) uint8, which need not have every class;
    share: that of all points which they are, if they were split off; None if they came apart from
    the training points.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    share: float | None = None

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.features)

    def class_sizes(self, classes: int) -> tuple[int, ...]:
        """The points of each of so many classes."""
        return tuple(np.bincount(self.labels, minlength=classes).tolist())


def held_out_of(
    features: NDArray[np.float64],
    labels: NDArray[np.uint8],
    share: float,
    name: str = "validation",
) -> NDArray[np.bool_]:
    """Which points are held out: a function of the points alone, the same share of each class.

    The points of each class are ranked by the SHA-256 of their numbers, class and, of identical
    ones, how many come before; the first of that order are held out. So the order of the rows does
    not matter, and another program can tell the same points.

    Args:
        features: (points, features), finite.
        labels: (points,), whole numbers from 0.
        share: Of the points of each class that are held out, rounded to whole points, halves up;
            but one point of each class is always left to be trained on.
        name: What the share is called where it was given.

    Returns:
        (points,), true where a point is held out.

    Raises:
        InvalidValuesError: If the share is not between 0 and 1, or too small for any point.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise InvalidValuesError([Fault(name, _RULE, repr(share))])
    keys = _keys(features, labels)
    held_out = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label).tolist()
        asked = math.floor(Fraction(repr(share)) * len(members) + Fraction(1, 2))
        members.sort(key=keys.__getitem__)
        held_out[members[: min(asked, len(members) - 1)]] = True
    if not held_out.any():
        rule = f"must hold out at least one of {len(labels):,} points"
        raise InvalidValuesError([Fault(name, rule, f"{share:g}")])
    return held_out


def _keys(features: NDArray[np.float64], labels: NDArray[np.uint8]) -> list[bytes]:
    rows = np.ascontiguousarray(features + 0.0, dtype="<f8")  # -0.0 is 0.0
    seen: Counter[bytes] = Counter()
    keys = []
    for row, label in zip(rows, labels.tolist(), strict=True):
        point = row.tobytes() + bytes([label])
        before = seen[point]
        seen[point] += 1
        keys.append(hashlib.sha256(point + before.to_bytes(8, "little")).digest())
    return keys
