"""The ledger of a race: its rules say what is next, from the restarts that are recorded.

Nothing of a race is remembered but its rules, its entrants and its restarts, so a race that was
killed goes on as it would have gone on, and several launchers can run one race together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from optuna.distributions import IntDistribution
from sqlalchemy import Connection

from search.problem.configuration import Configuration
from search.problem.errors import LaunchError
from search.problem.problem import Task
from search.running.ledger import Claim, Ledger, frozen_trial, stored_parameters
from search.running.races import Race
from search.running.sampling import SEED, configuration_of, distributions
from search.running.seeds import LAST_SEED
from search.running.study import OpenStudy
from search.statistics.escape import EscapeRate
from search.statistics.race import judge_race
from search.statistics.race_state import Entrant, RaceState
from storage.claims import trial_rows
from storage.database import Database
from storage.liveness import Presence
from storage.races import escaped_of_trials, race_trials

RESTARTS_PER_TRIAL = 256


@dataclass(frozen=True)
class RaceResult:
    """How a race stands; `confirmed` is the winner's rate on seeds that picked nothing."""

    state: RaceState
    confirmed: EscapeRate | None
    is_over: bool


def race_result(database: Database, race: Race) -> RaceResult:
    """How a race stands, from the record."""
    with database.transaction() as connection:
        return _Track(race).follow(connection)


class RaceLedger(Ledger):
    """Claims trials of a race until it is over and its winner's rate is confirmed."""

    def __init__(self, study: OpenStudy, presence: Presence, race: Race) -> None:
        super().__init__(study, presence, race.race_id)
        self._of = race
        self._track = _Track(race)
        self._claimed: set[tuple[Configuration, int]] = set()
        self._looked_at = 0

    @property
    def result(self) -> RaceResult:
        """How the race stands, as last seen."""
        return self._track.result

    @property
    def is_settled(self) -> bool:
        """Whether the race is over and confirmed."""
        with self._study.database.transaction() as connection:
            return self._track.follow(connection).is_over

    def _next(self, connection: Connection) -> Claim | None:
        result = self._track.follow(connection)
        if result.is_over:
            return None
        self._look_at_claims(connection)
        plan = self._study.plan
        for entrant, positions in self._wanted(result.state):
            key, seed = entrant.configuration, self._of.first_seed + positions.start
            if (key, seed) in self._claimed:
                continue
            values = {**asdict(key), SEED: seed}
            space = {**distributions(plan.space), SEED: IntDistribution(0, LAST_SEED)}
            task = Task(plan.problem, key, seed, len(positions))
            return self._claim(connection, stored_parameters(values, space), task)
        return None

    def _look_at_claims(self, connection: Connection) -> None:
        """Take note of what this and other launchers have claimed since the last look."""
        for row in trial_rows(connection, self._study.study_id, self._looked_at):
            self._looked_at = row.number + 1
            if row.race == self._of.race_id:
                params = frozen_trial(row).params
                self._claimed.add((configuration_of(params), params[SEED]))

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


class _Track:
    """The flags of a race's restarts, read once each, and what follows from them."""

    def __init__(self, race: Race) -> None:
        self._race = race
        self._rows = {each.configuration: row for row, each in enumerate(race.entrants)}
        length = race.rules.max_restarts + race.confirm
        self._escaped = np.zeros((len(race.entrants), length), dtype=np.bool_)
        self._is_known = np.zeros((len(race.entrants), length), dtype=np.bool_)
        self._seen: set[int] = set()
        self.result = self._judge()

    def follow(self, connection: Connection) -> RaceResult:
        """Read what was completed since the last time. Raises LaunchError if a trial is missing."""
        fresh = []
        for trial_id, state, again in race_trials(connection, self._race.race_id):
            if state == "FAIL" and not again:
                raise LaunchError(
                    "the race cannot go on: one of its trials was given up; begin another"
                )
            if state == "COMPLETE" and trial_id not in self._seen:
                fresh.append(trial_id)
        for key, seed, escaped in escaped_of_trials(connection, fresh):
            place = self._rows[key], seed - self._race.first_seed
            self._escaped[place], self._is_known[place] = escaped, True
        self._seen.update(fresh)
        if fresh and self._has_next_round():
            self.result = self._judge()
        return self.result

    def _has_next_round(self) -> bool:
        """Whether the restarts that the race waited for are all there."""
        following = self.result.state.next_round
        if following is None:
            return True
        wanted = self._is_known[list(following.remaining)]
        return bool(wanted[:, following.seeds.start : following.seeds.stop].all())

    def _judge(self) -> RaceResult:
        race = self._race
        known = np.logical_and.accumulate(self._is_known, axis=1).sum(axis=1)
        flags = [row[:count] for row, count in zip(self._escaped, known, strict=True)]
        state = judge_race(race.rules, race.entrants, flags)
        if state.end is None:
            return RaceResult(state, None, is_over=False)
        confirming = slice(race.rules.max_restarts, None)
        if not self._is_known[state.leader, confirming].all():
            return RaceResult(state, None, is_over=False)
        escaped = self._escaped[state.leader, confirming]
        confirmed = EscapeRate(int(escaped.sum()), len(escaped)) if len(escaped) else None
        return RaceResult(state, confirmed, is_over=True)
