"""Where data come from: built in by their name, or a file by its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from search.problem.data.csv_file import csv_table, read_csv
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.data.parquet_file import ENDINGS, is_parquet, parquet_table, read_parquet
from search.problem.data.selection import MISSING, Selection
from search.problem.data.splitting import HeldOut
from search.problem.data.table import data_name, held_out_points
from search.problem.errors import Fault, InvalidValuesError, unknown_name
from search.problem.names import quoted

_ENDINGS = (".csv", ".gz", *ENDINGS)


def load_data(
    name: str,
    target: str | None = None,
    folder: Path = Path(),
    *,
    drop: Sequence[str] = (),
    features: Sequence[str] = (),
    missing: str = MISSING[0],
    validation: float | None = None,
    validation_data: str | None = None,
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
        validation: Share of the points of each class that are held out, as in `Dataset.hold_out`.
        validation_data: Path of another file of the same columns, whose points are all held out;
            not beside `validation`.

    Returns:
        The points and labels, with those held out as their `validation`.

    Raises:
        UserError: If there is neither, what is given beside the name does not go with it, or as in
            `read_csv`.
    """
    selection = Selection(_several(drop), _several(features), missing)
    path = source_of(name, target, selection, folder)
    require_one_validation(validation, validation_data, path is not None)
    if path is None:
        data = BUILT_IN[name]()
    else:
        assert target is not None, "a file has a target"
        data = (read_parquet if is_parquet(path) else read_csv)(path, target, selection)
        if validation_data is not None:
            return replace(data, validation=load_held_out(validation_data, target, data, folder))
    return data if validation is None else data.hold_out(validation)


def load_held_out(name: str, target: str, training: Dataset, folder: Path = Path()) -> HeldOut:
    """Load the points of a file that are held out beside those of another.

    Args:
        name: Path of the file.
        target: Name of the column with the classes, in both files.
        training: The points of the other file.
        folder: Where a relative path starts.

    Returns:
        The points.

    Raises:
        UserError: If the file cannot be read, lacks a column, or has a class that the training
            points lack.
    """
    path = folder / (name or "no name")
    data_name(path)  # refuses what does not print, and what no path can have
    if is_parquet(path):
        return held_out_points(parquet_table(path), target, training)
    with csv_table(path, target) as table:
        return held_out_points(table, target, training)


def require_one_validation(share: float | None, path: str | None, of_file: bool) -> None:
    """Raise InvalidValuesError for held-out points of two kinds, or of a file beside built-in data.

    Args:
        share: The share of the points that is held out.
        path: The file whose points are held out.
        of_file: Whether the data come from a file.
    """
    if path is not None and share is not None:
        rule = "must be left out where a share of the data is held out"
        raise InvalidValuesError([Fault("validation_data", rule, quoted(path))])
    if path is not None and not of_file:
        rule = "goes with data from a file; of built-in data a share can be held out"
        raise InvalidValuesError([Fault("validation_data", rule, quoted(path))])


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
        except (OSError, ValueError):  # a path cannot have every character
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
