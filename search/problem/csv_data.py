"""Data from a CSV file: numeric features and one column with the class."""

from __future__ import annotations

import codecs
import csv
import re
import stat
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from search.problem.datasets import BUILT_IN, MAX_POINTS, Dataset
from search.problem.errors import Fault, InvalidValuesError, UserError, unknown_name
from search.problem.names import is_printable, quoted

_DELIMITERS = ",;\t|"
_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def load_data(name: str, target: str | None, folder: Path = Path()) -> Dataset:
    """Load a built-in data set by its name, or a CSV file by its path.

    Args:
        name: Name of a built-in data set, or path of a CSV file.
        target: Name of the CSV file's class column; None for a built-in data set.
        folder: Where a relative path starts.

    Returns:
        The points and labels.

    Raises:
        UserError: If there is neither, `target` does not go with the name, or as in `read_csv`.
    """
    if name in BUILT_IN:
        if target is not None:
            message = f"a target column goes with a CSV file; data {name!r} is built in"
            raise InvalidValuesError([Fault("target", "goes with a CSV file", target, message)])
        return BUILT_IN[name]()
    path = folder / (name or "no name")  # an empty path would be the folder
    if path.suffix.lower() != ".csv":
        try:
            path.stat()
        except OSError:
            raise unknown_name("data", name, [*BUILT_IN, "a CSV file's path"]) from None
    if target is None:
        rule = f"must name the class column of the CSV file {quoted(name)}"
        raise InvalidValuesError([Fault("target", rule, "none")])
    return read_csv(path, target)


def read_csv(path: Path, target: str) -> Dataset:
    """Read a CSV file whose columns but `target` are numeric features.

    The delimiter is found among comma, semicolon, tab and bar; a byte-order mark and blank lines
    are passed over.

    Args:
        path: A plain file of text in UTF-8 with a header.
        target: Name of the column with the two classes.

    Returns:
        The points and labels: of the two classes the one that sorts second (numbers as numbers,
        before other texts) is 1.

    Raises:
        UserError: If the file cannot be read, its header or a cell is at fault, or the target has
            not exactly two classes; the message names the line and the column.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe cannot be read twice, and a device may never end
            kind = _KINDS.get(stat.S_IFMT(mode), "a device")
            raise UserError(f"cannot read {path}: it is {kind}, not a file")
        with path.open(encoding="utf-8-sig", newline="") as file:
            if "\0" in file.read(2**20):
                raise UserError(f"cannot read {path}: it holds NUL bytes, so it is no UTF-8 text")
            delimiter = _delimiter(path, file, target)
            return _dataset(path, target, _rows(path, file, delimiter))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        encoding = "text in UTF-16" if error.object.startswith(_UTF_16) else "not text in UTF-8"
        raise UserError(f"cannot read {path}: it is {encoding}; save it as UTF-8") from None


def _rows(path: Path, file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file that are not blank, each with the number of its line."""
    file.seek(0)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        yield from ((reader.line_num, cells) for cells in reader if "".join(cells).strip())
    except csv.Error as error:
        where = f"{path}, line {reader.line_num}"
        raise UserError(f"{where}: not well-formed CSV ({error})") from None


def _delimiter(path: Path, file: TextIO, target: str) -> str:
    """The candidate under which the header names the target, or else the most columns."""

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            names = _header(_rows(path, file, delimiter))
        except UserError:  # its header is not well-formed, or too long to be one cell
            return False, 0
        return target in names, len(names)

    return max(_DELIMITERS, key=fit)


def _header(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    return [name.strip() for name in next(rows, (0, []))[1]]


def _dataset(path: Path, target: str, rows: Iterator[tuple[int, list[str]]]) -> Dataset:
    names = _header(rows)
    _require_header(path, target, names)
    target_index = names.index(target)
    columns = [name for name in names if name != target]
    features, classes = array("d"), list[str]()
    for line, cells in rows:
        if len(cells) != len(names):
            fault = f"{len(cells)} cells, but the header names {len(names)}"
            raise UserError(f"{path}, line {line}: {fault}")
        value = cells.pop(target_index).strip()
        if not value:
            raise UserError(f"{path}, line {line}, column {quoted(target)}: the class is missing")
        for cell in cells:
            number = _number(cell)
            if number is None:
                column = columns[cells.index(cell)]  # an equal cell before it would be unfit too
                fault = f"a finite number is needed, received {_received(cell.strip())}"
                raise UserError(f"{path}, line {line}, column {quoted(column)}: {fault}")
            features.append(number)
        classes.append(sys.intern(value))  # one object for each class, not for each point
        if len(classes) > MAX_POINTS:
            raise UserError(f"{path}, line {line}: more than {MAX_POINTS:,} points")
    labels, named = _labels(f"{path}, column {quoted(target)}", classes)
    # The names of built-in data are theirs alone, and so are the studies named after them.
    name = path.name if path.stem in BUILT_IN else path.stem
    if not is_printable(name):
        raise UserError(f"{path}: the data are named after the file; give it a printable name")
    return Dataset(name, np.array(features).reshape(len(classes), -1), labels, named)


def _require_header(path: Path, target: str, names: Sequence[str]) -> None:
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


def _number(cell: str) -> float | None:
    """The finite number that a cell is; None if it is none.

    As other programs read it: Python's own 1_000 and digits of other scripts are no numbers.
    """
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in cell and cell.isascii() else None


def _received(cell: str) -> str:
    if re.fullmatch(r"[+-]?[\d.]*,\d+([eE][+-]?\d+)?", cell):
        return f"{quoted(cell)}; write its decimal point as a dot"
    return quoted(cell) if cell else "nothing"


def _labels(where: str, values: Sequence[str]) -> tuple[NDArray[np.uint8], tuple[str, str]]:
    """Labels, (points,), and the two classes, of which the second is 1."""
    keys: dict[str, Any] = {value: _number(value) for value in dict.fromkeys(values)}
    unfit = next((value for value in keys if not is_printable(value)), None)
    if unfit is not None:
        raise UserError(f"{where}: the class {quoted(unfit)} has characters that do not print")
    if None in keys.values():  # else 0 and 0.0 are one class
        keys = {value: (number is None, number or 0, value) for value, number in keys.items()}
    spelled = {keys[value]: value for value in reversed(keys)}  # as the file spells it first
    order = sorted(spelled)
    if len(order) != 2:
        shown = ", ".join(quoted(spelled[key]) for key in order[:5]) or "no rows"
        shown += ", ..." if len(order) > 5 else ""
        raise UserError(f"{where}: exactly two classes are needed, received {len(order)} ({shown})")
    labels = np.array([keys[value] == order[1] for value in values], dtype=np.uint8)
    return labels, (spelled[order[0]], spelled[order[1]])
