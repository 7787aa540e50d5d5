"""A table of texts, and the points that it holds: what files of all kinds are read into."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.problem.data.cells import (
    HOW_TO_LEAVE_OUT,
    is_missing,
    labels_among,
    labels_of,
    number,
    unfit,
)
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.data.judging import collapsed, left_out_rows
from search.problem.data.rules import MAX_POINTS
from search.problem.data.selection import Selection
from search.problem.data.splitting import HeldOut
from search.problem.errors import UserError, listed, unknown_name
from search.problem.names import is_printable, quoted

_ENDINGS = (".gz", ".csv", ".tsv", ".txt", ".parquet", ".pq")
_EXACT_CHARACTERS = 16
"""Numbers of so few characters differ as float64 where their texts do."""


@dataclass(frozen=True)
class Table:
    """Columns of a file by their names, and its rows of texts, each with its number.

    source: the file, for messages; place: what the numbers count, "line" or "row"; notes: what is
    to be told of how it was read.
    """

    source: str
    names: Sequence[str]
    rows: Iterator[tuple[int, list[str]]]
    place: str = "line"
    notes: tuple[str, ...] = ()


def data_name(path: Path) -> str:
    """The name of the data in a file: the file's without its endings.

    The names of built-in data are theirs alone, and so are the studies named after them.

    Args:
        path: The file.

    Returns:
        The name.

    Raises:
        UserError: If it has characters that do not print.
    """
    name = Path(path.stem).stem if Path(path.stem).suffix.lower() in _ENDINGS else path.stem
    name = path.name if name in BUILT_IN else name
    if not is_printable(name):
        raise UserError(f"{path}: the data are named after the file; give it a printable name")
    return name


def points_of(table: Table, name: str, target: str, selection: Selection) -> Dataset:
    """The points of a table.

    Args:
        table: The columns and rows.
        name: Name of the data.
        target: The column with the classes.
        selection: Which other columns are features, and what becomes of rows with missing cells.

    Returns:
        The points and labels.

    Raises:
        UserError: If the header, the selection or a cell is at fault, or the target has no or too
            many classes.
    """
    _require_header(table, target)
    places = selection.columns(table.source, table.names, target)
    read = _read(table, target, places, drops_rows=selection.drops_rows)
    left_out = left_out_rows(read.dropped, read.dropped + len(read.classes))
    try:
        labels, named = labels_of(f"{table.source}, column {quoted(target)}", read.classes)
    except UserError as error:
        raise UserError("; ".join((str(error), *left_out))) from None
    notes = (*table.notes, *left_out, *read.notes)
    columns = tuple(table.names[place] for place in places)
    return Dataset(name, read.features, labels, named, columns, selection, notes)


def held_out_points(table: Table, target: str, training: Dataset) -> HeldOut:
    """The points of a table that are held out beside those of another.

    Args:
        table: The columns and rows; columns that are no features of the training points are passed
            over.
        target: The column with the classes.
        training: The points that are trained on.

    Returns:
        The points.

    Raises:
        UserError: If a feature or the target is missing, a cell is at fault, there are no points,
            or a class is none of the training points.
    """
    _require_header(table, target)
    absent = [name for name in training.names if name not in table.names]
    if absent:
        names = listed([name for name in table.names if name != target])
        raise UserError(
            f"{table.source}: the training points' column {quoted(absent[0])} is missing; there "
            f"are {names}"
        )
    places = [table.names.index(name) for name in training.names]
    read = _read(table, target, places, drops_rows=training.selection.drops_rows)
    if not read.classes:
        raise UserError(f"{table.source}: there are no points")
    where = f"{table.source}, column {quoted(target)}"
    return HeldOut(read.features, labels_among(where, read.classes, training.classes))


@dataclass(frozen=True)
class _Read:
    """The points of a table: features, the texts of their classes, how many rows were dropped."""

    features: NDArray[np.float64]
    classes: list[str]
    dropped: int
    notes: list[str]


def _read(table: Table, target: str, places: Sequence[int], *, drops_rows: bool) -> _Read:
    columns = [table.names[place] for place in places]
    target_place = table.names.index(target)
    kept = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
    features, classes, dropped = array("d"), list[str](), 0
    digits = _Digits(columns)
    for line, cells in table.rows:
        value, texts = cells[target_place].strip(), kept(cells)
        numbers = [*map(number, texts)]
        if drops_rows and (is_missing(value) or (None in numbers and any(map(is_missing, texts)))):
            dropped += 1
            continue
        where = f"{table.source}, {table.place} {line}"
        if not value:
            fault = f"the class is missing; {HOW_TO_LEAVE_OUT}"
            raise UserError(f"{where}, column {quoted(target)}: {fault}")
        if None in numbers:
            place = numbers.index(None)
            fault = f"a finite number is needed, received {unfit(texts[place])}"
            raise UserError(f"{where}, column {quoted(columns[place])}: {fault}")
        features.extend(numbers)  # type: ignore[arg-type] # none is None
        if max(map(len, texts)) > _EXACT_CHARACTERS:
            digits.add(texts, numbers)
        classes.append(sys.intern(value))  # one object for each class, not for each point
        if len(classes) > MAX_POINTS:
            raise UserError(f"{where}: more than {MAX_POINTS:,} points")
    shaped = np.array(features).reshape(len(classes), len(places))
    return _Read(shaped, classes, dropped, digits.notes())


class _Digits:
    """Finds columns whose long numbers differ as texts and are the same as float64."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._found: dict[int, tuple[array[float], array[int]]] = {}

    def add(self, texts: Sequence[str], numbers: Sequence[float | None]) -> None:
        for place, (text, value) in enumerate(zip(texts, numbers, strict=True)):
            if len(text) > _EXACT_CHARACTERS and value is not None:
                values, hashes = self._found.setdefault(place, (array("d"), array("q")))
                values.append(value)
                hashes.append(hash(text.strip()))

    def notes(self) -> list[str]:
        notes = []
        for place, (values, hashes) in sorted(self._found.items()):
            texts, numbers = len(np.unique(np.array(hashes))), len(np.unique(np.array(values)))
            if numbers < texts:
                notes.append(collapsed(self._columns[place], texts, numbers))
        return notes


def _require_header(table: Table, target: str) -> None:
    path, names = table.source, table.names
    if not names:
        raise UserError(f"{path} is empty: a header line and points are needed")
    if "" in names:
        raise UserError(
            f"{path}: column {names.index('') + 1} has no name in the header; name it, or leave it "
            "out if it only counts the rows"
        )
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise UserError(f"{path}: column {quoted(name)} stands more than once in the header")
    if target not in names:
        raise unknown_name(f"column in {path}", target, names)
    if len(names) == 1:
        raise UserError(f"{path}: there is no feature column beside the target {quoted(target)}")
