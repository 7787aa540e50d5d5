"""What the texts of a file's cells mean: numbers, missing ones, classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.errors import UserError
from search.problem.names import is_printable, quoted

HOW_TO_LEAVE_OUT = "fill it in, or set missing to drop: rows with missing cells are then left out"
"""What to do about a missing cell."""
MAX_CLASSES = 256
"""Labels are kept in one byte each."""
_FEWEST_CLASSES = 2
_MANY_CLASSES = 20
"""More than these are taken for measurements if they have decimals or are different in most rows.
"""
_MOST_SHOWN = 5
_TRUTH = {"true": 1.0, "false": 0.0}
_MISSING = {"", "na", "n/a", "nan", "null", "none", "<na>"}
_THOUSANDS = re.compile(r"([+-]?[1-9]\d{0,2})((?:,\d{3})+)(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"([+-]?[\d.]*),(\d+(?:[eE][+-]?\d+)?)")
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[\s'\u2019]\d{3})+(?:\.\d*)?")
_WORDS_OR_DATE = re.compile(r"[^\W\d]{2,}|\d[-/:]\d")


def number(cell: str) -> float | None:
    """The finite number that a cell is, 1 and 0 for true and false; None if it is none.

    As other programs read it: Python's own 1_000 and digits of other scripts are no numbers.
    """
    try:
        value = float(cell)
    except ValueError:
        return _TRUTH.get(cell.strip().lower())
    return value if isfinite(value) and "_" not in cell and cell.isascii() else None


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value: empty, NA, NaN or null in any case."""
    return cell.strip().lower() in _MISSING


def unfit(cell: str) -> str:
    """What was received where a number is needed, and what to write instead, for a message."""
    cell = cell.strip()
    if is_missing(cell):
        received = quoted(cell) if cell else "nothing"
        return f"{received}; {HOW_TO_LEAVE_OUT}"
    found = _THOUSANDS.fullmatch(cell)
    if found is not None:
        first, groups, fraction = found.groups()
        whole = first + groups.replace(",", "") + (fraction or "")
        if fraction is not None or groups.count(",") > 1:
            return f"{quoted(cell)}; leave out the commas between thousands: {whole}"
        point = cell.replace(",", ".")
        return (
            f"{quoted(cell)}; write {whole} if its comma separates thousands, "
            f"or {point} if it is a decimal comma"
        )
    found = _DECIMAL_COMMA.fullmatch(cell)
    if found is not None:
        plain = f"{found[1].replace('.', '')}.{found[2]}"
        return f"{quoted(cell)}; write its decimal point as a dot: {_cut(plain)}"
    if _SPACED.fullmatch(cell):
        plain = re.sub(r"[\s'\u2019]", "", cell)
        return f"{quoted(cell)}; leave out what separates thousands: {_cut(plain)}"
    is_no_number = _WORDS_OR_DATE.search(cell) and "inf" not in cell.lower()
    hint = "; write it as a number, or drop the column if it is no feature" if is_no_number else ""
    return quoted(cell) + hint


def labels_of(where: str, values: Sequence[str]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Labels, (points,), and the classes that they count from 0.

    Args:
        where: What holds the classes, for messages.
        values: The class of each point.

    Returns:
        The labels and classes in order: numbers sort as numbers, and before other texts.

    Raises:
        UserError: If there are fewer than two or more than `MAX_CLASSES`, if they are so many
            different values that they seem to be measurements, or if one has characters that do not
            print.
    """
    keys: dict[str, Any] = {value: number(value) for value in dict.fromkeys(values)}
    odd = next((value for value in keys if not is_printable(value)), None)
    if odd is not None:
        raise UserError(f"{where}: the class {quoted(odd)} has characters that do not print")
    has_decimals = None not in keys.values() and any(key % 1 for key in keys.values())
    if None in keys.values():  # else 0 and 0.0 are one class
        keys = {value: (key is None, key or 0, value) for value, key in keys.items()}
    spelled = {keys[value]: value for value in reversed(keys)}  # the first spelling
    order = sorted(spelled)
    _require_classes(where, [spelled[key] for key in order], len(values), has_decimals)
    labels = {key: label for label, key in enumerate(order)}
    of_values = {value: labels[key] for value, key in keys.items()}
    return (
        np.array([of_values[value] for value in values], dtype=np.uint8),
        tuple(spelled[key] for key in order),
    )


def labels_among(where: str, values: Sequence[str], classes: Sequence[str]) -> NDArray[np.uint8]:
    """Labels, (points,), of points whose classes are those of other points.

    Args:
        where: What holds the classes, for messages.
        values: The class of each point.
        classes: The classes in order, as `labels_of` gives them.

    Returns:
        The labels. A number is the class of that number however it is spelled.

    Raises:
        UserError: If a value is none of the classes.
    """
    by_text = {name: label for label, name in enumerate(classes)}
    numbers = {number(name): label for label, name in enumerate(classes)}
    is_numeric = None not in numbers
    known = {
        value: by_text.get(value, numbers.get(number(value)) if is_numeric else None)
        for value in dict.fromkeys(values)
    }
    for value, label in known.items():
        if label is None:
            raise UserError(
                f"{where}: the class {quoted(value)} is none of the training points: those are of "
                f"{shortened([quoted(name) for name in classes])}"
            )
    return np.array([known[value] for value in values], dtype=np.uint8)


def _require_classes(where: str, classes: list[str], points: int, has_decimals: bool) -> None:
    count = len(classes)
    shown = shortened([quoted(name) for name in classes]) or "no rows"
    if count < _FEWEST_CLASSES:
        raise UserError(f"{where}: at least two classes are needed, received {count} ({shown})")
    seem_measured = count > _MANY_CLASSES and (has_decimals or points < 2 * count)
    if count > MAX_CLASSES or seem_measured:
        most = f"at most {MAX_CLASSES} classes" if count > MAX_CLASSES else "classes"
        raise UserError(
            f"{where}: {most} are needed, received {count:,} different values in {points:,} points "
            f"({shown}); put numbers into few classes first, like low and high, or name another "
            "target"
        )


def shortened(items: Sequence[str]) -> str:
    """The first of some items, separated by commas."""
    return ", ".join((*items[:_MOST_SHOWN], *(["..."] if len(items) > _MOST_SHOWN else [])))


def _cut(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}..."
