"""The command `effects`: what the escape rate depends on."""

from __future__ import annotations

import click

from search.commands.options import (
    criterion,
    format_option,
    opened,
    storage_option,
    study_option,
    success_option,
)
from search.commands.reading import write_answer
from search.commands.server import served
from search.studies.answers import effects_rows
from search.studies.tables import effects_table


@click.command()
@study_option
@storage_option
@success_option
@format_option
@served("over_service")
def effects(study: str | None, storage: str, success: str | None, output: str) -> None:
    """How much of the variation in escape rate comes from each dimension that is searched.

    Or of the variation in the rate of another criterion of --success.

    And the effect of each value with the rest averaged. Both are exact, and told if every
    combination has been tried, as --sampler grid does. Else: how often each value escaped as it
    was tried, a range of learning rates in bins.

    \b
    multirestart effects --format csv
    """
    chosen = criterion(success)
    found = opened(storage, study)
    if output == "table":
        effects_table(found, chosen)
    else:
        answer = effects_rows(found, chosen)
        write_answer(output, answer)
