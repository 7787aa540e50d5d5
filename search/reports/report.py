"""Printing rows: one table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import click

from search.problem.names import visible
from search.reports.layout import Column, lay_out, wrapped

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTH_OF_A_FILE = 200  # what a table may take where no terminal sets a limit


@dataclass(frozen=True)
class Paper:
    """What is written on in place of stdout, for somebody elsewhere: `pieces` of text.

    width: places of a line of their terminal; is_terminal: whether it is to be shown on it;
    is_plain: whether it is to have no escape codes.
    """

    width: int
    is_terminal: bool
    is_plain: bool
    pieces: list[str] = field(default_factory=list)


_paper: ContextVar[Paper | None] = ContextVar("paper", default=None)


@contextmanager
def written_on(paper: Paper) -> Iterator[None]:
    """A context in which tables are written on a paper, and not to stdout; of this thread alone."""
    token = _paper.set(paper)
    try:
        yield
    finally:
        _paper.reset(token)


def say(text: str) -> None:
    """Write a line where tables are written."""
    paper = _paper.get()
    if paper is None:
        click.echo(text)
    else:
        paper.pieces.append(f"{text}\n")


def show_table(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], *notes: str
) -> None:
    """Print a table, folded or without the least important columns if it would not fit.

    A table without rows is of a study without complete trials, and says so. Notes that are not
    empty stand below the rows.
    """
    is_terminal = is_on_terminal()
    for line in fitted(visible(title)):
        say(heading(line))
    if not rows:
        say("No trial is complete yet.")
        return
    width = terminal_width() if is_terminal else _WIDTH_OF_A_FILE
    shown = [index for index, column in enumerate(columns) if is_terminal or not column.is_drawn]
    layout = lay_out(
        [columns[index] for index in shown],
        [[visible(row[index]) for index in shown] for row in rows],
        width,
    )
    say("\n".join(layout.lines))
    if layout.left_out:
        missing = ", ".join(" ".join(column.title.split()) for column in layout.left_out)
        notes += (f"Left out for want of width: {missing}. --format json has all.",)
    for line in fitted(*filter(None, notes)):
        say(line if is_plain() else click.style(line, dim=True))


def is_plain() -> bool:
    """Whether no escape codes are wanted: NO_COLOR is set (https://no-color.org), or TERM=dumb."""
    paper = _paper.get()
    if paper is not None:
        return paper.is_plain
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def is_on_terminal() -> bool:
    """Whether what is printed goes to a terminal."""
    paper = _paper.get()
    if paper is not None:
        return paper.is_terminal
    return sys.stdout is not None and sys.stdout.isatty()


def heading(text: str) -> str:
    """A text in bold, unless no escape codes are wanted."""
    return text if is_plain() else click.style(text, bold=True)


def fitted(*texts: str) -> list[str]:
    """Texts of one or more lines, broken between words where the terminal's line ends."""
    lines = [line for text in texts for line in text.split("\n")]
    if not is_on_terminal():
        return lines
    width = terminal_width()
    return [part for line in lines for part in wrapped(line, width, indent=2) or [""]]


def terminal_width() -> int:
    """The places of a line in the terminal; 80 if there is none."""
    paper = _paper.get()
    return shutil.get_terminal_size().columns if paper is None else paper.width


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
