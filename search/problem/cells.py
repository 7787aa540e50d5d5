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


def labels_of(where: str, values: Sequence[str]) -> tuple[NDArray[np.uint8], tuple[str, str]]:
    """Labels, (points,), and the two classes, of which the second is 1.

    Args:
        where: What holds the classes, for messages.
        values: The class of each point.

    Returns:
        The labels and classes: numbers sort as numbers, and before other texts.

    Raises:
        UserError: If there are not exactly two, or one has characters that do not print.
    """
    keys: dict[str, Any] = {value: number(value) for value in dict.fromkeys(values)}
    odd = next((value for value in keys if not is_printable(value)), None)
    if odd is not None:
        raise UserError(f"{where}: the class {quoted(odd)} has characters that do not print")
    if None in keys.values():  # else 0 and 0.0 are one class
        keys = {value: (key is None, key or 0, value) for value, key in keys.items()}
    spelled = {keys[value]: value for value in reversed(keys)}  # the first spelling
    order = sorted(spelled)
    if len(order) != 2:
        shown = ", ".join(quoted(spelled[key]) for key in order[:5]) or "no rows"
        shown += ", ..." if len(order) > 5 else ""
        raise UserError(f"{where}: exactly two classes are needed, received {len(order)} ({shown})")
    labels = np.array([keys[value] == order[1] for value in values], dtype=np.uint8)
    return labels, (spelled[order[0]], spelled[order[1]])


def _cut(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}..."
