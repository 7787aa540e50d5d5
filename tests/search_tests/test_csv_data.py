from __future__ import annotations

from pathlib import Path

import pytest

from search.csv_data import load_data, read_csv
from search.errors import UserError


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "points.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_reads_features_and_classes(tmp_path: Path, delimiter: str) -> None:
    text = "x,class,y\n1,a,2\n\n3.5,b,-4e2\n".replace(",", delimiter)
    data = read_csv(written(tmp_path, text), "class")
    assert data.name == "points"
    assert data.features.tolist() == [[1, 2], [3.5, -400]]
    assert data.labels.tolist() == [0, 1]
    assert data.classes == ("a", "b")


def test_passes_over_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    path = written(tmp_path, "x,class\r\n1,0\r\n2,1\r\n", "utf-8-sig")
    assert read_csv(path, "class").features.tolist() == [[1], [2]]


def test_a_delimiter_within_quotes_does_not_count(tmp_path: Path) -> None:
    data = read_csv(written(tmp_path, 'x;"a,b,c,d";class\n1;2;p\n3;4;q\n'), "class")
    assert data.features.tolist() == [[1, 2], [3, 4]]


def test_a_file_named_like_built_in_data_does_not_take_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bands.csv"
    path.write_text("x,class\n1,0\n2,1\n")
    assert read_csv(path, "class").name == "bands.csv"


def test_numeric_classes_sort_as_numbers(tmp_path: Path) -> None:
    data = read_csv(written(tmp_path, "x,class\n1,10\n2,9\n"), "class")
    assert data.classes == ("9", "10")
    assert data.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x,class\n1,a\nfour,b\n",
            "line 3, column 'x': a finite number is needed, received 'four'",
        ),
        ("x,class\n1,a\n,b\n", "line 3, column 'x': a finite number is needed, received nothing"),
        ("x,class\n1,a\ninf,b\n", "line 3, column 'x': a finite number is needed, received 'inf'"),
        ("x,class\n\nnan,a\n", "line 3, column 'x': a finite number is needed, received 'nan'"),
        ("x,class\n1,a\n2\n", "line 3: 1 cells, but the header names 2"),
        ("x,class\n1,a\n2,\n", "line 3, column 'class': the class is missing"),
        ("x,klass\n1,a\n2,b\n", "unknown column in .*'class': did you mean klass?"),
        ("x,x,class\n1,1,a\n", "column 'x' stands more than once"),
        ("class\na\nb\n", "no feature column"),
        ("x,class\n1,a\n2,a\n", r"exactly two classes are needed, received 1 \(a\)"),
        ("x,class\n1,a\n2,b\n3,c\n", r"exactly two classes are needed, received 3 \(a, b, c\)"),
        ("x,class\n", r"received 0 \(no rows\)"),
        ("", "is empty: a header line"),
        (",x,class\n0,1,a\n1,2,b\n", "column 1 has no name in the header"),
        ("x,class\n1,0\n2,0.0\n", r"exactly two classes are needed, received 1 \(0\)"),
        ('x,class\n"1,a\n', "not well-formed CSV"),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_csv(written(tmp_path, text), "class")


def test_names_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none.csv: No such file"):
        load_data(str(tmp_path / "none.csv"), "class")
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"x,class\n\xff\xfe,a\n")
    with pytest.raises(UserError, match="not text in UTF-8"):
        read_csv(path, "class")


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("band", None, "unknown data 'band': did you mean bands"),
        ("bands", "class", "--target goes with a CSV file"),
        ("points.csv", None, "name its class column with --target"),
    ],
)
def test_data_and_target_go_together(name: str, target: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_data(name, target)
