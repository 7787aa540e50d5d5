from __future__ import annotations

import gzip
import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.data.csv_file import read_csv
from search.problem.data.selection import Selection
from search.problem.data.sources import load_data
from search.problem.errors import UserError


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


def test_numbers_sort_before_other_classes(tmp_path: Path) -> None:
    data = read_csv(written(tmp_path, "x,class\n1,-\n2,10\n"), "class")
    assert data.classes == ("10", "-")
    assert data.labels.tolist() == [1, 0]


def test_equal_numbers_are_one_class_spelled_as_the_first(tmp_path: Path) -> None:
    data = read_csv(written(tmp_path, "x,class\n1,1.0\n2,0\n3,1\n4,0.0\n"), "class")
    assert data.classes == ("0", "1.0")
    assert data.labels.tolist() == [1, 0, 1, 0]


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
        ("x,class\n1,a\n2,a\n", r"at least two classes are needed, received 1 \('a'\)"),
        ("x,class\n", r"received 0 \(no rows\)"),
        ("", "is empty: a header line"),
        (",x,class\n3,1,a\n1,2,b\n", "column 1 has no name in the header"),
        (",x,class\n1,1,a\n3,2,b\n", "line 3: column 1 has no name in the header"),
        ("x,,class\n1,1,a\n3,2,b\n", "column 2 has no name in the header"),
        ("x,class\n1,1,a\n3,2,b\n", "line 3: 3 cells, .* names 2; name a first column .*commas"),
        ("x,class\n0,5,a\n0,7,b\n", "line 2: 3 cells, .* names 2; .* without commas in them"),
        ("x,class\n1,a\n2,b,3\n", "line 3: 3 cells, but the header names 2; "),
        ("x,class,,\n1,a,,\n2,b,3,\n", "line 3: 4 cells, but the header names 2; "),
        ("1.5,2.0,a\n1,2,b\n3,4,a\n", "no header: its first row is 1.5,2.0,a; put a line of"),
        ("1.5,2.0,0\n1,2,1\n", "seems to have no header: its first row is 1.5,2.0,0;"),
        ("5;a\n1;a\n2;b\n", "seems to have no header: its first row is 5;a;"),
        ('x,class\n"1,000",a\n', "'1,000'; write 1000 if .*thousands, or 1.000 if .*decimal comma"),
        ('x,class\n"-12,500",a\n', "write -12500 if its comma .*, or -12.500 if it"),
        ('x,class\n"1,234,567",a\n', "leave out the commas between thousands: 1234567$"),
        ('x,class\n"1,234.5",a\n', "leave out the commas between thousands: 1234.5$"),
        ('x,class\n"0,125",a\n', "'0,125'; write its decimal point as a dot: 0.125$"),
        ('x,class\n"1.234,5",a\n', "write its decimal point as a dot: 1234.5$"),
        ("x,class\n1 000,a\n", "'1 000'; leave out what separates thousands: 1000$"),
        ("x,class\n1'000'000,a\n", "leave out what separates thousands: 1000000$"),
        ("x,class\n2024-05-01,a\n", "'2024-05-01'; write it as a number, or drop the column"),
        ("x,class\nNA,a\n1,b\n", "received 'NA'; fill it in, or set missing to drop"),
        ("x,class\n1,\n1,b\n", "the class is missing; fill it in, or set missing to drop"),
        ("x,class\n1,0\n2,0.0\n", r"at least two classes are needed, received 1 \('0'\)"),
        ('x,class\n"1,a\n', "line 2: not well-formed CSV"),
        ("x,class\n1,a\n1_000,b\n", "line 3, column 'x': .* received '1_000'"),
        ("x,class\n1,a\n0x10,b\n", "line 3, column 'x': .* received '0x10'"),
        ("x,class\n1,a\n\uff11,b\n", "line 3, column 'x': .* received '\uff11'"),
        ("x,class\n1,a\n\u0661,b\n", "line 3, column 'x': .* received '\u0661'"),
        ("x,class\n1,a\n1e400,b\n", "line 3, column 'x': .* received '1e400'"),
        ("x,class\n1,a\n-1e400,b\n", "line 3, column 'x': .* received '-1e400'"),
        ("x,class\n1,a\n=1+1,b\n", r"line 3, column 'x': .* received '=1\+1'"),
        ("x,class\n1,a\n2\0,b\n", "NUL bytes, so it is no UTF-8 text"),
        ("x;class\n1,5;a\n", "received '1,5'; write its decimal point as a dot"),
        ("x;class\n-1.234,5;a\n", "received '-1.234,5'; write its decimal point as a dot"),
        ("x;class\n1,5,2;a\n", "received '1,5,2'$"),
        ('x,class\n1,a\n\n"2\n3",b\n', r"line 5, column 'x': .* received '2\\n3'"),
        ("x,class\n1,a\n2,\x1b[31mb\n", r"the class '\\x1b\[31mb' has characters that do not"),
        ("x,class\n1,\u202ea\n2,b\n", r"the class '\\u202ea' has characters that do not print"),
        ("x\x1b[0m,class\nfour,a\n", r"column 'x\\x1b\[0m': a finite number is needed"),
        ("x,class\n" + "9" * 400 + ",a\n", r"received '9{60}'\.\.\."),
        ("x,class\n" + "1" * 200_000 + ",a\n", "line 2: not well-formed CSV .field larger than"),
        ("x" * 200_000 + ",class\n1,a\n", "line 1: not well-formed CSV .field larger than"),
        ("x,class\n" + "0,a\n" * 300_000 + "\0,b\n", r"line 300002, .* received '\\x00'"),
        (
            ",".join(f"c{n}" for n in range(3000)) + "\n1,2\n",
            r"'class': it must be one of c0, c1, .*, \.\.\. \(3000 in all\)",
        ),
        ("x,class\n1,a\n2,b\n3\n", "line 4: 1 cells, but the header names 2"),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_csv(written(tmp_path, text), "class")


