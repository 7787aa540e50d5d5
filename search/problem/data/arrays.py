"""Points from arrays, lists and data frames, as people have them in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.data.cells import labels_among, labels_of, shortened
from search.problem.data.splitting import HeldOut
from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.names import quoted, shown

_SHAPE = "must be points by features, like an array of shape (100, 2)"
_NUMBERS = "biuf"
"""The kinds of NumPy's types that are numbers."""


@dataclass(frozen=True)
class Points:
    """Features, labels and classes as a data set has them; names if the features had any."""

    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    inexact: dict[str, tuple[int, int]]
    """For a column of whole numbers beyond float64: how many differ, and how many are left."""
    dropped: int
    """Points that were left out for a missing value."""


def points_from(features: Any, labels: Any, *, drops_rows: bool) -> Points:
    """The points of what people have.

    Args:
        features: An array, lists of numbers or a data frame, points by features; one feature may be
            flat or a series. True and False are 1 and 0.
        labels: The class of each point: an array, a list or a series of values of any kind.
        drops_rows: Whether points with a missing value are left out.

    Returns:
        The points.

    Raises:
        InvalidValuesError: If the features are no numbers, or the labels not one class for each
            point.
    """
    columns, names = _columns(features)
    read, values = _points(columns, names, _labels(labels), drops_rows=drops_rows)
    try:
        made, classes = labels_of("labels", values)
    except UserError as error:
        fault = Fault("labels", "must be of two or more classes", "others", str(error))
        raise InvalidValuesError([fault]) from None
    called = names or [str(place) for place in range(1, len(read) + 1)]
    return Points(
        np.column_stack(read),
        made,
        classes,
        tuple(names),
        {
            name: loss
            for name, column in zip(called, columns, strict=True)
            if (loss := _inexact(column)) is not None
        },
        len(columns[0]) - len(values),
    )


def held_out_from(
    features: Any, labels: Any, width: int, names: Sequence[str], classes: Sequence[str]
) -> HeldOut:
    """Held-out points of what people have.

    Args:
        features: As in `points_from`; the columns of a data frame are found by their names.
        labels: The class of each point.
        width: How many features the training points have.
        names: What they are called; none if they have no names.
        classes: The classes of the training points.

    Returns:
        The points.

    Raises:
        InvalidValuesError: If the features are no numbers or others than those of the training
            points, or a label is none of their classes.
    """
    columns, called = _columns(features)
    if names and called and set(names) <= set(called):
        columns = [columns[called.index(name)] for name in names]
    elif len(columns) != width or (names and called):
        rule = f"must be those of the training points: {shortened(names) or width}"
        raise _fault("features", rule, shortened(called) or str(len(columns)))
    read, values = _points(columns, names, _labels(labels), drops_rows=False)
    try:
        return HeldOut(np.column_stack(read), labels_among("labels", values, classes))
    except UserError as error:
        fault = Fault("labels", "must be classes of the training points", "others", str(error))
        raise InvalidValuesError([fault]) from None


def _points(
    columns: Sequence[NDArray[Any]], names: Sequence[str], values: list[Any], *, drops_rows: bool
) -> tuple[list[NDArray[np.float64]], list[str]]:
    """The columns as finite numbers, and the class of each point as a text."""
    if len(values) != len(columns[0]):
        rule = f"must be one for each of the {len(columns[0])} points"
        raise _fault("labels", rule, str(len(values)))
    read = [_numbers(column, _called(names, place)) for place, column in enumerate(columns)]
    is_missing = np.logical_or.reduce([np.isnan(column) for column in read])
    without_class = np.array([_is_missing(value) for value in values], dtype=bool)
    if drops_rows:
        kept = ~(is_missing | without_class)
        values = [value for value, is_kept in zip(values, kept, strict=True) if is_kept]
        read = [column[kept] for column in read]
    elif is_missing.any() or without_class.any():
        raise _missing(read, without_class, names)
    for place, column in enumerate(read):
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            raise _no_number(row, _called(names, place), column[row])
    return read, [_text(value) for value in values]


