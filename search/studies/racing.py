"""Racing the best configurations of a study: begun, gone on with, or shown if it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from search.problem.arguments import Arguments
from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.plan import MAX_RESTARTS
from search.problem.success import sought_by
from search.running.engine import Engine
from search.running.engines import make_engine
from search.running.events import OnEvent, WaitingForLock
from search.running.interrupts import Interrupts
from search.running.opening import OpenStudy, reopen_study
from search.running.race_source import RaceResult, RaceSource, race_result
from search.running.raced_search import RoundsTold
from search.running.races import (
    DEFAULT_CONFIRM,
    FEWEST_ENTRANTS,
    Race,
    begin_race,
    last_race,
    sought_standings,
)
from search.running.run import run_trials
from search.statistics.race_state import RaceRules
from storage.contract import Store
from storage.values import StoredStudy

DEFAULT_TOP = 5


@dataclass(frozen=True)
class Raced:
    """A race and how it stands. was_over: whether nothing had to be run for that."""

    race: Race
    result: RaceResult
    was_over: bool


def race_study(
    store: Store,
    study: StoredStudy,
    asked: Mapping[str, Any],
    *,
    new: bool,
    workers: int | None,
    on_event: OnEvent,
    interrupts: Interrupts,
    cache: bool,
    cluster: str | None = None,
) -> Raced:
    """Race the best configurations of a study as `Study.race` says.

    `asked` holds `top`, `confirm` and the rules of `RaceRules` by their names; `interrupts` answers
    Ctrl-C. The store is one open for reading.
    """
    given = _checked(asked)
    with store.transaction():
        last = last_race(store, study.study_id)
        running = None if last is not None and new and _has_ended(store, last) else last
        success = sought_by(study.record.search.get("objective"))
        standings = sought_standings(store, study.study_id, success)
        if running is not None:
            result = race_result(store, running).going_on()
            _refuse_others(running, given, is_over=result.is_over)
            if result.is_over:
                return Raced(running, result, was_over=True)
    rules = RaceRules(
        **{name: value for name, value in given.items() if name not in ("top", "confirm")},
        success=str(success),
    )
    if running is None and len(standings) < FEWEST_ENTRANTS:
        raise UserError(
            f"a race needs two configurations at least, study {study.name!r} has {len(standings)}"
        )
    engine, _ = make_engine(cluster, workers, on_event, cache=cache)
    with interrupts.caught():
        opened = reopen_study(store.url, study, lambda seconds: on_event(WaitingForLock(seconds)))
        with closing(opened.store):
            if running is None:
                top = given.get("top", DEFAULT_TOP)
                confirm = given.get("confirm", DEFAULT_CONFIRM)
                after = None if last is None else last.race_id
                running = begin_race(opened, rules, confirm, standings, top, after)
                _refuse_others(running, given, is_over=False)  # another may have begun its own
            return _run(opened, running, engine, interrupts, on_event)


def _checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for and not None, as plain numbers. Raises InvalidValuesError."""
    arguments = Arguments()
    read: dict[str, Callable[[str, Any], float]] = {
        "top": partial(arguments.whole, least=2),
        "alpha": arguments.number,
        "first_round": arguments.whole,
        "max_restarts": partial(arguments.whole, most=MAX_RESTARTS),
        "practical": arguments.number,
        "confirm": partial(arguments.whole, least=0, most=MAX_RESTARTS),
    }
    given = {name: read[name](name, value) for name, value in asked.items() if value is not None}
    arguments.raise_any()
    return given


def _run(
    study: OpenStudy, race: Race, engine: Engine, interrupts: Interrupts, on_event: OnEvent
) -> Raced:
    result = race_result(study.store, race).going_on()
    if result.is_over:
        return Raced(race, result, was_over=True)
    rounds = RoundsTold(on_event)
    with study.store.liveness() as liveness, engine:
        from search.dashboard.publisher import Publisher  # Optuna, while the workers start

        source = RaceSource(study, liveness, race)
        with (
            Publisher(study, on_event),
            closing(run_trials(source, engine, interrupts)) as events,
        ):
            rounds.look(source)
            for event in events:
                on_event(event)
                rounds.look(source)
    return Raced(race, source.result, was_over=False)


def _has_ended(store: Store, race: Race) -> bool:
    """Whether a race is over, or cannot go on."""
    try:
        result = race_result(store, race)
    except UserError:
        return True
    return result.is_over or result.lacks_trial


def _refuse_others(running: Race, given: Mapping[str, Any], *, is_over: bool) -> None:
    """Refuse rules other than those of the race that goes on."""
    fixed = {**asdict(running.rules), "confirm": running.confirm, "top": running.top}
    for name, value in fixed.items():
        if given.get(name, value) != value:
            which = "is over" if is_over else "goes on"
            hint = "begin a new one" if is_over else "leave it out to go on"
            rule = f"is {value} in race {running.race_id}, which {which}: {hint}"
            raise InvalidValuesError([Fault(name, rule, str(given[name]))])
