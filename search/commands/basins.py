"""`basins`: where the restarts end."""

from __future__ import annotations

import click

from search.commands.options import (
    TOP_OF_A_TABLE,
    criterion,
    format_option,
    opened,
    storage_option,
    study_option,
    success_option,
    top_option,
)
from search.commands.reading import write
from search.problem.naming import configuration_name, find_configuration
from search.reports.ending_details import show_configuration
from search.reports.ending_tables import show_endings
from search.reports.tables import more_configurations
from search.studies.answers import basins_rows


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
    chosen = found.criterion(chosen)
    if output != "table":
        answer = basins_rows(found, chosen, top, configuration)
        write(output, answer.columns, answer.rows)
        return
    name, problem, standings = found.name, found.problem, found.best(chosen)
    known = [standing.configuration for standing in standings]
    top = top or TOP_OF_A_TABLE
    keys = known[:top] if configuration is None else [find_configuration(configuration, known)]
    endings = map(found.basins, keys)
    if configuration is not None:
        show_configuration(name, problem.under(keys[0]), next(endings))
        return
    notes = [more_configurations(len(keys), len(standings))]
    if keys:
        notes.append(f"Weights and pictures of one: --configuration {configuration_name(keys[0])}")
    show_endings(name, problem, list(endings), *notes, success=chosen)
