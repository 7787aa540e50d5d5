"""Arrays as Python writes them, in lines of a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH = 88


def array_lines(values: NDArray[Any], lead: str, end: str = "") -> list[str]:
    """An array of numbers as an expression of NumPy's, each number in as many digits as tell it.

    Args:
        values: The array.
        lead: What stands before it: spaces, or "name = ". Further lines are indented as that is.
        end: What stands behind it.

    Returns:
        Lines of at most 88 characters where that can be.
    """
    margin = " " * (len(lead) - len(lead.lstrip()))
    whole = f"{lead}np.array({_nested(values)}){end}"
    if len(whole) <= _WIDTH or values.size == 1:
        return [whole]
    parts, shape = [_nested(np.asarray(part)) for part in values], ""
    room = _WIDTH - len(margin) - 8
    if max(map(len, parts)) > room:
        parts = [str(value) for value in values.ravel()]
        shape = f".reshape({', '.join(map(str, values.shape))})"
    lines = [f"{lead}np.array(", f"{margin}    ["]
    lines += [f"{margin}        {part}" for part in _filled(parts, room)]
    return [*lines, f"{margin}    ]", f"{margin}){shape}{end}"]


def _nested(values: NDArray[Any]) -> str:
    if values.ndim == 0:
        return str(values[()])
    return f"[{', '.join(map(_nested, values))}]"


def _filled(parts: list[str], width: int) -> Iterator[str]:
    line = ""
    for part in parts:
        if line and len(line) + len(part) + 2 > width:
            yield line.rstrip()
            line = ""
        line += f"{part}, "
    yield line.rstrip()
