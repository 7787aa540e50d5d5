from __future__ import annotations

import csv
import io
import json
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.names import is_printable
from search.reports.layout import Column
from search.reports.report import csv_text, json_text, show_table


def written(value: object) -> str:
    """What a CSV reader finds in the only cell."""
    _, (cell,) = csv.reader(io.StringIO("".join(csv_text(["name"], [{"name": value}]))))
    return cell


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "-x"],
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(formula: str) -> None:
    assert written(formula) == f"'{formula}"


@pytest.mark.parametrize(("text", "cell"), [("\t=1", r"'\t=1"), ("\r=1", r"'\r=1")])
def test_so_does_a_text_that_begins_with_a_tab_or_line_end(text: str, cell: str) -> None:
    assert written(text) == cell


def test_a_header_cell_is_a_cell() -> None:
    (header,) = csv_text(["=1+1", "-x", "trial"], [])
    assert header == "'=1+1,'-x,trial\n"


@pytest.mark.parametrize("number", [-1, -0.5, 3, -1e-300, -math.inf, math.inf, math.nan])
def test_numbers_stay_numbers(number: float) -> None:
    assert written(number) == str(number)


@pytest.mark.parametrize("text", ["bands", "a=1", "1-2-1", "'=1", 'two "words", one cell', ""])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert written(text) == text


def test_none_is_an_empty_cell() -> None:
    assert written(None) == ""


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_row_is_one_line_without_control_characters(cells: list[str]) -> None:
    names = [str(number) for number in range(len(cells))]
    (_, line) = csv_text(names, [dict(zip(names, cells, strict=True))])
    assert line.count("\n") == 1
    assert is_printable(line[:-1])
    assert not any(unicodedata.category(character) == "Cc" for character in line[:-1])
    (row,) = csv.reader([line])
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.floats() | st.integers()})))
def test_json_holds_every_text_and_only_json_numbers(rows: list[dict[str, object]]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    back = json.loads("".join(json_text(rows)), parse_constant=refuse)
    assert [row["a"] for row in back] == [row["a"] for row in rows]
    assert [str(row["b"]) for row in back] == [str(row["b"]) for row in rows]


def test_a_table_shows_markup_and_escapes_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["[red]x[/red]", "[/]", ":heart:", "[link=http://x]y[/link]"]
    show_table("[bold]t[/bold]\x1b[31m", [Column("[b]c[/b]")], [[t] for t in texts], "[i]n[/i]")
    shown = capsys.readouterr().out
    for text in ("[bold]t[/bold]\\x1b[31m", "[b]c[/b]", "[i]n[/i]", *texts):
        assert text in shown
    assert "\x1b" not in shown
