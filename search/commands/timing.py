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
from search.commands.reading import write
from search.commands.server import served
from search.problem.errors import UserError
from search.reports.timing_tables import show_comparison
from search.studies.answers import times_rows
from search.studies.comparing import compared_across, study_named
from search.studies.opening import study_in
from search.studies.tables import times_table


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
        write(output, answer.columns, answer.rows)


@click.command()
@click.argument("configurations", nargs=-1, metavar="[A B]")
@study_option
@storage_option
@timed_success_option
@format_option
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
    if len(configurations) not in (0, 2):
        raise UserError(
            "compare takes two configurations like standard/adam/0.1, or none for the two best; "
            f"received {len(configurations)}: {' '.join(configurations)}"
        )
    store = opened_store(storage)
    click.get_current_context().with_resource(store.transaction())
    known = [each.name for each in store.studies()]
    named = [study_named(name, known) for name in configurations]
    pair = [study_in(store, study if of is None else of) for of, _ in named]
    if len({each.name for each in pair}) == 2:
        first, second = ((each, name) for each, (_, name) in zip(pair, named, strict=True))
        comparison = compared_across(first, second, asked)
        other = (pair[1].name, pair[1].problem)
    else:
        pair = pair or [study_in(store, study)]
        comparison = pair[0].compare(*(name for _, name in named), success=asked)
        other = None
    if output == "table":
        show_comparison(pair[0].name, pair[0].problem, comparison, other)
    else:
        rows = comparison.to_json() if output == "json" else comparison.to_rows()
        write(output, list(rows[0]), rows)
