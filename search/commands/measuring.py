"""`--measures` of the commands that read: measures beside accuracy, computed as they are read."""

from __future__ import annotations

import click

from search.commands.options import TOP_OF_A_TABLE, Listed
from search.problem.success import Success
from search.reports.measure_tables import MEASURE_KEYS, show_measures
from search.reports.report import csv_text, json_text
from search.reports.tables import more_configurations, titled, with_dimensions
from search.studies.study import Study

measures_option = click.option(
    "--measures",
    type=Listed(),
    metavar="NAMES",
    help="Measures of the final weights: accuracy, loss, balanced_accuracy, auc, right_CLASS (its "
    "points that are right); with validation_ before the name, of the held-out points.",
)


def show_measured(
    study: Study,
    names: tuple[str, ...],
    success: Success,
    top: int | None,
    output: str,
    again: str,
) -> None:
    """What measures are over the configurations of a study, in the order of a criterion.

    Args:
        study: The study.
        names: Of the measures.
        success: The criterion.
        top: How many configurations; 10 in tables, else all, if None.
        output: "table", "json" or "csv".
        again: The command so far, for a line that says how to see more.
    """
    if output == "table":
        count = top or TOP_OF_A_TABLE
        total = len(study.best(success))
        again += f"--measures {','.join(names)} "
        show_measures(
            titled(study.name, study.problem, success),
            study.measures(names, success, top=count),
            more_configurations(min(count, total), total, again),
        )
        return
    rows = study.measures(names, success, top=top)
    if output == "json":
        pieces = json_text(row.to_json() for row in rows)
    else:
        pieces = csv_text(
            with_dimensions(MEASURE_KEYS, study.space), (row.to_json() for row in rows)
        )
    for piece in pieces:
        click.echo(piece, nl=False)
