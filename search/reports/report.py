"""Printing rows: one table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from search.problem.names import visible

NEVER_LEFT_OUT = 9
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTH_OF_A_FILE = 200  # what a table may take where no terminal sets a limit


@dataclass(frozen=True)
class Column:
    """A column of a table for people; of the `importance` of NEVER_LEFT_OUT or to be left out."""

    title: str
    right: bool = False
    importance: int = 1


def show_table(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], *notes: str
) -> None:
    """Print a table to stdout, without the least important columns if it would not fit.

    A table without rows is of a study without complete trials, and says so. Notes that are not
    empty stand below the rows.
    """
    console = Console(highlight=False)
    if not rows:
        console.print(Text(visible(title), style="bold"), soft_wrap=True)
        console.print("No trial is complete yet.")
        return
    width = console.width if console.is_terminal else _WIDTH_OF_A_FILE
    kept = list(range(len(columns)))
    unlimited = console.options.update(max_width=10_000)
    while True:
        table = _table(columns, rows, kept)
        needed = Measurement.get(console, unlimited, table).maximum
        if needed <= width:
            break
        least = min(kept, key=lambda index: (columns[index].importance, -index))
        if columns[least].importance == NEVER_LEFT_OUT:
            break
        kept.remove(least)
    console = Console(highlight=False, width=max(width, needed))
    console.print(Text(visible(title), style="bold"), soft_wrap=True)
    with console.capture() as drawn:
        console.print(table)
    console.out("\n".join(line.rstrip() for line in drawn.get().splitlines()))
    left_out = [
        " ".join(column.title.split()) for index, column in enumerate(columns) if index not in kept
    ]
    if left_out:
        missing = ", ".join(left_out)
        notes += (f"Left out for want of width: {missing}. --format json has all.",)
    for note in filter(None, notes):
        console.print(Text(note, style="dim"), soft_wrap=True)


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index in kept:
        column = columns[index]
        table.add_column(
            Text(column.title), justify="right" if column.right else "left", no_wrap=True
        )
    for row in rows:
        table.add_row(*(Text(visible(row[index])) for index in kept))
    return table


def json_text(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON array of the rows, piece by piece. Numbers that are not finite become strings."""
    separator = "[\n  "
    for row in rows:
        yield separator + json.dumps({key: _plain(value) for key, value in row.items()})
        separator = ",\n  "
    yield "[]\n" if separator.startswith("[") else "\n]\n"


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The rows as CSV with a header, line by line; what is None is an empty cell.

    Texts, not numbers, that a spreadsheet would run as a formula get an apostrophe in front.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for cells in chain([names], ([row[name] for name in names] for row in rows)):
        writer.writerow([_cell(value) for value in cells])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    """What a CSV file holds of a value: text in one line, and none that runs.

    OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection): spreadsheets
    take a cell that begins with = + - @, tab, carriage return or line feed for a formula, quoted
    or not; a single quote in front makes it text.
    """
    if not isinstance(value, str):
        return _plain(value)
    return f"'{visible(value)}" if value.startswith(_BEGINS_A_FORMULA) else visible(value)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
