"""Parquet files: read like the CSV file of the same table, or told what to install."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from search.problem.data.csv_file import read_csv
from search.problem.data.selection import Selection
from search.problem.data.sources import load_data
from search.problem.errors import UserError

COLUMNS: dict[str, list[Any]] = {
    "x": [0.1, 2.5, -1e300, 7.0],
    "n": [1, 2, 3, 4],
    "on": [True, False, True, None],
    "class": ["a", "b", "b", "a"],
}


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    arrow = pytest.importorskip("pyarrow")
    module = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "points.parquet"
    module.write_table(arrow.table(COLUMNS), path)
    return path


@pytest.mark.parametrize("name", ["points.parquet", "points.csv", "points"])
def test_a_parquet_file_is_read_like_its_csv_file(parquet: Path, name: str) -> None:
    parquet = parquet.rename(parquet.with_name(name))
    selection = Selection(drop=("n",), missing="drop")
    data = load_data(str(parquet), "class", drop=["n"], missing="drop")
    rows = zip(*COLUMNS.values(), strict=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path = parquet.with_name("other.csv")
    path.write_text("\n".join([",".join(COLUMNS), *lines]))
    same = read_csv(path, "class", selection)
    assert data.digest == same.digest
    assert (data.name, data.names, data.notes) == ("points", same.names, same.notes)


def test_what_is_wrong_is_named_by_row_and_column(parquet: Path) -> None:
    with pytest.raises(UserError, match=r"row 4, column 'on': a finite number .* received nothing"):
        load_data(str(parquet), "class")
    with pytest.raises(UserError, match=r"unknown column in .*'klass': did you mean class"):
        load_data(str(parquet), "klass")
    parquet.write_bytes(parquet.read_bytes()[:100])
    with pytest.raises(UserError, match=r"cannot read .*: no well-formed Parquet \("):
        load_data(str(parquet), "class")


def test_the_index_of_a_data_frame_is_no_column(parquet: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.0, 2.0], "class": ["a", "b"]}, index=["p", "q"])
    frame.to_parquet(parquet)
    assert load_data(str(parquet), "class").names == ("x",)


def test_without_pyarrow_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "points.parquet"
    path.write_bytes(b"PAR1")
    for name in ("pyarrow", "pyarrow.parquet", "fastparquet", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError) as raised:
        load_data(str(path), "class")
    assert str(raised.value) == (
        f"cannot read {path}: Parquet files need the package pyarrow, which is not installed; "
        "install it by pip install pyarrow"
    )


def test_a_parquet_file_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match=r"cannot read none.parquet: No such file"):
        load_data("none.parquet", "class")
