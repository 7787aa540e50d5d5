"""`race`: which of the best configurations really is best, on fresh seeds common to all."""

from __future__ import annotations

from typing import Any

import click

from search.commands.lean import without_scikit_learn
from search.commands.options import (
    cluster_option,
    format_option,
    no_cache_option,
    opened_store,
    storage_option,
    study_option,
    verbosity_of,
    verbosity_options,
)
from search.commands.reading import write_answer
from search.commands.server import served
from search.studies.answers import race_rows
from search.studies.opening import study_in
from search.studies.tables import race_table

MOST_RESTARTS = 1_000_000


@click.command()
@study_option
@storage_option
@click.option("--top", type=click.IntRange(min=2), metavar="K", help="Entrants.  [default: 5]")
@click.option(
    "--alpha",
    type=float,
    metavar="P",
    help="Chance, at most, to drop one that is as good as the best.  [default: 0.05]",
)
@click.option(
    "--first-round", type=int, metavar="N", help="Restarts of each in round 1.  [default: 64]"
)
@click.option(
    "--max-restarts",
    type=click.IntRange(max=MOST_RESTARTS),
    metavar="N",
    help="Restarts of each at which the race ends.  [default: 2560]",
)
@click.option(
    "--practical",
    type=float,
    metavar="D",
    help="Rates that differ by no more are the same.  [default: 0.005]",
)
@click.option(
    "--confirm",
    type=click.IntRange(min=0, max=MOST_RESTARTS),
    metavar="N",
    help="Restarts of the winner afterwards, on seeds not used to select it.  [default: 1024]",
)
@click.option("--new", is_flag=True, help="Begin another race though the last one is over.")
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=1024),
    metavar="N",
    help="Worker processes.  [default: one per core]",
)
@cluster_option
@no_cache_option
@verbosity_options
@format_option
@served(
    "over_service",
    *("top", "alpha", "first_round", "max_restarts", "practical", "confirm", "new"),
    *("workers", "cluster", "no_cache", "quiet", "verbose"),
)
def race(
    study: str | None,
    storage: str,
    new: bool,
    workers: int | None,
    cluster: str | None,
    no_cache: bool,
    quiet: bool,
    verbose: bool,
    output: str,
    **options: Any,
) -> None:
    """Race the best configurations on fresh seeds until one is clearly best.

    All run the same fresh seeds in rounds; after each round those that are clearly worse are
    dropped (McNemar's exact test, corrected for rounds and rivals) and the restarts of the others
    doubled. A study that seeks the solve rate is raced by that. Run again, a race that was
    interrupted goes on, and one that is over is shown. Over a service the last race is shown: a
    study that is launched with --race has one.

    \b
    multirestart race --top 5
    """
    verbosity = verbosity_of(quiet=quiet, verbose=verbose)
    # Optuna and joblib, imported once it is known that there is such a study.
    found = study_in(opened_store(storage), study)
    from search.commands.progress import EventLines
    from search.running.interrupts import Interrupts
    from search.studies.racing import race_study

    with without_scikit_learn():
        raced = race_study(
            *(found.store, found.stored, options),
            new=new,
            workers=workers,
            on_event=EventLines(verbosity),
            interrupts=Interrupts(ends_process=True),
            cache=not no_cache,
            cluster=cluster,
        )
    if raced.was_over and not quiet:
        click.echo(f"Race {raced.race.race_id} is over; --new begins another.", err=True)
    if output == "table":
        race_table(found, raced.result)
    else:
        write_answer(output, race_rows(found, raced.result))
