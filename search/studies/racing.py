"""Racing the best configurations of a study: begun, gone on with, or shown if it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from search.problem.arguments import Arguments
from search.problem.errors import Fault, InvalidValuesError, LaunchError, UserError
from search.problem.plan import MAX_RESTARTS
from search.problem.rows import ConfigurationCounts
from search.problem.success import Success, sought_by
from search.running.engine import Engine
from search.running.engines import make_engine
from search.running.events import OnEvent, RaceBegan, RoundDone, WaitingForLock
from search.running.interrupts import Interrupts
from search.running.opening import OpenStudy, reopen_study
from search.running.race_source import RaceResult, RaceSource, race_result
from search.running.races import Race, begin_race, last_race
from search.running.run import run_trials
from search.statistics.race_state import RaceRules
from search.statistics.ranking import ranked
from storage.contract import Store
from storage.values import StoredStudy

DEFAULT_TOP = 5
DEFAULT_CONFIRM = 1024


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
        standings = ranked(_counted(store, study.study_id, success), success)
        if running is not None:
            result = race_result(store, running)
            _refuse_others(running, given, is_over=result.is_over)
            if result.is_over:
                return Raced(running, result, was_over=True)
    rules = RaceRules(
        **{name: value for name, value in given.items() if name not in ("top", "confirm")},
        success=str(success),
    )
    if running is None and len(standings) < 2:
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


def _counted(store: Store, study_id: int, success: Success) -> list[ConfigurationCounts]:
    """The configurations, with their successes by what a study seeks."""
    counts = store.configuration_counts(study_id)
    if success.is_of_launch:
        return counts
    return [replace(count, succeeded=count.solved) for count in counts]


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
    result = race_result(study.store, race)
    if result.is_over:
        return Raced(race, result, was_over=True)
    on_event(RaceBegan(race.race_id, tuple(entrant.name for entrant in race.entrants)))
    rounds = result.state.rounds_done
    with study.store.liveness() as liveness, engine:
        from search.dashboard.publisher import Publisher  # Optuna, while the workers start

        source = RaceSource(study, liveness, race)
        with (
            Publisher(study, on_event),
            closing(run_trials(source, engine, interrupts)) as events,
        ):
            for event in events:
                on_event(event)
                state = source.result.state
                if state.rounds_done > rounds:
                    rounds = state.rounds_done
                    on_event(RoundDone(rounds, race.rules.rounds[rounds - 1], len(state.remaining)))
    return Raced(race, source.result, was_over=False)


def _has_ended(store: Store, race: Race) -> bool:
    """Whether a race is over, or cannot go on."""
    try:
        return race_result(store, race).is_over
    except (LaunchError, UserError):
        return True


def _refuse_others(running: Race, given: Mapping[str, Any], *, is_over: bool) -> None:
    """Refuse rules other than those of the race that goes on."""
    fixed = {**asdict(running.rules), "confirm": running.confirm, "top": running.top}
    for name, value in fixed.items():
        if given.get(name, value) != value:
            which = "is over" if is_over else "goes on"
            hint = "begin a new one" if is_over else "leave it out to go on"
            rule = f"is {value} in race {running.race_id}, which {which}: {hint}"
            raise InvalidValuesError([Fault(name, rule, str(given[name]))])
