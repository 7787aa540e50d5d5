"""Tables in so many places: closer together, without the least important columns, folded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.reports.layout import NEVER_LEFT_OUT, Column, bar, decimals, lay_out, places, wrapped

COLUMNS = (
    Column("scaling", importance=NEVER_LEFT_OUT, leads=True),
    Column("learning\nrate", right=True, importance=NEVER_LEFT_OUT, leads=True),
    Column("\nescaped", right=True, importance=NEVER_LEFT_OUT),
    Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("", importance=0, is_drawn=True),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("best\nseed", right=True, importance=4),
    Column("best\nloss", right=True, importance=2),
)
ROWS = (
    ("standard", "0.1", "60 of 64", "0.938", bar(0.938), "0.850-0.975", "1234567890", "0.0001"),
    ("none", "0.01", "4 of 64", "0.062", bar(0.062), "0.025-0.150", "77", "0.5"),
)


def test_with_room_all_is_there() -> None:
    layout = lay_out(COLUMNS, ROWS, 100)
    assert layout.left_out == ()
    assert layout.lines == (
        "scaling    learning                                 95%                 best     best",
        "               rate    escaped    rate              interval            seed     loss",
        "─" * 85,
        "standard        0.1   60 of 64   0.938   ███████▌   0.850-0.975   1234567890   0.0001",
        "none           0.01    4 of 64   0.062   ▌          0.025-0.150           77      0.5",
    )


def test_the_drawn_column_goes_first_and_is_not_missed() -> None:
    layout = lay_out(COLUMNS, ROWS, 80)
    assert layout.left_out == ()
    assert "█" not in "".join(layout.lines)


def test_the_least_important_go_and_the_rest_comes_closer() -> None:
    layout = lay_out(COLUMNS, ROWS, 60)
    assert [column.title for column in layout.left_out] == ["best\nloss"]
    assert layout.lines[-1] == "none          0.01   4 of 64  0.062  0.025-0.150          77"


def test_what_leads_a_row_stands_above_it_where_nothing_else_helps() -> None:
    layout = lay_out(COLUMNS, ROWS, 31)
    assert layout.lines == (
        "scaling   learning rate",
        "                   95%",
        "   escaped   rate  interval",
        "─" * 30,
        "standard  0.1",
        "  60 of 64  0.938  0.850-0.975",
        "none      0.01",
        "   4 of 64  0.062  0.025-0.150",
    )


@given(st.integers(30, 120), st.lists(st.text("ab ", max_size=90), min_size=1, max_size=4))
def test_no_line_is_too_wide_and_rate_and_interval_stay(width: int, names: list[str]) -> None:
    rows = [(name, "0.1", "60 of 64", "0.938", "█", "0.850-0.975", "1", "2") for name in names]
    longest = max(len(word) for name in names for word in ["", *name.split()])
    layout = lay_out(COLUMNS, rows, width)
    assert max(map(places, layout.lines)) <= max(width, longest + 4)
    assert sum("0.938" in line and "0.850-0.975" in line for line in layout.lines) == len(rows)


def test_a_heading_stands_across_the_columns() -> None:
    rows = [("a configuration of many words", *[""] * 7), *ROWS]
    layout = lay_out(COLUMNS, rows, 52)
    assert layout.lines[3] == "a configuration of many words"
    assert layout.lines[-1] == "none           0.01    4 of 64   0.062   0.025-0.150"


def test_names_are_broken_after_slashes() -> None:
    name = "standard/adam/0.1/initializer=uniform:0.5/l2=0.0001"
    assert wrapped(name, 30) == [
        "standard/adam/0.1/",
        "    initializer=uniform:0.5/",
        "    l2=0.0001",
    ]
    assert wrapped("short/name", 30) == ["short/name"]


def test_bars_are_as_long_as_shares() -> None:
    assert [bar(share) for share in (0.0, 1 / 64, 0.5, 1.0)] == ["", "▏", "████", "████████"]


def test_huge_losses_have_few_digits() -> None:
    shown = [decimals(value) for value in (0.12345, 999999.0, 1.131198236273961e28, None)]
    assert shown == ["0.1235", "999999.0000", "1.131e+28", "-"]
