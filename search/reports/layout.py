"""Laying a table out as lines of text. Pure: titles and cells in, lines out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

NEVER_LEFT_OUT = 9
_BETWEEN = " " * 3


@dataclass(frozen=True)
class Column:
    """A column of a table for people; of the `importance` of NEVER_LEFT_OUT or to be left out.

    A title of several lines stands at the top of the head.
    """

    title: str
    right: bool = False
    importance: int = 1


@dataclass(frozen=True)
class Layout:
    """A table as lines, and the columns that were left out because it would have been too wide."""

    lines: tuple[str, ...]
    left_out: tuple[Column, ...]


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Layout:
    """Lay a table out in so many places, without its least important columns if need be.

    Args:
        columns: The columns, whose titles may have several lines.
        rows: A cell for each column, of one line.
        width: Places that a line may take; what must not be left out may take more.
    """
    widths = [
        max(map(_places, (*column.title.split("\n"), *(row[index] for row in rows))))
        for index, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    while sum(widths[index] for index in kept) + len(_BETWEEN) * (len(kept) - 1) > width:
        least = min(kept, key=lambda index: (columns[index].importance, -index))
        if columns[least].importance == NEVER_LEFT_OUT:
            break
        kept.remove(least)

    def line(cells: Sequence[str]) -> str:
        padded = []
        for index in kept:
            padding = " " * (widths[index] - _places(cells[index]))
            cell = cells[index]
            padded.append(padding + cell if columns[index].right else cell + padding)
        return _BETWEEN.join(padded).rstrip()

    head = zip_longest(*(column.title.split("\n") for column in columns), fillvalue="")
    rule = "─" * (sum(widths[index] for index in kept) + len(_BETWEEN) * (len(kept) - 1))
    return Layout(
        (*map(line, head), rule, *map(line, rows)),
        tuple(column for index, column in enumerate(columns) if index not in kept),
    )


def _places(text: str) -> int:
    """How many places a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
