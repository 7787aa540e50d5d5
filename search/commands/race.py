"""`race`: which of the best configurations really is best, on fresh seeds common to all."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from search.commands.options import (
    format_option,
    opened,
    storage_option,
    study_option,
    worker_count,
)
from search.commands.reading import write
from search.problem.errors import LaunchError, UserError
from search.reports.race_report import (
    RACE_COLUMNS,
    RACE_KEYS,
    race_json,
    race_rows,
    statement,
    to_json,
)
from search.reports.report import show_table
from search.reports.tables import describe
from search.statistics.race_state import RaceRules
from search.statistics.ranking import ranked
from storage.database import Database
from storage.reading import configuration_counts, study_token

if TYPE_CHECKING:
    from search.problem.plan import Plan
    from search.running.interrupts import Interrupts
    from search.running.race_ledger import RaceResult
    from search.running.races import Race
    from search.running.study import OpenStudy

DEFAULT_TOP = 5
DEFAULT_CONFIRM = 1024
MOST_RESTARTS = 1_000_000


@click.command(short_help="Which one really is best, on fresh seeds.")
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
    help="Restarts of the winner afterwards, on seeds that picked nothing.  [default: 1024]",
)
@click.option("--new", is_flag=True, help="Begin another race though the last one is over.")
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=1024),
    metavar="N",
    help="Worker processes.  [default: one per core]",
)
@format_option
def race(
    study: str | None,
    storage: str,
    new: bool,
    workers: int | None,
    output: str,
    **options: Any,
) -> None:
    """Race the best configurations on fresh seeds until one is clearly best.

    All run the same fresh seeds in rounds; after each round those that are clearly worse are
    dropped (McNemar's exact test, corrected for rounds and rivals) and the restarts of the others
    doubled. Run again, a race that was interrupted goes on, and one that is over is shown.

    \b
    multirestart race --top 5
    """
    found = opened(storage, study)
    database, name, study_id, record = found.database, found.name, found.study_id, found.record
    # Optuna and joblib, imported once it is known that there is such a study.
    from search.problem.plan import Plan
    from search.running.interrupts import Interrupts
    from search.running.race_ledger import race_result
    from search.running.races import begin_race, last_race
    from search.running.study import reopen_study

    plan = Plan.from_record(name, record)
    token = study_token(database, study_id)
    last = last_race(database, study_id)
    running = None if last is not None and new and _has_ended(database, last) else last
    standings = []
    if running is None:
        rules, top = _rules(options), options["top"] or DEFAULT_TOP
        confirm = DEFAULT_CONFIRM if options["confirm"] is None else options["confirm"]
        standings = ranked(configuration_counts(database, study_id, plan.problem.epochs))
        if len(standings) < 2:
            raise UserError(
                f"a race needs two configurations at least, study {name!r} has {len(standings)}"
            )
    else:
        result = race_result(database, running)
        _refuse_others(running, options, is_over=result.is_over)
        if result.is_over:
            click.echo(f"Race {running.race_id} is over; --new begins another.", err=True)
            _show(output, plan, result)
            return
    database.close()
    with Interrupts().caught() as interrupts:
        reopened = reopen_study(storage, name, token or "")
        if running is None:
            after = None if last is None else last.race_id
            running = begin_race(reopened, rules, confirm, standings, top, after)
            _refuse_others(running, options, is_over=False)  # another may have begun its own
        result = _run(reopened, running, workers, interrupts, storage)
    _show(output, plan, result)


def _has_ended(database: Database, race: Race) -> bool:
    """Whether a race is over, or cannot go on."""
    from search.running.race_ledger import race_result

    try:
        return race_result(database, race).is_over
    except LaunchError:
        return True


def _rules(options: dict[str, Any]) -> RaceRules:
    given = {
        name: options[name]
        for name in ("alpha", "first_round", "max_restarts", "practical")
        if options[name] is not None
    }
    return RaceRules(**given)


def _refuse_others(running: Race, options: dict[str, Any], *, is_over: bool) -> None:
    """Refuse options other than those of the race that goes on."""
    fixed = {**asdict(running.rules), "confirm": running.confirm, "top": running.top}
    for name, value in fixed.items():
        if options[name] not in (None, value):
            begin = "which is over" if is_over else "which goes on"
            hint = "begin another with --new" if is_over else "leave it out to go on"
            raise UserError(
                f"race {running.race_id}, {begin}, has --{name.replace('_', '-')} {value}, not "
                f"{options[name]}: {hint}"
            )


def _run(
    study: OpenStudy, race: Race, workers: int | None, interrupts: Interrupts, storage: str
) -> RaceResult:
    """Run a race to its end, with a line on stderr for every round."""
    from contextlib import closing

    from search.running.race_ledger import RaceLedger, race_result
    from search.running.runner import TrialTroubled, run_study
    from search.running.workers import Workers
    from storage.liveness import presence_in

    result = race_result(study.database, race)
    if result.is_over:
        click.echo(f"Race {race.race_id} is over; --new begins another.", err=True)
        return result
    names = ", ".join(entrant.name for entrant in race.entrants)
    click.echo(f"Race {race.race_id} of {names}.", err=True)
    with (
        presence_in(storage) as presence,
        Workers(worker_count(workers)) as pool,
        closing(run_study(ledger := RaceLedger(study, presence, race), pool, interrupts)) as events,
    ):
        rounds = result.state.rounds_done
        for event in events:
            if isinstance(event, TrialTroubled):
                click.echo(f"Trial {event.number}: {event.reason}.", err=True)
            if ledger.result.state.rounds_done > rounds:
                rounds = ledger.result.state.rounds_done
                left = len(ledger.result.state.remaining)
                click.echo(
                    f"Round {rounds}: {race.rules.rounds[rounds - 1]} restarts each, {left} left.",
                    err=True,
                )
    return ledger.result


def _show(output: str, plan: Plan, result: RaceResult) -> None:
    rate = result.confirmed
    if output == "csv":
        write(output, RACE_KEYS, race_json(result.state))
    elif output == "json":
        confirmed = None
        if rate is not None:
            low, high = rate.interval
            confirmed = {
                "escaped": rate.escaped,
                "restarts": rate.restarts,
                "rate": rate.rate,
                "ci_low": low,
                "ci_high": high,
            }
        click.echo(json.dumps({**to_json(result.state), "confirmed": confirmed}, indent=2))
    else:
        show_table(f"{plan.name}: {describe(plan.problem)}", RACE_COLUMNS, race_rows(result.state))
        click.echo(statement(result.state))
        if rate is not None:
            low, high = rate.interval
            click.echo(
                f"Measured again on {rate.restarts} further seeds, which picked nothing: {rate} "
                f"escaped, {rate.rate:.3f} (95% interval {low:.3f}-{high:.3f})."
            )
