"""Data from a CSV file: numeric features and one column with the class."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from search.problem.datasets import BUILT_IN, MAX_POINTS, Dataset
from search.problem.errors import Fault, InvalidValuesError, UserError, unknown_name
from search.problem.names import is_printable, quoted

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 2**20
_LONGEST_LINE = 2**24
_CELLS_TOGETHER = 2**17  # parsed at once: bounds the memory for cells as Python texts to 10 MB
_LINES_TOGETHER = 256  # few enough to die before Python's collector of cycles looks at them
_CLASSES = 2
_KINDS = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))

_Line = tuple[int, list[str]]
"""Number of a line in the file, counted from 1, and its cells."""


def load_data(name: str, target: str | None, folder: Path = Path()) -> Dataset:
    """A built-in data set by its name, or a CSV file by its path with the class column's name.

    A relative path starts at `folder`. Raises UserError if there is neither, or if `target` does
    not go with the name.
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

    The delimiter is found among comma, semicolon, tab and bar; a byte-order mark and empty lines
    are passed over. Of the two classes the one that sorts second (as a number if both are) is 1.
    Raises UserError that names the column and the line of the file if a cell is not a finite
    number, a line has more or fewer cells than the header, the header repeats a name or lacks the
    target, or the target has not exactly two classes; and if the file is no text in UTF-8, or so
    made that reading it would not end.
    """
    try:
        _require_plain_file(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(_SAMPLE_CHARACTERS)
            if "\0" in sample:
                raise UserError(
                    f"cannot read {path}: it holds NUL bytes, so it is no text in UTF-8"
                )
            delimiter = _delimiter(sample, target)
            file.seek(0)
            reader = csv.reader(_bounded_lines(path, file), delimiter=delimiter, strict=True)
            try:
                return _parse(path, target, ((reader.line_num, cells) for cells in reader if cells))
            except csv.Error as error:
                where = f"{path}, line {reader.line_num}"
                raise UserError(f"{where}: not well-formed CSV ({error})") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"cannot read {path}: it is not text in UTF-8; save it as UTF-8") from None


def _require_plain_file(path: Path) -> None:
    """Refuse what would not end, could not be read twice, or is text of another encoding."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")
        raise UserError(f"cannot read {path}: it is {kind}, not a file")
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise UserError(f"cannot read {path}: it is text in UTF-16; save it as UTF-8")


