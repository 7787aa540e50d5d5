"""When a search has come to the precision that its plan asks for."""

from __future__ import annotations

from search.problem.plan import DEFAULT_TRIALS
from search.problem.rows import Outcome
from search.problem.success import sought_by
from search.running.opening import OpenStudy
from search.statistics.precision import LeadingPrecision
from storage.values import Trial, TrialState


class Stopping:
    """Follows the trials of a search, and tells whether they are enough before its size is reached.

    It goes by the trials in the order of their numbers, however they end: enough are the first ones
    that are settled without a gap and have led to the precision. That stays so whatever is
    complete beyond them, and whoever trained it.
    """

    def __init__(self, study: OpenStudy) -> None:
        plan = study.plan
        configurations = plan.space.configurations
        of_space = DEFAULT_TRIALS if configurations is None else len(configurations)
        self._store = study.store
        self._is_asked = plan.until_precision > 0
        self._leading = LeadingPrecision(plan.until_precision, min(of_space, DEFAULT_TRIALS))
        self._wanted = {Outcome.SOLVED}
        if sought_by(plan.objective).is_of_launch:
            self._wanted.add(Outcome.ESCAPED)
        self._order: list[int] = []
        self._settled: dict[int, Trial] = {}
        self._place = 0
        self._is_reached = False

    @property
    def is_reached(self) -> bool:
        """Whether no further trial is needed; it reads the restarts of those that came since."""
        while (
            not self._is_reached
            and self._place < len(self._order)
            and self._order[self._place] in self._settled
        ):
            number = self._order[self._place]
            self._count(self._settled[number])
            del self._settled[number]
            self._place += 1
            self._is_reached = self._leading.is_reached
        return self._is_reached

    def add(self, trial: Trial) -> None:
        """Follow a trial of the search that was not there before; in the order of numbers."""
        if self._is_asked:
            self._order.append(trial.number)
            self.update(trial)

    def update(self, trial: Trial) -> None:
        """Follow a trial as it stands now."""
        if not self._is_asked or not trial.state.is_final:
            return
        self._settled[trial.number] = trial

    def _count(self, trial: Trial) -> None:
        if trial.state is TrialState.COMPLETE:
            outcomes = self._store.outcomes(trial)
            successes = sum(outcome in self._wanted for outcome in outcomes)
            self._leading.add(trial.configuration, successes, len(outcomes))
