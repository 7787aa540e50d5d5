"""`basins`: where the restarts end."""

from __future__ import annotations

import click

from search.commands.options import (
    criterion,
    format_option,
    opened,
    storage_option,
    study_option,
    success_option,
    top_option,
)
from search.commands.reading import write_answer
from search.commands.server import served
from search.studies.answers import basins_rows
from search.studies.tables import basins_table


@click.command()
@study_option
@storage_option
@click.option(
    "--configuration",
    metavar="NAME",
    help="One configuration, like standard/adam/0.1, with weights and pictures.",
)
@success_option
@top_option
@format_option
@served("over_service")
def basins(
    study: str | None,
    storage: str,
    configuration: str | None,
    success: str | None,
    top: int | None,
    output: str,
) -> None:
    """Where the restarts end: what they compute, and how many of them do.

    Groups the restarts of a configuration by the class regions that their networks draw on the
    data: the constant answer, one boundary found, solved. Of each group it names a typical restart.
    Groups that are mirror images of each other by a symmetry of the data are one. --success ranks
    the configurations by another criterion.

    \b
    multirestart basins --configuration standard/adam/0.1
    """
    chosen = criterion(success)
    found = opened(storage, study)
    if output == "table":
        basins_table(found, chosen, top, configuration)
    else:
        answer = basins_rows(found, chosen, top, configuration)
        write_answer(output, answer)