def _bounded_lines(path: Path, file: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise UserError(f"{path}, line {number}: longer than {_LONGEST_LINE:,} characters")
        yield line


def _parse(path: Path, target: str, lines: Iterator[_Line]) -> Dataset:
    names = next(
        (names for _, cells in lines if any(names := [name.strip() for name in cells])), []
    )
    _require_header(path, target, names)
    target_index = names.index(target)
    columns = [name for name in names if name != target]
    numbers: defaultdict[str, int] = defaultdict(count().__next__)  # of classes as they are spelled
    features, classes, points = [], [], 0
    together = max(1, min(_LINES_TOGETHER, _CELLS_TOGETHER // len(names)))
    while chunk := list(islice(lines, together)):
        block, values = _block(chunk, len(names), target_index) or _block_line_by_line(
            path, columns, target_index, target, chunk
        )
        features.append(block)
        classes.append(np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)))
        points += len(values)
        if points > MAX_POINTS:
            raise UserError(f"{path}, line {chunk[-1][0]}: more than {MAX_POINTS:,} points")
    labels, named = _labels(path, target, list(numbers), classes)
    # The names of built-in data are theirs alone, and so are the studies named after them.
    name = path.name if path.stem in BUILT_IN else path.stem
    if not is_printable(name):
        raise UserError(f"{path}: the data are named after the file; give it a printable name")
    return Dataset(name, np.concatenate(features), labels, named)


def _require_header(path: Path, target: str, names: Sequence[str]) -> None:
    if not names:
        raise UserError(f"{path} is empty: a header line and points are needed")
    if "" in names:
        raise UserError(
            f"{path}: column {names.index('') + 1} has no name in the header; name it, or leave it "
            "out if it only counts the rows"
        )
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise UserError(f"{path}: column {quoted(repeated[0])} stands more than once in the header")
    if target not in names:
        raise unknown_name(f"column in {path}", target, names)
    if len(names) == 1:
        raise UserError(f"{path}: there is no feature column beside the target {target!r}")


def _block(
    chunk: Sequence[_Line], width: int, target_index: int
) -> tuple[NDArray[np.float64], list[str]] | None:
    """Features, (points, features), and classes of some lines; None if any cell is unfit.

    A column at a time: three times as fast as cell by cell, which only has to find the unfit one.
    """
    try:
        columns = list(zip(*(cells for _, cells in chunk), strict=True))
        if len(columns) != width:
            return None
        values = [value.strip() for value in columns.pop(target_index)]
        block = np.array([_column(cells) for cells in columns])
    except ValueError:
        return None
    return None if "" in values or not np.isfinite(block).all() else (block.T, values)


def _column(cells: Sequence[str]) -> NDArray[np.float64]:
    """The numbers of a column. Raises ValueError if a cell is none, as `_number` has it."""
    _require_plain_digits("".join(cells))
    return np.fromiter(map(float, cells), np.float64, len(cells))


def _block_line_by_line(
    path: Path, columns: Sequence[str], target_index: int, target: str, chunk: Iterable[_Line]
) -> tuple[NDArray[np.float64], list[str]]:
    """The same without blank lines. Raises UserError that names the first unfit cell."""
    features, values = [], []
    for line, cells in chunk:
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != len(columns) + 1:
            raise UserError(
                f"{path}, line {line}: {len(cells)} cells, but the header names {len(columns) + 1}"
            )
        value = cells[target_index].strip()
        if not value:
            raise UserError(f"{path}, line {line}, column {target!r}: the class is missing")
        values.append(value)
        others = cells[:target_index] + cells[target_index + 1 :]
        features.append([_number(cell) for cell in others])
        if None in features[-1]:
            index = features[-1].index(None)
            raise UserError(
                f"{path}, line {line}, column {quoted(columns[index])}: a finite number is needed, "
                f"received {_received(others[index])}"
            )
    return np.array(features, dtype=np.float64).reshape(-1, len(columns)), values


def _number(cell: str) -> float | None:
    """The finite number that a cell is; None if it is none.

    As other programs read it: Python's own 1_000 and digits of other scripts are no numbers.
    """
    try:
        _require_plain_digits(cell)
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _require_plain_digits(text: str) -> None:
    if "_" in text or not text.isascii():
        raise ValueError("underscores and digits other than 0-9")


def _received(cell: str) -> str:
    cell = cell.strip()
    if not cell:
        return "nothing"
    if re.fullmatch(r"[+-]?[\d.]*,\d+([eE][+-]?\d+)?", cell):
        return f"{quoted(cell)}; write its decimal point as a dot"
    return quoted(cell)


def _labels(
    path: Path, target: str, spelled: Sequence[str], numbers: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.uint8], tuple[str, str]]:
    """Labels, (points,), and the two classes, of which the second is 1.

    numbers: for each point the place in `spelled` of its class.
    """
    unfit = next((value for value in spelled if not is_printable(value)), None)
    if unfit is not None:
        raise UserError(
            f"{path}, column {target!r}: the class {quoted(unfit)} has characters that do not print"
        )
    canonical = _canonical(spelled)
    classes = sorted(set(canonical), key=_class_key)
    if len(classes) != _CLASSES:
        shown = ", ".join(map(_cut, classes[:5])) + (", ..." if len(classes) > 5 else "")
        raise UserError(
            f"{path}, column {target!r}: exactly two classes are needed, "
            f"received {len(classes)}{f' ({shown})' if classes else ' (no rows)'}"
        )
    is_second = np.array([value == classes[1] for value in canonical], dtype=np.uint8)
    return is_second[np.concatenate(numbers)], (classes[0], classes[1])


def _canonical(values: Sequence[str]) -> list[str]:
    """Classes as they are compared: 0 and 0.0 are one class if all classes are numbers."""
    numbers = [_number(value) for value in values]
    spelled: dict[float, str] = {}
    known = [number for number in numbers if number is not None]
    if len(known) < len(values):
        return list(values)
    return [spelled.setdefault(number, value) for number, value in zip(known, values, strict=True)]


def _class_key(value: str) -> tuple[int, float, str]:
    number = _number(value)
    return (1, 0.0, value) if number is None else (0, number, value)


def _cut(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:40]}..."


def _delimiter(sample: str, target: str) -> str:
    """The candidate under which the header names the target, or else the most columns."""

    def fit(delimiter: str) -> tuple[bool, int]:
        lines = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        names = next((cells for cells in lines if any(map(str.strip, cells))), [])
        return target in (name.strip() for name in names), len(names)

    return max(_DELIMITERS, key=fit)