def test_a_long_file_names_the_line_of_its_only_unfit_cell(tmp_path: Path) -> None:
    lines = [f"{number},{number % 2}" for number in range(2, 20_002)]
    lines[15_000:15_000] = ["", " , "]
    lines[17_000] = "x,1"
    with pytest.raises(UserError, match=r"line 17002, column 'x': .* received 'x'"):
        read_csv(written(tmp_path, "x,class\n" + "\n".join(lines)), "class")


def test_quoted_newlines_empty_lines_and_blank_cells(tmp_path: Path) -> None:
    text = '\n , \n"first\nfeature",class\n\n1,"a\u00a0"\n,\n  ,  \n" 2 ",b\n\n'
    data = read_csv(written(tmp_path, text), "class")
    assert data.features.tolist() == [[1], [2]]
    assert data.classes == ("a", "b")


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", "text in UTF-16; save it as UTF-8"),
        ("utf-16-le", "NUL bytes, so it is no UTF-8 text"),
        ("utf-16-be", "NUL bytes, so it is no UTF-8 text"),
        ("utf-32", "text in UTF-16; save it as UTF-8"),  # it begins like UTF-16
    ],
)
def test_text_of_another_encoding_is_named(tmp_path: Path, encoding: str, message: str) -> None:
    path = written(tmp_path, "x,class\n1,a\n2,b\n", encoding)
    with pytest.raises(UserError, match=message):
        read_csv(path, "class")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "it is a directory, not a file"),
        (os.mkfifo, "it is a pipe, not a file"),
        (make_socket, "it is a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["directory", "pipe", "socket", "endless device", "link to itself"],
)
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], message: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    make(Path("points.csv"))
    with pytest.raises(UserError, match=message):
        load_data("points.csv", "class")


