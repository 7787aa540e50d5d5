"""Commands about time to escape: `times` and `compare`."""

from __future__ import annotations

import click

from search.commands.options import (
    TOP_OF_A_TABLE,
    format_option,
    opened,
    storage_option,
    study_option,
    top_option,
)
from search.commands.reading import write
from search.problem.errors import UserError
from search.reports.tables import with_dimensions
from search.reports.timing_tables import show_comparison, show_timings
from search.statistics.timing import TIMES_KEYS


@click.command()
@study_option
@storage_option
@top_option
@format_option
def times(study: str | None, storage: str, top: int | None, output: str) -> None:
    """How soon restarts escape, and after how many epochs to give one up.

    Ranked like `best`. A cutoff is chosen on one half of a configuration's restarts and judged on
    the other half, if at least 20 escaped.

    \b
    multirestart times --top 3
    """
    found = opened(storage, study)
    timings = found.times()
    if output == "table":
        show_timings(found.name, found.problem, timings, top or TOP_OF_A_TABLE)
    else:
        rows = (timing.to_json() for timing in timings[:top])
        write(output, with_dimensions(TIMES_KEYS, found.space), rows)


@click.command()
@click.argument("configurations", nargs=-1, metavar="[A B]")
@study_option
@storage_option
@format_option
def compare(configurations: tuple[str, ...], study: str | None, storage: str, output: str) -> None:
    """Whether one configuration escapes sooner than another, by a log-rank test.

    A and B are configurations like standard/adam/0.1; the two best if left out. JSON has the
    points of both curves of "not yet escaped", CSV a row for each point.

    \b
    multirestart compare standard/adam/0.1 standard/adam/0.01
    """
    if len(configurations) not in (0, 2):
        raise UserError(
            "compare takes two configurations like standard/adam/0.1, or none for the two best; "
            f"received {len(configurations)}: {' '.join(configurations)}"
        )
    found = opened(storage, study)
    comparison = found.compare(*configurations)
    if output == "table":
        show_comparison(found.name, found.problem, comparison)
    else:
        rows = comparison.to_json() if output == "json" else comparison.to_rows()
        write(output, list(rows[0]), rows)
