"""`check`: verify a whole database, and train a sample of its restarts again."""

from __future__ import annotations

from collections.abc import Iterable

import click

from search.commands.options import format_option, once, opened_store, storage_option
from search.commands.reading import write
from search.reports.layout import Column
from search.reports.report import show_table
from search.studies.opening import study_in

_KEYS = ("study", "trial", "seed", "finding")


@click.command()
@click.option(
    "--study",
    metavar="NAME",
    multiple=True,
    callback=once,
    help="Check this study only.  [default: all]",
)
@storage_option
@click.option(
    "--retrain",
    type=click.IntRange(min=0),
    default=32,
    show_default=True,
    metavar="N",
    help="Restarts of each study, drawn at random, to train again.",
)
@click.option(
    "--draw",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="SEED",
    help="Seed of that draw.",
)
@format_option
def check(study: str | None, storage: str, retrain: int, draw: int, output: str) -> None:
    """Verify a database: every restart there once, all figures agree, a sample trained again.

    Exit code 1, and the list of findings, if there are any.

    \b
    multirestart check --retrain 100
    """
    store = opened_store(storage)
    names = [each.name for each in store.studies()] if study is None else [study]
    chosen = [study_in(store, name) for name in names]
    # Optuna and TensorFlow: they are not needed to say that there is no such study.
    from search.commands.event_lines import foreign_trials

    found = [_row("", None, None, error) for error in store.integrity_errors()]
    for opened in chosen:
        checked = opened.check(retrain, draw)
        found += [_row(opened.name, each.trial, each.seed, each.what) for each in checked.findings]
        outdated, elsewhere = opened.problem.outdated, checked.elsewhere
        click.echo(
            f"{opened.name}: {checked.trials} trials with {checked.restarts} restarts looked at, "
            f"{checked.retrained} restarts trained again"
            + (f" ({outdated})" if outdated else "")
            + (
                f", {elsewhere} of them of another kind of machine, by outcome" if elsewhere else ""
            ),
            err=True,
        )
        if checked.foreign:
            click.echo(f"{opened.name}: {foreign_trials(checked.foreign)}", err=True)
    _show(output, found)
    if found:
        raise SystemExit(1)


def _row(study: str, trial: int | None, seed: int | None, what: str) -> dict[str, object]:
    return dict(zip(_KEYS, (study, trial, seed, what), strict=True))


def _show(output: str, found: Iterable[dict[str, object]]) -> None:
    rows = list(found)
    if output != "table":
        write(output, _KEYS, rows)
    elif rows:
        cells = [["-" if row[key] is None else str(row[key]) for key in _KEYS] for row in rows]
        title = "1 finding" if len(rows) == 1 else f"{len(rows)} findings"
        show_table(title, [Column(key) for key in _KEYS], cells)
    else:
        click.echo("Nothing is wrong.")
