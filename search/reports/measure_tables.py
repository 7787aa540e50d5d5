"""What the table for people shows of measures over configurations."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.naming import configuration_name
from search.reports.layout import NEVER_LEFT_OUT, Column, decimals
from search.reports.report import show_table
from search.statistics.measured import QUANTILES, MeasuredConfiguration

MEASURE_KEYS = (
    *("scaling", "optimizer", "learning_rate"),
    *("measure", "restarts", "diverged", "mean", "sd"),
    *QUANTILES,
)
"""The stable names of a row, in order."""
_COLUMNS = (
    Column("configuration", importance=NEVER_LEFT_OUT, leads=True),
    Column("measure", importance=NEVER_LEFT_OUT),
    Column("restarts", right=True, importance=3),
    Column("diverged", right=True, importance=2),
    Column("mean", right=True, importance=NEVER_LEFT_OUT),
    Column("sd", right=True, importance=6),
    Column("5%", right=True, importance=5),
    Column("25%", right=True, importance=4),
    Column("median", right=True, importance=8),
    Column("75%", right=True, importance=4),
    Column("95%", right=True, importance=5),
)


def show_measures(title: str, rows: Sequence[MeasuredConfiguration], more: str) -> None:
    """The table of measures, a row for each configuration and measure.

    Args:
        title: What stands above it.
        rows: In the order of the table.
        more: What to say of configurations that it does not show.
    """
    diverged = sum(count for _, count in {(row.configuration, row.diverged) for row in rows})
    show_table(
        title,
        _COLUMNS,
        [_cells(row) for row in rows],
        more,
        "Restarts that diverged count in no figure but their number." if diverged else "",
    )


def _cells(row: MeasuredConfiguration) -> list[str]:
    figures = (row.mean, row.sd, *row.quantiles)
    return [
        configuration_name(row.configuration),
        row.measure,
        str(row.restarts),
        str(row.diverged),
        *map(decimals, figures),
    ]