def test_names_of_files_that_do_not_print_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.csv"
    path.write_text("x,class\n1,0\n2,1\n")
    with pytest.raises(UserError, match="named after the file; give it a printable name"):
        read_csv(path, "class")


@pytest.mark.slow
def test_a_million_lines_are_read_and_more_are_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    with path.open("w") as file:
        file.write("x,y,class\n")
        file.writelines(f"{n / 7:.6f},{n % 1000},{n % 2}\n" for n in range(1_000_000))
    data = read_csv(path, "class")
    assert data.features.shape == (1_000_000, 2)
    assert data.features[999_999].tolist() == [142857.0, 999.0]
    assert data.labels.sum() == 500_000
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("search.problem.data.table.MAX_POINTS", 100_000)
            with pytest.raises(UserError, match=r"line 100002: more than 100,000 points"):
                read_csv(path, "class")
        assert tracemalloc.get_traced_memory()[1] < 16e6
    finally:
        tracemalloc.stop()


numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50)
@given(st.lists(st.tuples(numbers, st.sampled_from("ab"), numbers), min_size=2, max_size=40))
def test_every_number_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str, float]]
) -> None:
    rows = [*rows, (0.0, "a", 1.0), (-0.0, "b", 2.0)]
    text = "x,class,y\n" + "".join(f"{x!r},{c},{y!r}\n" for x, c, y in rows)
    data = read_csv(written(tmp_path_factory.mktemp("csv"), text), "class")
    expected = np.array([[x, y] for x, _, y in rows])
    assert np.ascontiguousarray(data.features).tobytes() == expected.tobytes()
    assert data.labels.tolist() == [int(c == "b") for _, c, _ in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_thousands_of_columns(tmp_path: Path, delimiter: str) -> None:
    """More characters than the csv module takes for one cell under another delimiter."""
    header = delimiter.join(f"c{n}" for n in range(30_000))
    cells = delimiter.join(map(str, range(30_000)))
    rows = [header, cells, cells]
    lines = [f"{name}{delimiter}{rest}" for name, rest in zip("cab", rows, strict=True)]
    data = read_csv(written(tmp_path, "\n".join(lines)), "c")
    assert (data.features == np.arange(30_000)).all()


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
        ("bands", "class", "a target column goes with a CSV file"),
        ("points.csv", None, "target must name the class column of the file"),
    ],
)
def test_data_and_target_go_together(name: str, target: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_data(name, target)


def test_true_and_false_are_numbers_in_any_case(tmp_path: Path) -> None:
    data = read_csv(
        written(tmp_path, "x,y,class\nTRUE,1,True\nfalse,2,FALSE\n True,3,1\n"), "class"
    )
    assert data.features.tolist() == [[1, 1], [0, 2], [1, 3]]
    assert data.labels.tolist() == [1, 0, 1]
    assert data.classes == ("FALSE", "True")


def test_rows_with_missing_cells_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "x,y,class\n1,2,a\n,2,b\n1,NA,b\nnan,1,a\n3,NULL,a\n4,5,NaN\n6,7,b\n8,n/a,\n"
    path = written(tmp_path, text)
    data = read_csv(path, "class", Selection(missing="drop"))
    assert data.features.tolist() == [[1, 2], [6, 7]]
    assert data.notes == data.warnings == ("6 of 8 rows were left out for missing cells",)
    with pytest.raises(UserError, match=r"line 3, column 'x': .* received nothing; fill it in"):
        read_csv(path, "class")
    with pytest.raises(UserError, match=r"received 1 \('a'\); 1 of 2 rows was left out"):
        read_csv(written(tmp_path, "x,class\n1,a\n2,\n"), "class", Selection(missing="drop"))
    with pytest.raises(UserError, match=r"line 3, column 'x': .* received 'four'"):
        read_csv(written(tmp_path, "x,class\n1,a\nfour,b\n"), "class", Selection(missing="drop"))


def test_a_cell_that_is_missing_in_no_feature_is_not_missed(tmp_path: Path) -> None:
    path = written(tmp_path, "x,note,class\n1,,a\n2,why,b\n")
    for selection in (Selection(drop=("note",)), Selection(features=("x",), missing="drop")):
        data = read_csv(path, "class", selection)
        assert (data.features.tolist(), data.names, data.notes) == ([[1], [2]], ("x",), ())


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nx;y;class\r\n1;2;a\r\n3;4;b\r\n",
        "\ufeffSEP=,\nx,y,class\n1,2,a\n3,4,b\n",
        "sep=~\nx~y~class\n1~2~a\n3~4~b\n",
        "x,y,class,,\n1,2,a,,\n3,4,b,, \n",
        "x,y,class\n1,2,a,\n3,4,b\n",
        '"x","y","class"\n"1",1,2,"a"\n"2",3,4,"b"\n',
        '"x" "y" "class"\n"1" 1 2 "a"\n"2" 3 4 "b"\n',
        '"x"\t"y"\t"class"\n"Mazda RX4"\t1\t2\t"a"\n"Fiat"\t3\t4\t"b"\n',
        ",x,y,class\n0,1,2,a\n1,3,4,b\n",
        '"","x","y","class"\n"1",1,2,"a"\n"2",3,4,"b"\n',
        '"","x","y","class"\n"Mazda RX4",1,2,"a"\n"Fiat",3,4,"b"\n',
    ],
)
def test_what_spreadsheets_r_and_pandas_add_is_passed_over(tmp_path: Path, text: str) -> None:
    data = read_csv(written(tmp_path, text), "class")
    assert data.features.tolist() == [[1, 2], [3, 4]]
    assert (data.names, data.classes) == (("x", "y"), ("a", "b"))


