"""The ledger of a race: its rules say what is next, from the restarts that are recorded.

Nothing of a race is remembered but its rules, its entrants and its restarts, so a race that was
killed goes on as it would have gone on, and several launchers can run one race together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, takewhile

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import IntDistribution
from sqlalchemy import Connection

from search.configuration import Configuration
from search.errors import LaunchError
from search.escape import EscapeRate
from search.problem import Task
from search.race import judge_race
from search.race_state import Entrant, RaceRules, RaceState
from search.running.ledger import Claim, Ledger, frozen_trial, stored_parameters
from search.running.sampling import (
    LAST_SEED,
    RESTARTS,
    SEED,
    configuration_of,
    distributions,
    free_block,
)
from search.running.study import OpenStudy
from search.standing import Standing
from search.training.batches import SEEDS_PER_ORDER
from storage.claims import lock_study, trial_rows
from storage.database import Database
from storage.presence import Presence
from storage.races import KeptRace, escaped_in_race, first_trial, keep_race, last_race
from storage.rows import ConfigurationKey

RESTARTS_PER_TRIAL = 256
_RACE_STREAM = 2**32  # numbers of races among those of trials, for the draw of their seeds


@dataclass(frozen=True)
class Race:
    """A race of a study: `confirm` further seeds, which picked nothing, are run by the winner."""

    race_id: int
    rules: RaceRules
    confirm: int
    entrants: tuple[Entrant, ...]
    first_seed: int

    @classmethod
    def from_kept(cls, kept: KeptRace) -> Race:
        """The race that `begin_race` kept."""
        rules = dict(kept.rules)
        confirm = rules.pop("confirm")
        entrants = tuple(
            Entrant(
                ConfigurationKey(each["scaling"], each["optimizer"], each["learning_rate"]),
                EscapeRate(each["escaped"], each["restarts"]),
            )
            for each in kept.entrants
        )
        return cls(kept.race_id, RaceRules(**rules), confirm, entrants, kept.first_seed)


@dataclass(frozen=True)
class RaceResult:
    """How a race stands; `confirmed` is the winner's rate on seeds that picked nothing."""

    state: RaceState
    confirmed: EscapeRate | None
    is_over: bool


def begin_race(
    study: OpenStudy,
    rules: RaceRules,
    confirm: int,
    standings: Sequence[Standing],
    after: int | None = None,
) -> Race:
    """Keep a race of the given configurations on seeds that no trial of the study has used.

    If another launcher began one since the race `after`, that one is returned.
    """
    entrants = [
        {
            **asdict(standing.configuration),
            "escaped": standing.counts.escaped,
            "restarts": standing.counts.restarts,
        }
        for standing in standings
    ]
    total = rules.max_restarts + confirm
    stride = -(-total // SEEDS_PER_ORDER) * SEEDS_PER_ORDER
    plan = study.plan
    with study.database.transaction() as connection:
        lock_study(connection, study.study_id)
        before = last_race(connection, study.study_id)
        if before is not None and before.race_id != after:
            return Race.from_kept(before)
        taken = [
            range(trial.params[SEED], trial.params[SEED] + trial.user_attrs.get(RESTARTS, stride))
            for trial in map(frozen_trial, trial_rows(connection, study.study_id, 0))
            if SEED in trial.params
        ]
        number = _RACE_STREAM + (before.race_id if before else 0)
        first_seed = free_block(taken, stride, "a race", plan.sampler_seed, number)
        kept = {**asdict(rules), "confirm": confirm}
        race_id = keep_race(connection, study.study_id, kept, entrants, first_seed)
    return Race.from_kept(KeptRace(race_id, kept, entrants, first_seed))


def race_result(database: Database, race: Race) -> RaceResult:
    """How a race stands, from the record."""
    with database.transaction() as connection:
        return _result(connection, race)


class RaceLedger(Ledger):
    """Claims trials of a race until it is over and its winner's rate is confirmed."""

    def __init__(self, study: OpenStudy, presence: Presence, race: Race) -> None:
        super().__init__(study, presence, race.race_id)
        self._of = race

    @property
    def is_settled(self) -> bool:
        """Whether the race is over and confirmed."""
        return race_result(self._study.database, self._of).is_over

    def _next(self, connection: Connection) -> Claim | None:
        result = _result(connection, self._of)
        if result.is_over:
            return None
        claimed = {}
        first = first_trial(connection, self._of.race_id)
        rows = [] if first is None else trial_rows(connection, self._study.study_id, first)
        for row in rows:
            if row.race == self._of.race_id:
                trial = frozen_trial(row)
                if row.is_given_up:
                    raise LaunchError(
                        f"the race cannot go on: trial {row.number} of it was given up; "
                        "`multirestart restarts` has what is recorded"
                    )
                claimed[_key(configuration_of(trial.params)), trial.params[SEED]] = row
        plan = self._study.plan
        for entrant, positions in self._wanted(result.state):
            seed = self._of.first_seed + positions.start
            if (entrant.configuration, seed) in claimed:
                continue
            key = entrant.configuration
            configuration = Configuration(key.scaling, key.optimizer, key.learning_rate)
            values = {**asdict(key), SEED: seed}
            space = {**distributions(plan.space), SEED: IntDistribution(0, LAST_SEED)}
            task = Task(plan.problem, configuration, seed, len(positions))
            return self._claim(connection, stored_parameters(values, space), task)
        return None

    def _wanted(self, state: RaceState) -> Iterator[tuple[Entrant, range]]:
        """The trials that a race needs now: who runs, and which positions of its seeds."""
        if state.next_round is not None:
            positions, remaining = state.next_round.seeds, state.next_round.remaining
        else:
            positions = range(state.rules.max_restarts, state.rules.max_restarts + self._of.confirm)
            remaining = (state.leader,)
        for start in range(positions.start, positions.stop, RESTARTS_PER_TRIAL):
            for index in remaining:
                stop = min(start + RESTARTS_PER_TRIAL, positions.stop)
                yield state.entrants[index], range(start, stop)


def _result(connection: Connection, race: Race) -> RaceResult:
    found = escaped_in_race(connection, race.race_id)
    flags = [
        _prefix(found.get(entrant.configuration, {}), race.first_seed) for entrant in race.entrants
    ]
    state = judge_race(race.rules, race.entrants, flags)
    if state.end is None:
        return RaceResult(state, None, is_over=False)
    first = race.first_seed + race.rules.max_restarts
    winner = found.get(state.entrants[state.leader].configuration, {})
    confirming = [winner[seed] for seed in range(first, first + race.confirm) if seed in winner]
    if len(confirming) < race.confirm:
        return RaceResult(state, None, is_over=False)
    confirmed = EscapeRate(sum(confirming), len(confirming)) if confirming else None
    return RaceResult(state, confirmed, is_over=True)


def _prefix(escaped: dict[int, bool], first_seed: int) -> NDArray[np.bool_]:
    """Flags from the first seed on up to the first gap."""
    seeds = takewhile(escaped.__contains__, count(first_seed))
    return np.array([escaped[seed] for seed in seeds], dtype=np.bool_)


def _key(configuration: Configuration) -> ConfigurationKey:
    return ConfigurationKey(
        configuration.scaling, configuration.optimizer, configuration.learning_rate
    )
