"""Data from a CSV file: numeric features and one column with the class."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

from search.problem.data.cells import number
from search.problem.data.datasets import Dataset
from search.problem.data.selection import Selection
from search.problem.data.table import Table, data_name, points_of
from search.problem.errors import UserError
from search.problem.names import visible

_DELIMITERS = ",;\t|"
_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_FIRST_LINE_OF_EXCEL = re.compile(r'"?sep=([^"\r\n])"?\r?\n?', re.IGNORECASE)
_LONGEST_SHOWN = 60
_FEWEST_COUNTED_NAMES = 3


def read_csv(path: Path, target: str, selection: Selection | None = None) -> Dataset:
    """Read a CSV file, which may be packed by gzip.

    The delimiter is what Excel's first line `sep=;` says, or else found among comma, semicolon,
    tab, bar and space. A byte-order mark, blank lines, blank columns at the end and the row names
    of R and pandas are passed over.

    Args:
        path: A plain file of text in UTF-8 with a header.
        target: Name of the column with the classes.
        selection: Which other columns are features, and what becomes of rows with missing cells;
            all of them, and none may be missing, if None.

    Returns:
        The points and labels, which count the classes in order: numbers as numbers, before other
        texts.

    Raises:
        UserError: If the file cannot be read, its header or a cell is at fault, or the target has
            no or too many classes; the message names the line and the column.
    """
    with csv_table(path, target) as table:
        return points_of(table, data_name(path), target, selection or Selection())


@contextmanager
def csv_table(path: Path, target: str) -> Iterator[Table]:
    """The columns and rows of a CSV file, which is open as long as the context lasts.

    Args:
        path: The file, as `read_csv` takes it.
        target: Name of the column with the classes, which tells what the delimiter is.

    Yields:
        The table.

    Raises:
        UserError: If the file cannot be read or has no header.
    """
    require_file(path)
    with _errors_named(path), path.open("rb") as packed, _text(path, packed) as text:
        if "\0" in text.read(2**20):
            raise UserError(f"cannot read {path}: it holds NUL bytes, so it is no UTF-8 text")
        yield _table(path, _lines(path, text, target), target)


def require_file(path: Path) -> None:
    """Raise UserError unless there is a plain file.

    A pipe cannot be read twice, and a device may never end.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "a device")
        raise UserError(f"cannot read {path}: it is {kind}, not a file")


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"cannot read {path}: it is packed by gzip and damaged") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        encoding = "text in UTF-16" if error.object.startswith(_UTF_16) else "not text in UTF-8"
        raise UserError(f"cannot read {path}: it is {encoding}; save it as UTF-8") from None


