"""`check`: verify a whole database, and train a sample of its restarts again."""

from __future__ import annotations

from collections.abc import Iterable

import click

from search.commands.options import format_option, opened_database, storage_option, warned
from search.commands.reading import write
from search.opened import study_in
from search.reports.report import Column, show_table
from storage.reading import study_names

_KEYS = ("study", "trial", "seed", "finding")


@click.command(short_help="Verify a database, train a sample again.")
@click.option("--study", metavar="NAME", help="Check this study only.  [default: all]")
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
    """Verify a database: every restart there once, all figures as told, a sample trained again.

    Exit code 1, and what was found as a list, if anything is not as it must be.

    \b
    multirestart check --retrain 100
    """
    database = opened_database(storage)
    names = study_names(database) if study is None else [study]
    chosen = [warned(study_in(database, name)) for name in names]
    # Optuna, imported late: it is not needed to say that there is no such study.
    from search.running.plan import StudyPlan
    from search.verify.database import check_file, check_study, retrained, sample

    found = [_finding("", finding.trial, None, finding.what) for finding in check_file(database)]
    for opened in chosen:
        name, study_id = opened.name, opened.study_id
        plan = StudyPlan.from_record(name, opened.record)
        checked, findings = check_study(database, study_id, plan)
        found += [_finding(name, finding.trial, None, finding.what) for finding in findings]
        outdated = plan.problem.outdated
        drawn = sample(database, study_id, 0 if outdated else retrain, draw)
        for recorded in drawn:
            what = retrained(plan.problem, recorded)
            if what is not None:
                found.append(_finding(name, recorded.trial, recorded.restart.seed, what))
        click.echo(
            f"{name}: {checked.trials} trials with {checked.restarts} restarts looked at, "
            f"{len(drawn)} restarts trained again" + (f" ({outdated})" if outdated else ""),
            err=True,
        )
    _show(output, found)
    if found:
        raise SystemExit(1)


def _finding(study: str, trial: int | None, seed: int | None, what: str) -> dict[str, object]:
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
        click.echo("All is as it must be.")
