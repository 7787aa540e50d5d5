"""The data that a study can hold fixed: the built-in sets, and what a set of points is."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from search.problem.errors import UserError

MAX_POINTS = 2**24
"""Up to here counts of points are exact in the float32 that training counts in."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Points of two classes.

    features: (points, features) float64, finite; labels: (points,) uint8, 0 or 1, both present.
    Equal are sets of one name with the same points and classes. Raises UserError if the shapes
    disagree, a feature is not finite or a class is missing.
    """

    name: str
    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    classes: tuple[str, str] = field(default=("0", "1"))

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not self.features.size:
            raise UserError(
                f"data {self.name!r} must be points by features, received {self.features.shape}"
            )
        if self.labels.shape != self.features.shape[:1]:
            raise UserError(
                f"data {self.name!r} must have one label per point, received "
                f"{len(self.labels)} labels for {len(self.features)} points"
            )
        if self.points > MAX_POINTS:
            raise UserError(
                f"data {self.name!r} must have at most {MAX_POINTS:,} points, "
                f"received {self.points:,}"
            )
        if not np.isfinite(self.features).all():
            raise UserError(f"data {self.name!r} must have finite features only")
        if set(np.unique(self.labels)) != {0, 1}:
            raise UserError(
                f"data {self.name!r} must have points of both classes, received only one"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return self.name, self.classes, self.digest

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.features)

    @property
    def plateau(self) -> float:
        """Accuracy of the best constant answer: the share of the larger class."""
        ones = int(self.labels.sum())
        return max(ones, self.points - ones) / self.points

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the points and labels: equal for equal data, whatever its name."""
        shape = np.array(self.features.shape, dtype=np.int64)
        parts = (shape, np.ascontiguousarray(self.features), np.ascontiguousarray(self.labels))
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    def to_bytes(self) -> bytes:
        """The points and labels, compressed, for `from_bytes`."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, features=self.features, labels=self.labels)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, name: str, classes: tuple[str, str], data: bytes) -> Dataset:
        """The data set that `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(name, arrays["features"], arrays["labels"], classes)


def bands() -> Dataset:
    """300 points on a line, class 1 in the middle third: the problem this project began with."""
    line, labels = _three_bands()
    return Dataset("bands", line[:, None], labels)


def bands2d() -> Dataset:
    """`bands` in the plane: two parallel lines separate the classes, neither feature alone does.

    The second coordinate spreads evenly over the same range by multiples of the golden ratio, so
    it says nothing of the class; both are then turned by 45 degrees.
    """
    line, labels = _three_bands()
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    across = 30.0 * np.modf(np.arange(1, len(line) + 1) * golden)[0]
    features = np.column_stack([line - across, line + across]) / np.sqrt(2.0)
    return Dataset("bands2d", features, labels)


def xor() -> Dataset:
    """100 points in four square clusters about the corners of the unit square; plateau 1/2."""
    offsets = np.linspace(-0.2, 0.2, 5)
    square = np.array([(x, y) for x in offsets for y in offsets])
    corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=np.float64)
    features = np.concatenate([corner + square for corner in corners])
    labels = np.repeat([0, 1, 1, 0], len(square)).astype(np.uint8)
    return Dataset("xor", features, labels)


def _three_bands() -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    line = np.concatenate(
        [np.linspace(0, 10, 100), np.linspace(11, 20, 100), np.linspace(21, 30, 100)]
    )
    return line, np.repeat([0, 1, 0], 100).astype(np.uint8)


BUILT_IN: Mapping[str, Callable[[], Dataset]] = MappingProxyType(
    {"bands": bands, "bands2d": bands2d, "xor": xor}
)