def _text(path: Path, packed: BinaryIO) -> TextIO:
    """The text of a file, unpacked if it is packed."""
    begin = packed.read(4)
    if begin == _ZIP:
        raise UserError(
            f"cannot read {path}: it is a ZIP archive or a workbook; save its table as CSV"
        )
    if begin.startswith(_GZIP):
        packed.seek(0)
        unpacked = gzip.GzipFile(fileobj=packed)
        return io.TextIOWrapper(unpacked, encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


@dataclass(frozen=True)
class _Lines:
    """The lines of a file as rows of cells; `skipped` of them say how to read the others."""

    path: Path
    file: TextIO
    delimiter: str
    skipped: int = 0

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, each with the number of its line, from the first on."""
        self.file.seek(0)
        reader = csv.reader(self.file, delimiter=self.delimiter, strict=True)
        try:
            for _ in islice(reader, self.skipped):
                pass
            yield from ((reader.line_num, cells) for cells in reader if "".join(cells).strip())
        except csv.Error as error:
            where = f"{self.path}, line {reader.line_num}"
            raise UserError(f"{where}: not well-formed CSV ({error})") from None

    def header(self) -> list[str]:
        """The names of the columns, without blank ones at the end."""
        names = [name.strip() for name in next(self.rows(), (0, []))[1]]
        while names and not names[-1]:
            names.pop()
        return names


def _lines(path: Path, file: TextIO, target: str) -> _Lines:
    """The lines by the delimiter under which the header names the target, or else most columns."""
    file.seek(0)
    found = _FIRST_LINE_OF_EXCEL.fullmatch(file.readline(16))
    if found is not None:
        return _Lines(path, file, found[1], skipped=1)

    def fit(lines: _Lines) -> tuple[bool, int]:
        try:
            names = lines.header()
        except UserError:  # its header is not well-formed, or too long to be one cell
            return False, 0
        return target in names, len(names)

    best = max((_Lines(path, file, each) for each in _DELIMITERS), key=fit)
    spaced = _Lines(path, file, " ")  # as R writes tables; but names have spaces too
    return spaced if fit(best) <= (False, 1) and fit(spaced)[0] else best


def _table(path: Path, lines: _Lines, target: str) -> Table:
    names = lines.header()
    _refuse_points_as_header(path, lines, names, target)
    rows = lines.rows()
    next(rows, None)  # the header
    first = next(rows, None)
    if first is None:
        return Table(str(path), names, iter(()))
    rows = chain([first], rows)
    cells = first[1]
    if len(cells) == len(names) + 1 and cells[-1].strip() and number(cells[0]) in (None, 1.0):
        fault = f"{len(cells)} cells, but the header names {len(names)}{_hint(lines)}"
        fitted = _fitted(path, len(cells), rows, _hint(lines))
        return Table(str(path), names, _without_row_names(path, fitted, fault))
    fitted = _fitted(path, len(names), rows, _hint(lines))
    if names[0] == "" and len(names) > 1 and number(cells[0]) in (None, 0.0, 1.0):
        fault = (
            "column 1 has no name in the header; name it, or leave it out if it only counts the "
            "rows"
        )
        return Table(str(path), names[1:], _without_row_names(path, fitted, fault))
    return Table(str(path), names, fitted)


def _hint(lines: _Lines) -> str:
    if lines.delimiter != ",":
        return "; name a first column that holds row names, or leave it out"
    return (
        "; name a first column that holds row names, or leave it out, and write numbers without "
        "commas in them"
    )


def _fitted(
    path: Path, width: int, rows: Iterator[tuple[int, list[str]]], hint: str
) -> Iterator[tuple[int, list[str]]]:
    """The rows, as wide as the header; blank cells that stand beyond it are left out."""
    for line, cells in rows:
        if len(cells) != width:
            if len(cells) < width or "".join(cells[width:]).strip():
                fault = f"{len(cells)} cells, but the header names {width}"
                more = hint if len(cells) > width else ""
                raise UserError(f"{path}, line {line}: {fault}{more}")
            del cells[width:]
        yield line, cells


def _without_row_names(
    path: Path, rows: Iterator[tuple[int, list[str]]], fault: str
) -> Iterator[tuple[int, list[str]]]:
    """The rows less their first cells, which must count them or all be texts."""
    first: float | None = None
    for index, (line, cells) in enumerate(rows):
        value = number(cells[0])
        if index == 0:
            first = value
        if not cells[0].strip() or value != (None if first is None else first + index):
            raise UserError(f"{path}, line {line}: {fault}")
        yield line, cells[1:]


def _refuse_points_as_header(path: Path, lines: _Lines, names: Sequence[str], target: str) -> None:
    """Raise UserError if the first row seems to be a point: numbers, and perhaps a class."""
    numbers = [number(name) for name in names]
    texts = [place for place, value in enumerate(numbers) if value is None]
    if len(texts) > 1 or len(names) - len(texts) < 1:
        return
    if not texts:
        # pandas names the columns of an array by their numbers.
        starts = numbers[0] in (0.0, 1.0)
        counted = [numbers[0] + place for place in range(len(names))] if starts else None  # type: ignore[operator]
        is_header = numbers == counted and len(names) >= _FEWEST_COUNTED_NAMES and target in names
    else:
        (place,) = texts
        cells = (cells[place].strip() for _, cells in lines.rows() if len(cells) > place)
        next(cells, None)
        is_header = not names[place] or names[place] not in cells
    if not is_header:
        shown = visible(lines.delimiter.join(names))
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
        raise UserError(
            f"{path} seems to have no header: its first row is {shown}; put a line of names above "
            "it"
        )
