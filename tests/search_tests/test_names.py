from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.errors import UserError
from search.problem.names import is_printable, quoted, share_text, span_text, visible
from search.problem.plan import check_name
from search.statistics.escape import EscapeRate

GOOD = {
    "quotes": """it's "quoted" `and` $HOME""",
    "sql": "x'; DROP TABLE studies; --",
    "path": "../../etc/passwd",
    "option": "--trials",
    "markup": "[red]x[/red] [/] :heart:",
    "formula": "=1+1",
    "other scripts": "\u00e9\u4e2d\u05d0",
    "emoji": "\U0001f525",
    "variation selector": "\u2764\ufe0f",
    "skin tone": "\U0001f469\U0001f3fd",
    "keycap": "1\ufe0f\u20e3",
    "longest": "x" * 512,
}
BAD = {
    "newline": "a\nb",
    "tab": "a\tb",
    "escape": "a\x1b[31mb",
    "c1 control": "a\x9b31mb",
    "delete": "a\x7f",
    "bidi override": "a\u202eb",
    "bidi isolate": "a\u2066b",
    "zero-width space": "a\u200bb",
    "joiner between letters": "a\u200db",
    "joiner at the end": "a\u200d",
    "tag": "a\U000e0067",
    "byte-order mark": "\ufeffa",
    "line separator": "a\u2028b",
    "half a surrogate pair": "a\udcffb",
    "private use": "a\ue000",
}


@pytest.mark.parametrize("name", GOOD.values(), ids=GOOD)
def test_takes_names_that_a_terminal_only_shows(name: str) -> None:
    check_name(name)
    assert visible(name) == name


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_refuses_names_that_a_terminal_obeys_or_hides(name: str) -> None:
    with pytest.raises(UserError, match="name must be a printable name, received") as refused:
        check_name(name)
    assert str(refused.value).isprintable()
    assert visible(name).isascii()


@pytest.mark.parametrize("name", ["", "  ", "x" * 513])
def test_refuses_empty_and_endless_names(name: str) -> None:
    with pytest.raises(UserError, match="name must be"):
        check_name(name)


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_visible_is_printable_and_says_what_was_there(text: str) -> None:
    shown = visible(text)
    assert is_printable(shown)
    assert is_printable(text) == (shown == text)

    def character(escape: re.Match[str]) -> str:
        return escape[0].encode().decode("unicode_escape")

    # Only a text that spells such an escape itself could be mistaken for one.
    if "\\" not in text:
        escapes = r"\\(x..|u.{4}|U.{8}|[nrt])"
        assert re.sub(escapes, character, shown) == text


def test_what_prints_stays_beside_what_is_escaped() -> None:
    assert visible("\U0001f469\u200d\u00e9\x1b") == "\U0001f469\\u200d\u00e9\\x1b"


def test_quotes_and_cuts() -> None:
    assert quoted("a\x1bb") == r"'a\x1bb'"
    assert quoted("x" * 10_000) == f"'{'x' * 60}'..."


@given(st.integers(1, 10**9), st.data())
def test_no_share_reads_as_none_or_all_but_those_that_are(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    text = share_text(count / of)
    assert (float(text) == 0) == (count == 0)
    assert (float(text) == 1) == (count == of)
    assert abs(float(text) - count / of) <= 0.0005
    assert len(text) >= 5


def test_shares_are_short_where_that_says_enough() -> None:
    for share, text in (
        (0, "0.000"),
        (1, "1.000"),
        (2 / 3, "0.667"),
        (0.00032, "0.0003"),
        (0.99996, "0.99996"),
        (1e-9, "0.000000001"),
    ):
        assert share_text(share) == text
    assert share_text(0.999_96, 4) == "0.99996"
    assert share_text(2 / 3, 4) == "0.6667"
    assert span_text(*EscapeRate(0, 12_032).interval) == "0.000-0.0003"
    assert span_text(*EscapeRate(0, 64).interval) == "0.000-0.057"
