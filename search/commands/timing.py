"""Commands about time to escape: `times` and `compare`."""

from __future__ import annotations

import click

from search.commands.options import (
    TOP_OF_A_TABLE,
    criterion,
    format_option,
    opened,
    storage_option,
    study_option,
    timed_success_option,
    top_option,
)
from search.commands.reading import write
from search.problem.errors import UserError
from search.reports.tables import of_criterion, with_dimensions
from search.reports.timing_tables import show_comparison, show_timings
from search.statistics.timing import times_keys


@click.command()
@study_option
@storage_option
@timed_success_option
@top_option
@format_option
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
    chosen = found.criterion(asked)
    timings = found.times(chosen)
    if output == "table":
        count = top or TOP_OF_A_TABLE
        note = of_criterion("times", chosen, found.best(chosen)[:count])
        show_timings(found.name, found.problem, timings, count, success=chosen, note=note)
    else:
        rows = (timing.to_json() for timing in timings[:top])
        write(output, with_dimensions(times_keys(chosen), found.space), rows)


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
    points of both curves of "not yet escaped", CSV a row for each point.

    \b
    multirestart compare standard/adam/0.1 standard/adam/0.01
    """
    asked = criterion(success)
    if len(configurations) not in (0, 2):
        raise UserError(
            "compare takes two configurations like standard/adam/0.1, or none for the two best; "
            f"received {len(configurations)}: {' '.join(configurations)}"
        )
    found = opened(storage, study)
    comparison = found.compare(*configurations, success=asked)
    if output == "table":
        show_comparison(found.name, found.problem, comparison)
    else:
        rows = comparison.to_json() if output == "json" else comparison.to_rows()
        write(output, list(rows[0]), rows)
