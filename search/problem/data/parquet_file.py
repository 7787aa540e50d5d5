"""Data from a Parquet file, by pyarrow or by what pandas has for it, if either is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from search.problem.data.csv_file import require_file
from search.problem.data.datasets import Dataset
from search.problem.data.selection import Selection
from search.problem.data.table import Table, data_name, points_of
from search.problem.errors import UserError

ENDINGS = (".parquet", ".pq")
_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 65_536


def is_parquet(path: Path) -> bool:
    """Whether a file is one of Parquet, by its first bytes, or by its name if it cannot be read."""
    begin = b""
    try:
        if path.is_file():  # opening a pipe would wait for who writes to it
            with path.open("rb") as file:
                begin = file.read(len(_MAGIC))
    except OSError:
        pass  # told where it is read
    return begin == _MAGIC or path.suffix.lower() in ENDINGS


def read_parquet(path: Path, target: str, selection: Selection | None = None) -> Dataset:
    """Read a Parquet file: its columns are taken for what the same texts in a CSV file are.

    Args:
        path: The file.
        target: Name of the column with the classes.
        selection: As in `read_csv`.

    Returns:
        The points and labels.

    Raises:
        UserError: If nothing is installed that reads it, it is damaged, or as in `read_csv`; rows
            are counted from 1.
    """
    return points_of(parquet_table(path), data_name(path), target, selection or Selection())


def parquet_table(path: Path) -> Table:
    """The columns and rows of a Parquet file. Raises UserError if it cannot be read."""
    require_file(path)
    try:
        names, columns = _by_pyarrow(path)
    except ImportError:
        names, columns = _by_pandas(path)
    texts = ([_text(value) for value in cells] for cells in columns)
    return Table(str(path), names, enumerate(texts, start=1), "row")


def _by_pyarrow(path: Path) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    parquet: Any = import_module("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
        names = list(file.schema_arrow.names)
    except Exception as error:  # of pyarrow's, which are of many kinds
        raise _damaged(path, error) from None

    def rows() -> Iterator[tuple[Any, ...]]:
        try:
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
        except Exception as error:
            raise _damaged(path, error) from None

    return [name for name in names if not _is_index(name)], _without_index(names, rows())


def _by_pandas(path: Path) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    try:
        pandas: Any = import_module("pandas")
        frame = pandas.read_parquet(path)
    except ImportError:
        raise UserError(
            f"cannot read {path}: Parquet files need the package pyarrow, which is not installed; "
            "install it by pip install pyarrow"
        ) from None
    except Exception as error:
        raise _damaged(path, error) from None
    columns = (frame.iloc[:, place].tolist() for place in range(frame.shape[1]))
    return [str(name) for name in frame.columns], zip(*columns, strict=True)


def _is_index(name: str) -> bool:
    """Whether a column is the index of a pandas frame, which is no column of it."""
    return name.startswith("__index_level_")


def _without_index(names: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    kept = [place for place, name in enumerate(names) if not _is_index(name)]
    if len(kept) == len(names):
        return rows
    return (tuple(row[place] for place in kept) for row in rows)


def _text(value: Any) -> str:
    """A value as a CSV file holds it; what is missing is an empty cell."""
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(f"cannot read {path}: no well-formed Parquet ({error})")
