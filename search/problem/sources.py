"""Where data come from: built in by their name, or a file by its path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.problem.csv_data import read_csv
from search.problem.datasets import BUILT_IN, Dataset
from search.problem.errors import Fault, InvalidValuesError, unknown_name
from search.problem.names import quoted
from search.problem.parquet_data import ENDINGS, is_parquet, read_parquet
from search.problem.selection import MISSING, Selection
from search.problem.table import data_name

_ENDINGS = (".csv", ".gz", *ENDINGS)


def load_data(
    name: str,
    target: str | None = None,
    folder: Path = Path(),
    *,
    drop: Sequence[str] = (),
    features: Sequence[str] = (),
    missing: str = MISSING[0],
) -> Dataset:
    """Load a built-in data set by its name, or a file by its path.

    Args:
        name: Name of a built-in data set, or path of a CSV file, also packed by gzip, or of a
            Parquet file.
        target: Name of the file's class column; None for a built-in data set.
        folder: Where a relative path starts.
        drop: Columns of the file that are no features.
        features: The columns that are features; all but the target if empty.
        missing: "refuse" a file with missing cells, or "drop" their rows.

    Returns:
        The points and labels.

    Raises:
        UserError: If there is neither, what is given beside the name does not go with it, or as in
            `read_csv`.
    """
    selection = Selection(_several(drop), _several(features), missing)
    path = source_of(name, target, selection, folder)
    if path is None:
        return BUILT_IN[name]()
    assert target is not None, "a file has a target"
    return (read_parquet if is_parquet(path) else read_csv)(path, target, selection)


def source_of(
    name: str, target: str | None, selection: Selection, folder: Path = Path()
) -> Path | None:
    """The file that data come from; None if they are built in. It is not opened.

    Args:
        name: Name of a built-in data set, or path of a file.
        target: Name of the file's class column; None for a built-in data set.
        selection: Which columns and rows of the file are taken.
        folder: Where a relative path starts.

    Returns:
        The path.

    Raises:
        UserError: If there is neither, or `target` or `selection` do not go with the name.
    """
    if name in BUILT_IN:
        if target is not None:
            message = f"a target column goes with a CSV file; data {name!r} is built in"
            raise InvalidValuesError([Fault("target", "goes with a CSV file", target, message)])
        faults = [
            Fault(field, f"goes with a file; data {name!r} is built in", _shown(value))
            for field, value in selection.to_json().items()
        ]
        if faults:
            raise InvalidValuesError(faults)
        return None
    path = folder / (name or "no name")  # an empty path would be the folder
    if path.suffix.lower() not in _ENDINGS:
        try:
            path.stat()
        except OSError:
            raise unknown_name("data", name, [*BUILT_IN, "the path of a file"]) from None
    if target is None:
        rule = f"must name the class column of the file {quoted(name)}"
        raise InvalidValuesError([Fault("target", rule, "none")])
    data_name(path)  # refuses what does not print
    return path


def _several(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
