"""The table of what the escape rate depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from search.problem.dimensions import factor_words, shown_value
from search.problem.names import several, share_text, span_text
from search.problem.success import Success
from search.reports.layout import NEVER_LEFT_OUT, Column, bar
from search.reports.report import show_table
from search.reports.tables import or_dash
from search.statistics.effects import Effects

_SHARE, _COUNTED, _EFFECT = "share of\nvariation", "\nescaped", "\neffect"
_COLUMNS = (
    Column("\nfactor", importance=NEVER_LEFT_OUT, leads=True),
    Column(_SHARE, right=True, importance=8),
    Column("\nvalue", right=True, importance=NEVER_LEFT_OUT, leads=True),
    Column(_COUNTED, right=True, importance=NEVER_LEFT_OUT),
    Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("", importance=0, is_drawn=True),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column(_EFFECT, right=True, importance=7),
)


def show_effects(title: str, found: Effects) -> None:
    """The table of factors and their values, with what can and cannot be said of them."""
    is_whole = found.imbalance is None
    kept = [is_whole or column.title not in (_SHARE, _EFFECT) for column in _COLUMNS]
    rows, before = [], ""
    for row in found.to_json():
        is_first = row["factor"] != before
        before = row["factor"]
        cells = [
            factor_words(before) if is_first else "",
            or_dash(row["share"], ".2f") if is_first else "",
            *([""] * 6 if row["restarts"] is None else _level_cells(row, found.success)),
        ]
        rows.append([cell for cell, is_kept in zip(cells, kept, strict=True) if is_kept])
    columns = [
        replace(column, title=found.success.heading) if column.title == _COUNTED else column
        for column, is_kept in zip(_COLUMNS, kept, strict=True)
        if is_kept
    ]
    show_table(title, columns, rows, *_notes(found))


def _level_cells(row: dict[str, Any], success: Success) -> list[str]:
    value = row["value"]
    kept = ("escaped", "escape_rate") if success.is_of_launch else ("successes", "success_rate")
    succeeded, rate = (row[name] for name in kept)
    return [
        shown_value(value),
        f"{succeeded} of {row['restarts']}",
        share_text(rate),
        bar(rate),
        span_text(row["ci_low"], row["ci_high"]),
        or_dash(row["effect"], "+.3f"),
    ]


def _notes(found: Effects) -> list[str]:
    basis = (
        f"{several(found.configurations, 'configuration')}, {several(found.restarts, 'restart')}"
    )
    if found.noise is not None:
        basis += (
            f"; counting finitely many makes up {found.noise:.3f} of the variation in "
            f"{found.success.rate}"
        )
    if found.imbalance is not None:
        return [
            f"{basis}.",
            f"{found.imbalance[0].upper()}{found.imbalance[1:]}.",
            "So there are no shares and effects. Each value is mixed with what else was tried with "
            "it, and a sampler like tpe tries good values with good others more often:",
            "a difference between two rates is not the effect of the value alone, and an interval "
            "is of the rate of that mixture.",
        ]
    lines = [f"{basis}."]
    if found.shares is None:
        lines = [f"All have one {found.success.rate} ({basis}): there is no variation to explain."]
    lines.append(
        "All combinations were tried and weigh alike: the rate of a value is the mean over the rest"
    )
    if found.has_equal_restarts:
        lines[-1] += "."
    else:
        lines[-1] += ", and not that of the pooled restarts, which are not equally many."
    return lines
