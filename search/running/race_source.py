"""The trials of a race: its rules say what is next, from the restarts that are recorded.

Nothing of a race is remembered but its rules, its entrants and its restarts, so a race that was
killed goes on as it would have gone on, and several launchers can run one race together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from search.problem.configuration import Configuration
from search.problem.errors import LaunchError
from search.running.claims import Progress
from search.running.opening import OpenStudy
from search.running.races import Race, last_race
from search.running.source import TrialSource
from search.statistics.escape import EscapeRate
from search.statistics.race import judge_race
from search.statistics.race_state import RaceState
from storage.contract import Store
from storage.launchers import Liveness
from storage.values import TrialState

RESTARTS_PER_TRIAL = 256


@dataclass(frozen=True)
class RaceResult:
    """How a race stands; `confirmed` is the winner's rate on seeds that picked nothing.

    lacks_trial: whether one of its trials was given up, so that it cannot go on.
    """

    state: RaceState
    confirmed: EscapeRate | None
    is_over: bool
    lacks_trial: bool = False

    def going_on(self) -> RaceResult:
        """The same. Raises LaunchError if the race cannot go on."""
        if self.lacks_trial:
            raise LaunchError(
                "the race cannot go on: one of its trials was given up; begin another"
            )
        return self


def race_result(store: Store, race: Race) -> RaceResult:
    """How a race stands, from the record."""
    return _Track(race).follow(store)


def last_race_result(store: Store, study_id: int) -> RaceResult | None:
    """How the race stands that a study began last; None if it has none."""
    race = last_race(store, study_id)
    return None if race is None else race_result(store, race)


class RaceSource(TrialSource):
    """Claims trials of a race until it is over and its winner's rate is confirmed."""

    def __init__(self, study: OpenStudy, liveness: Liveness, race: Race) -> None:
        super().__init__(study, liveness, race.race_id)
        self._of = race
        self._track = _Track(race)

    @property
    def race_id(self) -> int:
        """Which race it is."""
        return self._of.race_id

    @property
    def result(self) -> RaceResult:
        """How the race stands, as last seen."""
        return self._track.result

    def progress(self) -> Progress:
        """How many trials are complete, and whether the race is over and confirmed."""
        result = self._track.follow(self._store).going_on()
        return Progress(self._track.complete, result.is_over)

    def _next(self) -> tuple[Configuration, range] | None:
        result = self._track.follow(self._store).going_on()
        if result.is_over:
            return None
        claimed = {
            (trial.configuration, trial.first_seed)
            for trial in self._store.race_trials(self._of.race_id)
        }
        return next(
            (
                (configuration, seeds)
                for configuration, seeds in self._wanted(result.state)
                if (configuration, seeds.start) not in claimed
            ),
            None,
        )

    def _wanted(self, state: RaceState) -> Iterator[tuple[Configuration, range]]:
        """The trials that a race needs now: who runs, and on which seeds."""
        if state.next_round is not None:
            positions, remaining = state.next_round.seeds, state.next_round.remaining
        else:
            positions = range(state.rules.max_restarts, state.rules.max_restarts + self._of.confirm)
            remaining = (state.leader,)
        first = self._of.first_seed
        for start in range(positions.start, positions.stop, RESTARTS_PER_TRIAL):
            stop = min(start + RESTARTS_PER_TRIAL, positions.stop)
            for index in remaining:
                yield state.entrants[index].configuration, range(first + start, first + stop)


class _Track:
    """The flags of a race's restarts, read once each, and what follows from them."""

    def __init__(self, race: Race) -> None:
        self._race = race
        self._rows = {each.configuration: row for row, each in enumerate(race.entrants)}
        length = race.rules.max_restarts + race.confirm
        self._escaped = np.zeros((len(race.entrants), length), dtype=np.bool_)
        self._is_known = np.zeros((len(race.entrants), length), dtype=np.bool_)
        self._seen: set[int] = set()
        self._is_stale = False
        self.result = self._judge()

    @property
    def complete(self) -> int:
        """Complete trials of the race, as last seen."""
        return len(self._seen)

    def follow(self, store: Store) -> RaceResult:
        """Read what was completed since the last time."""
        succeeded, lacks_trial = self._race.rules.sought.is_met_by, False
        with store.transaction():
            for trial in store.race_trials(self._race.race_id):
                lacks_trial = lacks_trial or trial.state is TrialState.GIVEN_UP
                if trial.state is TrialState.COMPLETE and trial.trial_id not in self._seen:
                    first = trial.first_seed - self._race.first_seed
                    row = self._rows[trial.configuration]
                    place = row, slice(first, first + trial.restarts)
                    self._escaped[place] = [succeeded(outcome) for outcome in store.outcomes(trial)]
                    self._is_known[place] = True
                    self._seen.add(trial.trial_id)
                    self._is_stale = True
        if self._is_stale:
            if self._has_next_round():
                self.result = self._judge()
            self._is_stale = False
        self.result = replace(self.result, lacks_trial=lacks_trial)
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