def _columns(features: Any) -> tuple[list[NDArray[Any]], list[str]]:
    """The columns, and their names if they have any."""
    names: list[str] = []
    try:
        if hasattr(features, "iloc") and hasattr(features, "columns"):
            names = [str(name) for name in features.columns]
            columns = [np.asarray(features.iloc[:, place]) for place in range(len(names))]
        elif hasattr(features, "columns") and hasattr(features, "to_numpy"):  # of other frames
            names = [str(name) for name in features.columns]
            columns = [np.asarray(features[name]) for name in features.columns]
        else:
            whole = np.asarray(features)
            if whole.ndim == 1 and whole.size:
                name = getattr(features, "name", None)
                names = [] if name is None else [str(name)]
                whole = whole[:, None]
            if whole.ndim != 2:
                raise ValueError(whole.shape)  # noqa: TRY301 - told below like NumPy's own
            columns = list(whole.T)
    except ValueError:
        shape = getattr(features, "shape", None)
        received = shown(features) if shape is None else f"shape {shape}"
        raise _fault("features", _SHAPE, received) from None
    if not columns or not len(columns[0]):
        raise _fault("features", _SHAPE, "none")
    return columns, names


def _labels(labels: Any) -> list[Any]:
    try:
        # Of a list with texts and NaN, NumPy would make texts only.
        whole = np.asarray(labels, dtype=object if isinstance(labels, list | tuple) else None)
    except ValueError:
        whole = np.empty((0, 0))
    if whole.ndim == 2 and whole.shape[1] == 1:
        whole = whole[:, 0]
    if whole.ndim != 1 or not whole.size:
        raise _fault("labels", "must be one value for each point", shown(labels))
    return whole.tolist() if whole.dtype.kind != "M" else [str(value) for value in whole]


def _numbers(column: NDArray[Any], called: str) -> NDArray[np.float64]:
    """A column as float64, NaN where a value is missing."""
    if column.dtype.kind in _NUMBERS:
        return column.astype(np.float64)
    if column.dtype.kind != "O":
        raise _no_number(0, called, column[0])
    read = np.empty(len(column))
    for row, value in enumerate(column):
        if _is_missing(value):
            read[row] = np.nan
        elif isinstance(value, Real | np.bool_) or hasattr(value, "as_tuple"):  # a Decimal
            try:
                read[row] = float(value)
            except OverflowError:
                read[row] = np.inf
        else:
            raise _no_number(row, called, value)
    return read


def _is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or what pandas has for a missing one."""
    if value is None or str(value) in ("<NA>", "NaT"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _inexact(column: NDArray[Any]) -> tuple[int, int] | None:
    """How many whole numbers differ, and how many are left as float64, if it is fewer."""
    if column.dtype.kind not in "iu":
        return None
    different = np.unique(column)
    left = len(np.unique(different.astype(np.float64)))
    return (len(different), left) if left < len(different) else None


def _text(value: Any) -> str:
    """The name of a class: of 1.0 it is "1"."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return str(int(value)) if is_whole else str(value).strip()


def _called(names: Sequence[str], place: int) -> str:
    return quoted(names[place]) if names else str(place)


def _no_number(row: int, called: str, value: Any) -> InvalidValuesError:
    return _fault(f"features[{row}, {called}]", "must be a finite number", shown(value))


def _missing(
    columns: Sequence[NDArray[np.float64]], without_class: NDArray[np.bool_], names: Sequence[str]
) -> InvalidValuesError:
    rule = "must not be missing: fill it in, or leave out such points by missing='drop'"
    for place, column in enumerate(columns):
        if np.isnan(column).any():
            row = int(np.argmax(np.isnan(column)))
            field = f"features[{row}, {_called(names, place)}]"
            return _fault(field, rule, "none")
    return _fault(f"labels[{int(np.argmax(without_class))}]", rule, "none")


def _fault(field: str, rule: str, received: str) -> InvalidValuesError:
    return InvalidValuesError([Fault(field, rule, received)])