def test_lines_are_counted_from_that_of_excel_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 4, column 'x': .* received 'four'"):
        read_csv(written(tmp_path, "sep=;\nx;class\n1;a\nfour;b\n"), "class")


def test_columns_that_pandas_numbered_are_a_header(tmp_path: Path) -> None:
    data = read_csv(written(tmp_path, "0,1,2\n5,6,0\n7,8,1\n"), "2")
    assert data.names == ("0", "1")
    data = read_csv(written(tmp_path, "0,1,class\n5,6,a\n7,8,b\n"), "class")
    assert data.features.tolist() == [[5, 6], [7, 8]]


@pytest.mark.parametrize("name", ["points.csv.gz", "points.gz", "points.csv"])
def test_what_is_packed_by_gzip_is_unpacked_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = "x,class\n" + "".join(f"{n},{n % 2}\n" for n in range(20_000))
    path.write_bytes(gzip.compress(text.encode("utf-8-sig")))
    data = load_data(str(path), "class")
    assert (data.name, data.points) == ("points", 20_000)
    for cut in (path.read_bytes()[:200], path.read_bytes()[:1000] + b"x" * 999):
        path.write_bytes(cut)
        with pytest.raises(UserError, match="it is packed by gzip and damaged"):
            load_data(str(path), "class")


def test_a_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(UserError, match=r"a ZIP archive or a workbook; save its table as CSV"):
        read_csv(path, "class")


def test_numbers_that_are_one_as_float64_are_told(tmp_path: Path) -> None:
    rows = "".join(f"{1_700_000_000_000_000_000 + n},{n % 2}\n" for n in range(300))
    data = read_csv(written(tmp_path, f"t,class\n{rows}"), "class")
    assert data.notes == (
        "column 't': of 300 different numbers float64 keeps 2; subtract the first of them from all "
        "before they are written",
    )
    exact = "".join(
        f"{number!r},{n % 2}\n" for n, number in enumerate(np.sqrt(range(2, 300)).tolist())
    )
    assert read_csv(written(tmp_path, f"t,class\n{exact}"), "class").notes == ()
