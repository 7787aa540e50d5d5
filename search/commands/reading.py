"""Commands that only read: `best`, `restarts`, `studies`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from search.commands.measuring import measures_option
from search.commands.options import (
    criterion,
    format_option,
    opened,
    opened_store,
    storage_option,
    study_option,
    success_option,
    top_option,
)
from search.commands.server import served
from search.problem.dimensions import DIMENSIONS
from search.problem.success import Success
from search.reports.studies_table import show_side_by_side
from search.reports.study_tables import STUDY_KEYS, show_studies, study_json
from search.reports.tables import TOP_OF_A_TABLE
from search.statistics.ranking import standing_keys
from search.studies.answers import Answer, best_rows, measures_rows, restarts_rows
from search.studies.beside import common_criterion, hold_the_same, ranked_together
from search.studies.opening import study_in
from search.studies.shared import in_common
from search.studies.tables import best_table, measures_table, restarts_table
from storage.url import shown


@click.command()
@click.option(
    "--study",
    "studies",
    metavar="NAME",
    multiple=True,
    help="Study in the database; may be left out if there is only one, or be given several times.",
)
@storage_option
@success_option
@measures_option
@top_option
@format_option
@served("over_service")
def best(
    studies: tuple[str, ...],
    storage: str,
    success: str | None,
    measures: tuple[str, ...] | None,
    top: int | None,
    output: str,
) -> None:
    """Configurations of a study, ranked by the lower end of the success rate's interval.

    A success is a restart that escaped, or that solved the problem if the study was launched to
    seek that, unless --success names another criterion; it is chosen after the fact, and nothing
    is trained again.

    In a study of both objectives, those that no other beats in escape rate and expected epochs at
    once are marked: the Pareto front.

    Several studies of a database are ranked together, whatever problem each holds.

    \b
    multirestart best --top 3 --format json
    multirestart best --success solved
    multirestart best --measures balanced_accuracy,auc
    multirestart best --study anna --study ben
    """
    asked = criterion(success)
    if len(set(studies)) > 1:
        if measures is not None:
            raise click.UsageError("--measures are of one study: give --study once")
        _best_of_several(list(dict.fromkeys(studies)), storage, asked, top, output)
        return
    found = opened(storage, studies[0] if studies else None)
    if output == "table" and measures is None:
        best_table(found, asked, top)
    elif output == "table":
        measures_table(found, measures or (), asked, top)
    else:
        answer = (
            best_rows(found, asked, top)
            if measures is None
            else measures_rows(found, measures, asked, top)
        )
        write_answer(output, answer)


def _best_of_several(
    names: Sequence[str], storage: str, asked: Success | None, top: int | None, output: str
) -> None:
    store = opened_store(storage)
    click.get_current_context().with_resource(store.transaction())
    found = [study_in(store, name) for name in names]
    chosen = common_criterion(found, asked)
    ranking = ranked_together(found, chosen)
    if output == "table":
        notes = [] if hold_the_same(found) else ["The studies hold different problems."]
        sharing, restarts = in_common(found)
        if sharing:
            whose = ", ".join(study.name for study in sharing)
            notes.append(
                f"{whose} have restarts in common ({restarts:,} are in more than one), which "
                "tell nothing twice: launch each with a --sampler-seed of its own."
            )
        show_side_by_side(ranking, names, top or TOP_OF_A_TABLE, chosen, *notes)
        return
    rows = [{"study": name, **standing.to_json()} for name, standing in ranking[:top]]
    varied = [each for each in DIMENSIONS if any(each in study.space.vary for study in found)]
    keys = [*standing_keys(chosen)]
    place = keys.index("learning_rate") + 1
    columns = ["study", *keys[:place], *varied, *keys[place:]]
    write(output, columns, ({**dict.fromkeys(columns), **row} for row in rows))


@click.command()
@study_option
@storage_option
@click.option(
    "--configuration",
    metavar="NAME",
    help="Those of one configuration, like standard/adam/0.1.  [default: all]",
)
@click.option("--weights", is_flag=True, help="A column for each of the final weights.")
@measures_option
@format_option
@served("over_service")
def restarts(
    study: str | None,
    storage: str,
    configuration: str | None,
    weights: bool,
    measures: tuple[str, ...] | None,
    output: str,
) -> None:
    """Every restart of a study, by trial and seed.

    \b
    multirestart restarts --format csv > restarts.csv
    multirestart restarts --measures balanced_accuracy,auc --format csv > restarts.csv
    multirestart restarts --configuration standard/adam/0.1 --weights --format csv > restarts.csv
    """
    found = opened(storage, study)
    if output == "table":
        restarts_table(found, configuration, measures, weights=weights)
    else:
        answer = restarts_rows(found, configuration, measures, weights=weights)
        write_answer(output, answer)


@click.command()
@storage_option
@format_option
@served("over_service")
def studies(storage: str, output: str) -> None:
    """The studies of a database, and what they hold of complete trials.

    \b
    multirestart studies --storage sqlite:///multirestart.db
    """
    rows = [study_json(summary) for summary in opened_store(storage).study_summaries()]
    if output == "table":
        show_studies(shown(storage), rows)
    else:
        write(output, STUDY_KEYS, rows)


def write_answer(output: str, answer: Answer) -> None:
    """Write an answer to stdout as JSON or CSV."""
    for piece in answer.pieces(output):
        click.echo(piece, nl=False)


def write(output: str, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows to stdout as JSON or CSV."""
    write_answer(output, Answer(tuple(names), rows))
