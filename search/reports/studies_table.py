"""The table of configurations of several studies."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.names import share_text
from search.problem.naming import configuration_name
from search.problem.success import Success
from search.reports.layout import NEVER_LEFT_OUT, Column, decimals
from search.reports.report import show_table
from search.reports.tables import accuracy_text, interval, more_configurations
from search.statistics.ranking import Standing


def show_side_by_side(
    rows: Sequence[tuple[str, Standing]],
    studies: Sequence[str],
    top: int,
    success: Success,
    *notes: str,
) -> None:
    """Print configurations of several studies in one ranking.

    Args:
        rows: Name of the study and standing of each configuration, ranked.
        studies: Names of the studies.
        top: How many rows to show.
        success: The criterion.
        notes: What else to say below the table.
    """
    chosen = "" if success.is_of_launch else f"; success: {success.words}"
    show_table(
        f"{len(studies)} studies: {', '.join(studies)}{chosen}",
        [
            Column("\nstudy", importance=NEVER_LEFT_OUT, leads=True),
            Column("\nconfiguration", importance=NEVER_LEFT_OUT, leads=True),
            Column(success.heading, right=True, importance=NEVER_LEFT_OUT),
            Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
            Column("95%\ninterval", importance=NEVER_LEFT_OUT),
            Column("\nsolved", right=True),
            Column("best\nloss", right=True),
            Column("best\naccuracy", right=True),
        ],
        [
            [
                study,
                configuration_name(standing.configuration),
                str(standing.success_rate),
                share_text(standing.success_rate.rate),
                interval(standing.success_rate),
                str(standing.counts.solved),
                decimals(standing.counts.best_loss),
                accuracy_text(standing.counts.best_accuracy),
            ]
            for study, standing in rows[:top]
        ],
        more_configurations(min(top, len(rows)), len(rows)),
        *notes,
    )
