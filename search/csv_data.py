"""Data from a CSV file: numeric features and one column with the class."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from search.datasets import BUILT_IN, Dataset
from search.errors import UserError, unknown_name

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 64 * 1024
_CLASSES = 2


def load_data(name: str, target: str | None) -> Dataset:
    """A built-in data set by its name, or a CSV file by its path with the class column's name.

    Raises UserError if there is neither, or if `target` does not go with the name.
    """
    if name in BUILT_IN:
        if target is not None:
            raise UserError(f"--target goes with a CSV file; data {name!r} is built in")
        return BUILT_IN[name]()
    if not name.lower().endswith(".csv") and not Path(name).exists():
        raise unknown_name("data", name, [*BUILT_IN, "a CSV file's path"])
    if target is None:
        raise UserError(f"--data {name} is a CSV file: name its class column with --target COLUMN")
    return read_csv(Path(name), target)


def read_csv(path: Path, target: str) -> Dataset:
    """Read a CSV file whose columns but `target` are numeric features.

    The delimiter is found among comma, semicolon, tab and bar; a byte-order mark and empty lines
    are passed over. Of the two classes the one that sorts second (as a number if both are) is 1.
    Raises UserError that names the column and the line of the file if a cell is not a finite
    number, a line has more or fewer cells than the header, the header repeats a name or lacks the
    target, or the target has not exactly two classes.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(_SAMPLE_CHARACTERS)
            file.seek(0)
            reader = csv.reader(file, delimiter=_delimiter(sample, target), strict=True)
            lines = ((reader.line_num, cells) for cells in reader if any(map(str.strip, cells)))
            return _parse(path, target, lines)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"cannot read {path}: it is not text in UTF-8") from None
    except csv.Error as error:
        raise UserError(f"cannot read {path}: not well-formed CSV ({error})") from None


def _parse(path: Path, target: str, lines: Iterator[tuple[int, list[str]]]) -> Dataset:
    _, header = next(lines, (0, []))
    names = [name.strip() for name in header]
    if not names:
        raise UserError(f"{path} is empty: a header line and points are needed")
    if "" in names:
        raise UserError(
            f"{path}: column {names.index('') + 1} has no name in the header; name it, or leave it "
            "out if it only counts the rows"
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UserError(f"{path}: column {repeated[0]!r} stands more than once in the header")
    if target not in names:
        raise unknown_name(f"column in {path}", target, names)
    if len(names) == 1:
        raise UserError(f"{path}: there is no feature column beside the target {target!r}")
    target_index = names.index(target)
    features: list[list[float]] = []
    values: list[str] = []
    for number, cells in lines:
        if len(cells) != len(names):
            raise UserError(
                f"{path}, line {number}: {len(cells)} cells, but the header names {len(names)}"
            )
        value = cells.pop(target_index).strip()
        if not value:
            raise UserError(f"{path}, line {number}, column {target!r}: the class is missing")
        values.append(value)
        others = (name for name in names if name != target)
        features.append(
            [_number(path, number, name, cell) for name, cell in zip(others, cells, strict=True)]
        )
    values = _canonical(values)
    classes = sorted(set(values), key=_class_key)
    if len(classes) != _CLASSES:
        shown = ", ".join(classes[:5]) + (", ..." if len(classes) > 5 else "")
        raise UserError(
            f"{path}, column {target!r}: exactly two classes are needed, "
            f"received {len(classes)}{f' ({shown})' if classes else ' (no rows)'}"
        )
    labels = np.array([value == classes[1] for value in values], dtype=np.uint8)
    # The names of built-in data are theirs alone, and so are the studies named after them.
    name = path.name if path.stem in BUILT_IN else path.stem
    return Dataset(name, np.array(features), labels, (classes[0], classes[1]))


def _number(path: Path, line: int, column: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        shown = repr(cell.strip()) if cell.strip() else "nothing"
        raise UserError(
            f"{path}, line {line}, column {column!r}: a finite number is needed, received {shown}"
        )
    return number


def _canonical(values: list[str]) -> list[str]:
    """Classes as they are compared: 0 and 0.0 are one class if all classes are numbers."""
    spelled: dict[float, str] = {}
    try:
        return [spelled.setdefault(float(value), value) for value in values]
    except ValueError:
        return values


def _class_key(value: str) -> tuple[int, float, str]:
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def _delimiter(sample: str, target: str) -> str:
    """The candidate under which the header names the target, or else the most columns."""
    header = next((line for line in sample.splitlines() if line.strip()), "")

    def fit(delimiter: str) -> tuple[bool, int]:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        return target in names, len(names)

    return max(_DELIMITERS, key=fit)
