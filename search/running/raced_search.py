"""The trials of a search, and then those of the race that its plan asks for."""

from __future__ import annotations

from dataclasses import replace

from search.problem.success import sought_by
from search.running.claims import Claim, Progress
from search.running.events import OnEvent, RaceBegan, RoundDone
from search.running.opening import OpenStudy
from search.running.race_source import RaceSource, race_result
from search.running.races import (
    FEWEST_ENTRANTS,
    begin_race_of_plan,
    race_of_plan,
    sought_standings,
)
from search.running.search_source import SearchSource
from search.running.source import search_progress


def study_progress(study: OpenStudy) -> Progress:
    """How many trials of a search are settled, and whether nothing is left of it nor of its race.

    Raises LaunchError if the race cannot go on.
    """
    found = search_progress(study)
    if not found.is_over or not study.plan.race:
        return found
    race = race_of_plan(study)
    if race is None:
        return replace(found, is_over=not _can_race(study))
    return replace(found, is_over=race_result(study.store, race).going_on().is_over)


class RacedSearch(SearchSource):
    """Claims the trials of a search, and once they are settled those of the race of its best.

    `racing` is the source of the race, once it was begun.
    """

    racing: RaceSource | None = None

    def progress(self) -> Progress:
        """How many trials of the search are settled, and whether its race is over too."""
        found = super().progress()
        if not found.is_over or not self._study.plan.race:
            return found
        race = race_of_plan(self._study)
        if race is None:
            return replace(found, is_over=not _can_race(self._study))
        if self.racing is None or self.racing.race_id != race.race_id:
            self.racing = RaceSource(self._study, self._liveness, race)
            self.racing.go_on_from(self)  # who finishes a trial is all the same
        return replace(found, is_over=self.racing.progress().is_over)

    def claim(self) -> Claim | None:
        """The next trial of the search, or of its race."""
        claim = super().claim()
        if claim is not None or not self._study.plan.race or not super().progress().is_over:
            return claim
        if begin_race_of_plan(self._study) is None or self.progress().is_over:
            return None
        assert self.racing is not None, "a race that is not over was begun"
        return self.racing.claim()


class RoundsTold:
    """Tells of a race that began, and of each of its rounds that is done."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._race_id: int | None = None
        self._rounds = 0

    def look(self, source: RaceSource | None) -> None:
        """Tell what is new of a race."""
        if source is None:
            return
        state, rules = source.result.state, source.result.state.rules
        if source.race_id != self._race_id:
            self._race_id, self._rounds = source.race_id, state.rounds_done
            names = tuple(entrant.name for entrant in state.entrants)
            self._on_event(RaceBegan(source.race_id, names))
        if state.rounds_done > self._rounds:
            self._rounds = state.rounds_done
            restarts = rules.rounds[self._rounds - 1]
            self._on_event(RoundDone(self._rounds, restarts, len(state.remaining)))


def _can_race(study: OpenStudy) -> bool:
    success = sought_by(study.plan.objective)
    return len(sought_standings(study.store, study.study_id, success)) >= FEWEST_ENTRANTS
