"""`basins`: where the restarts end."""

from __future__ import annotations

from collections.abc import Sequence

import click

from search.commands.options import choose_study, format_option, storage_option, study_option
from search.commands.reading import write
from search.configuration import parse_configuration
from search.ending_tables import show_configuration, show_endings, table_note
from search.endings import ENDING_KEYS, configuration_endings
from search.errors import UserError
from search.problem import Problem
from search.standing import Standing, ranked
from storage.database import open_for_reading
from storage.reading import configuration_counts
from storage.rows import ConfigurationKey


@click.command()
@study_option
@storage_option
@click.option(
    "--configuration",
    metavar="NAME",
    help="One configuration, like standard/adam/0.1, with weights and pictures.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="How many configurations to show, best first.",
)
@format_option
def basins(
    study: str | None, storage: str, configuration: str | None, top: int, output: str
) -> None:
    """Where the restarts end: what they compute, and how many of them do.

    Groups the restarts of a configuration by the class regions that their networks draw on the
    data: the constant answer, one boundary found, solved. Of each group it names a typical restart.

    \b
    multirestart basins --configuration standard/adam/0.1
    """
    database = open_for_reading(storage)
    name, study_id, record = choose_study(database, study)
    problem = Problem.from_json(record.problem, record.data)
    standings = ranked(configuration_counts(database, study_id, problem.epochs))
    if configuration is not None:
        keys = [_find(configuration, standings)]
    else:
        keys = [standing.configuration for standing in standings[:top]]
    endings = (configuration_endings(database, study_id, problem, key) for key in keys)
    if output != "table":
        write(output, ENDING_KEYS, (ending.to_json() for some in endings for ending in some))
        return
    if configuration is not None:
        show_configuration(name, problem, next(endings), table_note(problem))
        return
    note = table_note(problem)
    if len(keys) < len(standings):
        note += f"\n{len(standings) - len(keys)} more configurations: --top {len(standings)}"
    if keys:
        note = f"{note}\nWeights and pictures of one: --configuration {_written(keys[0])}"
    show_endings(name, problem, list(endings), note)


def _find(text: str, standings: Sequence[Standing]) -> ConfigurationKey:
    """The configuration of a study that is named so, its learning rate as written or as shown."""
    asked = parse_configuration(text)
    keys = [standing.configuration for standing in standings]
    like = [key for key in keys if _written(key) == _written(asked)]
    same = [key for key in like if key.learning_rate == asked.learning_rate] or like
    if len(same) == 1:
        return same[0]
    if same:
        rates = ", ".join(repr(key.learning_rate) for key in same)
        raise UserError(f"{text!r} names several configurations, of learning rates {rates}")
    there = ", ".join(map(_written, keys[:8])) + (", ..." if len(keys) > 8 else "")
    raise UserError(f"the study has no restarts of configuration {text!r}; it has {there}")


def _written(key: ConfigurationKey) -> str:
    return f"{key.scaling}/{key.optimizer}/{key.learning_rate:.4g}"
