"""Tables of how many restarts something takes."""

from __future__ import annotations

from collections.abc import Sequence

from search.reports.layout import Column
from search.reports.report import show_table
from search.statistics.sample_size import Needed

_POORLY = 0.02
"""How far the exact power may be below the one asked for without a word."""


def show_apart(rows: Sequence[Needed]) -> None:
    """Print how many restarts tell two rates apart."""
    first = rows[0]
    note = ""
    if any(
        row.exact_power is not None and row.exact_power < (row.power or 0) - _POORLY for row in rows
    ):
        note = (
            "The exact power falls short of what was asked for: so near to 0 or 1 the formula is "
            "too hopeful. Ask for more power until it does not."
        )
    show_table(
        f"Restarts that tell a rate of {first.rate:g} from {first.against:g}, by a two-sided test "
        f"at {first.alpha:g} with power {first.power:g}",
        [
            Column("seeds"),
            Column("seeds on which\none alone escapes", right=True),
            Column("restarts of\neach", right=True),
            Column("exact\npower", right=True),
        ],
        [
            [
                "of their own" if row.seeds == "own" else "common to both",
                "-" if row.discordance is None else f"{row.discordance:.4g}",
                f"{row.restarts:,}",
                "-" if row.exact_power is None else f"{row.exact_power:.4f}",
            ]
            for row in rows
        ],
        note,
    )


def show_width(row: Needed) -> None:
    """Print how many restarts give an interval of a width."""
    show_table(
        f"Restarts that give a 95% interval of width {row.width:g} from end to end",
        [Column("measured\nrate", right=True), Column("\nrestarts", right=True)],
        [[f"{row.rate:g}", f"{row.restarts:,}"]],
    )
