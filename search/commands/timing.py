"""Commands about time to escape: `times` and `compare`."""

from __future__ import annotations

import click

from search.commands.options import (
    criterion,
    format_option,
    opened,
    opened_store,
    storage_option,
    study_option,
    timed_success_option,
    top_option,
)
from search.commands.reading import write_answer
from search.commands.server import served
from search.studies.answers import compare_rows, times_rows
from search.studies.comparing import asked_comparison, require_pair
from search.studies.opening import study_in
from search.studies.tables import compare_table, times_table


@click.command()
@study_option
@storage_option
@timed_success_option
@top_option
@format_option
@served("over_service")
def times(
    study: str | None, storage: str, success: str | None, top: int | None, output: str
) -> None:
    """How soon restarts escape or succeed, and after how many epochs to give one up.

    Ranked like `best`, and by the same criterion of --success. A cutoff is chosen on one half of a
    configuration's restarts and judged on the other half, if at least 20 succeeded.

    \b
    multirestart times --top 3
    multirestart times --success solved
    """
    asked = criterion(success)
    found = opened(storage, study)
    if output == "table":
        times_table(found, asked, top)
    else:
        answer = times_rows(found, asked, top)
        write_answer(output, answer)


@click.command()
@click.argument("configurations", nargs=-1, metavar="[A B]")
@study_option
@storage_option
@timed_success_option
@format_option
@served("over_service")
def compare(
    configurations: tuple[str, ...],
    study: str | None,
    storage: str,
    success: str | None,
    output: str,
) -> None:
    """Whether one configuration escapes or succeeds sooner than another, by a log-rank test.

    A and B are configurations like standard/adam/0.1; the two best if left out. JSON has the
    points of both curves of "not yet escaped", CSV a row for each point. STUDY:CONFIGURATION is one
    of another study of the database.

    \b
    multirestart compare standard/adam/0.1 standard/adam/0.01
    multirestart compare anna:standard/adam/0.1 ben:standard/adam/0.1
    """
    asked = criterion(success)
    require_pair(configurations)
    store = opened_store(storage)
    click.get_current_context().with_resource(store.transaction())
    comparison, first, second = asked_comparison(
        configurations,
        [each.name for each in store.studies()],
        lambda of: study_in(store, of or study),
        asked,
    )
    if output == "table":
        compare_table(comparison, first, second)
    else:
        write_answer(output, compare_rows(comparison))
