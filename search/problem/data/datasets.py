"""The data that a study can hold fixed: the built-in sets, and what a set of points is."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.arguments import Arguments
from search.problem.data.arrays import held_out_from, points_from
from search.problem.data.judging import Caution, cautions, collapsed, left_out_rows, told_apart
from search.problem.data.rules import require_held_out, require_points
from search.problem.data.selection import MISSING, Selection
from search.problem.data.splitting import HeldOut, held_out_of
from search.problem.errors import Fault, InvalidValuesError
from search.problem.names import is_printable


@dataclass(frozen=True, eq=False)
class Dataset:
    """Points of two or more classes.

    features: (points, features) float64, finite; labels: (points,) uint8, each the place of
    its class in `classes`, all of which are present; at most 256 of them.
    names: of the features, if they have any; selection: which columns and rows of a file they are;
    notes: what is to be told of how they were read; validation: points beside them that are held
    out. Equal are sets of one name with the same points
    and classes. Raises UserError if the shapes disagree, a feature is not finite or a class is
    missing. `Dataset.of` makes one of arrays of other kinds, lists and data frames.
    """

    name: str
    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    classes: tuple[str, ...] = field(default=("0", "1"))
    names: tuple[str, ...] = ()
    selection: Selection = field(default=Selection())
    notes: tuple[str, ...] = ()
    validation: HeldOut | None = None

    def __post_init__(self) -> None:
        require_points(self.name, self.features, self.labels, self.names, self.classes)
        if self.validation is not None:
            require_held_out(self.name, self.features.shape[1], self.classes, self.validation)

    @classmethod
    def of(
        cls, features: Any, labels: Any, name: str = "points", *, missing: str = MISSING[0]
    ) -> Dataset:
        """Make a data set of what people have: arrays, lists, data frames and series.

        Args:
            features: Points by features, numbers or True and False; one feature may be flat. The
                names of a data frame's columns are kept.
            labels: The class of each point, of any kind; the classes are in order, numbers as
                numbers.
            name: Name of the data, and so of studies of it.
            missing: "refuse" missing values, or "drop" their points.

        Returns:
            The data set.

        Raises:
            InvalidValuesError: If a feature is no finite number, the labels are not one class for
                each point, or of one class only, or the name is that of built-in data.
        """
        arguments = Arguments()
        is_name = isinstance(name, str) and bool(name.strip()) and is_printable(name)
        arguments.check(is_name, "name", "must be a printable name", name)
        is_free = not is_name or name not in BUILT_IN
        arguments.check(is_free, "name", "must not be that of built-in data", name)
        arguments.check(missing in MISSING, "missing", f"must be {' or '.join(MISSING)}", missing)
        arguments.raise_any()
        made = points_from(features, labels, drops_rows=missing == "drop")
        points = len(made.labels) + made.dropped
        return cls(
            name,
            made.features,
            made.labels,
            made.classes,
            made.names,
            notes=(
                *left_out_rows(made.dropped, points),
                *(collapsed(name, *loss) for name, loss in made.inexact.items()),
            ),
        )

    def hold_out(self, share: float) -> Dataset:
        """The data with some of the points held out, the same share of each class.

        Args:
            share: Of the points of each class, rounded to whole points; one point of each class is
                always left to be trained on. Which they are is a function of the points alone,
                however they are ordered (`splitting.held_out_of`).

        Returns:
            The points to be trained on, with the others as their `validation`.

        Raises:
            InvalidValuesError: If the share is not between 0 and 1, too small for any point, or
                points are held out already.
        """
        if self.validation is not None:
            rule = f"must be left out: {self.validation.points:,} points are held out already"
            raise InvalidValuesError([Fault("validation", rule, repr(share))])
        chosen = held_out_of(self.features, self.labels, share)
        validation = HeldOut(self.features[chosen], self.labels[chosen], share)
        return replace(
            self,
            features=self.features[~chosen],
            labels=self.labels[~chosen],
            validation=validation,
        )

    def with_validation(self, features: Any, labels: Any) -> Dataset:
        """The data with other points beside them that are held out.

        Args:
            features: Points by features in the units of the data's own, of the kinds that `of`
                takes. A data frame's columns are found by their names.
            labels: The class of each, one of those of the data.

        Returns:
            The same data with those points as their `validation`.

        Raises:
            UserError: If the features are others than the data's, or a class is none of theirs.
        """
        held_out = held_out_from(features, labels, self.features.shape[1], self.names, self.classes)
        return replace(self, validation=held_out)

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
    def feature_names(self) -> tuple[str, ...]:
        """What its features are called: by their numbers, from 1, if they have no names."""
        return self.names or tuple(map(str, range(1, self.features.shape[1] + 1)))

    @cached_property
    def cautions(self) -> tuple[Caution, ...]:
        """What to look at before training, each with the column to leave out if that is a cure."""
        noted = (Caution(note) for note in self.notes)
        return (*noted, *cautions(self.features, self.feature_names, self._told_apart))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to look at before training: how the points were read, and what none can learn."""
        return tuple(caution.message for caution in self.cautions)

    @property
    def best_accuracy(self) -> float:
        """The best accuracy that is possible: 1 unless identical points have different classes."""
        return self._told_apart[0]

    @cached_property
    def _told_apart(self) -> tuple[float, int]:
        return told_apart(self.features, self.labels)

    @property
    def plateau(self) -> float:
        """Accuracy of the best constant answer: the share of the largest class."""
        return max(self.class_sizes) / self.points

    @cached_property
    def class_sizes(self) -> tuple[int, ...]:
        """The points of each class."""
        return tuple(np.bincount(self.labels, minlength=len(self.classes)).tolist())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all points and labels, held out or not: equal for equal data of any name."""
        shape = np.array(self.features.shape, dtype=np.int64)
        parts = [shape, self.features, self.labels]
        if self.validation is not None:
            parts += [self.validation.features, self.validation.labels]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """All but the name and classes, compressed, for `from_bytes`."""
        buffer = io.BytesIO()
        about = {"names": list(self.names), **self.selection.to_json()}
        arrays: dict[str, Any] = {"features": self.features, "labels": self.labels}
        if self.names or self.selection != Selection():
            arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        if self.validation is not None:
            arrays["validation_features"] = self.validation.features
            arrays["validation_labels"] = self.validation.labels
            if self.validation.share is not None:
                arrays["validation_share"] = np.array(self.validation.share)
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, name: str, classes: Sequence[str], data: bytes) -> Dataset:
        """The data set that `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes()) if "about" in arrays else {}
            return cls(
                name,
                arrays["features"],
                arrays["labels"],
                tuple(classes),
                tuple(about.get("names", ())),
                Selection.from_json(about),
                validation=_held_out_in(arrays),
            )


def _held_out_in(arrays: Mapping[str, NDArray[Any]]) -> HeldOut | None:
    if "validation_features" not in arrays:
        return None
    share = float(arrays["validation_share"]) if "validation_share" in arrays else None
    return HeldOut(arrays["validation_features"], arrays["validation_labels"], share)


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
