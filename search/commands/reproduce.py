"""`reproduce`: published results, run again."""

from __future__ import annotations

import click

from search.commands.lean import without_scikit_learn
from search.commands.options import (
    format_option,
    no_cache_option,
    storage_option,
    verbosity_of,
    verbosity_options,
)
from search.commands.reading import write
from search.problem.errors import UserError

_MOST_WORKERS = 1024
_KEYS = (
    *("figure", "study", "success", "successes", "restarts", "rate", "ci_low", "ci_high"),
    *("published", "independent", "standard_errors_apart"),
)


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@storage_option
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    metavar="N",
    help="Worker processes.  [default: one per core]",
)
@no_cache_option
@verbosity_options
@format_option
def reproduce(
    name: str | None,
    storage: str,
    workers: int | None,
    no_cache: bool,
    quiet: bool,
    verbose: bool,
    output: str,
) -> None:
    """Run a published result again, and set what comes out beside what was published.

    Without NAME, lists the results. What a result needs are studies like any other: they are kept
    in the database, and every reading command takes them.

    \b
    multirestart reproduce
    multirestart reproduce plateau
    """
    from search.problem.reproductions import read_reproduction, reproductions
    from search.reports.reproduction_tables import (
        REPRODUCTION_KEYS,
        show_reproduced,
        show_reproductions,
    )

    if name is None:
        found = [read_reproduction(each) for each in reproductions()]
        if output == "table":
            show_reproductions(found)
        else:
            rows = ({key: getattr(each, key) for key in REPRODUCTION_KEYS} for each in found)
            write(output, REPRODUCTION_KEYS, rows)
        return
    chosen = read_reproduction(name)
    verbosity = verbosity_of(quiet=quiet, verbose=verbose)
    # Optuna and joblib, which the list does without.
    from search.commands.progress import LaunchProgress
    from search.running.interrupts import Interrupts
    from search.studies.reproducing import reproduce as reproduced

    figures = []
    with (
        without_scikit_learn(),
        Interrupts(ends_process=True).caught() as interrupts,
        LaunchProgress(verbosity) as progress,
    ):
        arguments = (chosen, storage, workers, progress, interrupts)
        figures = list(reproduced(*arguments, cache=not no_cache))
    if progress.given_up:
        raise UserError(f"{len(progress.given_up)} trials were given up: what is left is no result")
    if output == "table":
        show_reproduced(chosen, figures)
    else:
        write(output, _KEYS, (figure.to_json() for figure in figures))
