"""Laying a table out as lines of text. Pure: titles and cells in, lines out.

A table that is too wide comes closer together; then it goes without the columns of least
importance; then what leads each row, such as the values of a configuration, stands on a line of its
own above the row's figures.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

NEVER_LEFT_OUT = 9
_BETWEEN, _CLOSER = 3, 2
_INDENT = 2
_MAY_BREAK = "\0"
_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR = 8


@dataclass(frozen=True)
class Column:
    """A column of a table for people; of the `importance` of NEVER_LEFT_OUT or to be left out.

    A title of several lines stands at the top of the head. A column that `leads` says what its row
    is about, and may stand above it. One that `is_drawn` shows what another column says, on
    terminals that have room for it, and is not missed elsewhere.
    """

    title: str
    right: bool = False
    importance: int = 1
    leads: bool = False
    is_drawn: bool = False


@dataclass(frozen=True)
class Layout:
    """A table as lines, and the columns that were left out because it would have been too wide."""

    lines: tuple[str, ...]
    left_out: tuple[Column, ...]


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Layout:
    """Lay a table out in so many places.

    Args:
        columns: The columns, whose titles may have several lines.
        rows: A cell for each column, of one line. A row with nothing but its first cell is a
            heading, which may stand across the columns.
        width: Places that a line may take; only a single word that is longer takes more.
    """
    table = _Table(columns, rows)
    everything = range(len(columns))
    kept, between = table.fitting(everything, width)
    leads = [index for index in everything if columns[index].leads]
    figures = [index for index in everything if not columns[index].leads]
    if table.width(kept, between) <= width or not leads or not figures:
        lines = table.lines(kept, between, width)
    else:
        kept, between = table.fitting(figures, width - _INDENT)
        lines = table.folded(leads, kept, between, width)
        kept = [*leads, *kept]
    left_out = [column for index, column in enumerate(columns) if index not in kept]
    return Layout(tuple(lines), tuple(column for column in left_out if not column.is_drawn))


def bar(share: float) -> str:
    """A share from 0 to 1 as a bar, in eighths of a place."""
    eighths = round(share * _BAR * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_BLOCKS[rest] if rest else "")


def places(text: str) -> int:
    """How many places a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


class _Table:
    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        self._columns = columns
        self._rows = rows
        counted = [row for row in rows if not _is_heading(row)]
        self._widths = [
            max(map(places, (*column.title.split("\n"), *(row[index] for row in counted))))
            for index, column in enumerate(columns)
        ]

    def width(self, kept: Sequence[int], between: int) -> int:
        return sum(self._widths[index] for index in kept) + between * (len(kept) - 1)

    def fitting(self, among: Sequence[int], width: int) -> tuple[list[int], int]:
        """The columns that there is room for, as far as may be, and the places between them."""
        kept = list(among)
        seen = [index for index in kept if not self._columns[index].is_drawn]
        for drawn_or_not in (kept, seen):
            if self.width(drawn_or_not, _BETWEEN) <= width:
                return drawn_or_not, _BETWEEN
        kept = seen
        while self.width(kept, _CLOSER) > width:
            least = min(kept, key=lambda index: (self._columns[index].importance, -index))
            if self._columns[least].importance == NEVER_LEFT_OUT:
                break
            kept.remove(least)
        with_drawn = [index for index in among if index in kept or self._columns[index].is_drawn]
        for fitting in (with_drawn, kept):
            for between in (_BETWEEN, _CLOSER):
                if self.width(fitting, between) <= width:
                    return fitting, between
        return kept, _CLOSER

    def lines(self, kept: Sequence[int], between: int, width: int, indent: int = 0) -> list[str]:
        """Head, rule and rows, one line each."""
        rule = " " * indent + "─" * self.width(kept, between)
        body = [self._body(row, kept, between, width, indent) for row in self._rows]
        return [*self._head(kept, between, indent), rule, *(line for some in body for line in some)]

    def folded(
        self, leads: Sequence[int], kept: Sequence[int], between: int, width: int
    ) -> list[str]:
        """Head, rule and rows, of each row what leads it on a line above the rest."""
        titles = [" ".join(self._columns[index].title.split()) for index in leads]
        widths = {
            index: max(places(title), *(places(row[index]) for row in self._rows))
            for index, title in zip(leads, titles, strict=True)
        }
        is_aligned = sum(widths.values()) + _CLOSER * (len(leads) - 1) <= width

        def above(cells: Sequence[str]) -> list[str]:
            if is_aligned:
                padded = [
                    cell + " " * (widths[index] - places(cell))
                    for index, cell in zip(leads, cells, strict=True)
                ]
                return [(" " * _CLOSER).join(padded).rstrip()]
            return wrapped((" " * _CLOSER).join(filter(None, cells)), width)

        rule = "─" * min(
            width, max(self.width(kept, between) + _INDENT, *map(places, above(titles)))
        )
        lines = [*above(titles), *self._head(kept, between, _INDENT), rule]
        for row in self._rows:
            if _is_heading(row):
                lines += wrapped(row[0], width)
                continue
            if any(row[index] for index in leads):
                lines += above([row[index] for index in leads])
            for line in self._body(row, kept, between, width, _INDENT):
                lines += wrapped(line, width)
        return lines

    def _head(self, kept: Sequence[int], between: int, indent: int) -> list[str]:
        titles = (column.title.split("\n") for column in self._columns)
        head = zip_longest(*titles, fillvalue="")
        lines = [self._line(cells, kept, between, indent) for cells in head]
        return [line for line in lines if line] if len(lines) > 1 else lines

    def _body(
        self, row: Sequence[str], kept: Sequence[int], between: int, width: int, indent: int
    ) -> list[str]:
        if _is_heading(row):
            return wrapped(row[0], width)
        return [self._line(row, kept, between, indent)]

    def _line(self, cells: Sequence[str], kept: Sequence[int], between: int, indent: int) -> str:
        padded = []
        for index in kept:
            cell = cells[index]
            padding = " " * (self._widths[index] - places(cell))
            padded.append(padding + cell if self._columns[index].right else cell + padding)
        return (" " * indent + (" " * between).join(padded)).rstrip()


def wrapped(text: str, width: int, indent: int = 4) -> list[str]:
    """A text as lines of so many places, broken between words; the further ones are indented.

    A word that is longer than a line, such as the name of a configuration, is broken after a slash.
    """
    if places(text) <= width:
        return [text]
    long = {word for word in text.split() if places(word) > width - indent}
    for word in long:
        text = text.replace(word, word.replace("/", f"/{_MAY_BREAK} "))
    lines = textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(f"{_MAY_BREAK} ", "").removesuffix(_MAY_BREAK) for line in lines]


def _is_heading(row: Sequence[str]) -> bool:
    return len(row) > 1 and bool(row[0]) and not any(row[1:])


def decimals(value: float | None) -> str:
    """An accuracy or a loss in four decimals, in four digits if it is huge; a dash if None."""
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"
