"""Sources of trials: how a launcher claims trials of a study, finishes them or gives them back."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from search.problem.configuration import Configuration
from search.problem.problem import Task
from search.problem.rows import Restart, TrialSummary
from search.running.claims import Claim, Claims, Progress
from search.running.opening import OpenStudy, deleted
from search.running.stopping import Stopping
from search.statistics.objectives import objective_values, summarize
from storage.launchers import Liveness
from storage.values import Trial, TrialState


def search_progress(study: OpenStudy) -> Progress:
    """How many trials of a search are complete or given up, and whether nothing is left."""
    counts = study.store.count_trials(study.study_id)
    settled = sum(count for state, count in counts.items() if state.is_final)
    is_over = settled >= study.plan.trials
    if study.plan.until_precision and not is_over and settled == counts.total():
        stopping = Stopping(study)
        for trial in study.store.trials(study.study_id):
            if trial.race is None:
                stopping.add(trial)
        is_over = stopping.is_reached
    return Progress(settled, is_over)


class TrialSource(Claims):
    """Claims trials of a study for the launcher of a sign of life.

    What is next to be trained is each kind of source's own: a search asks its sampler, a race its
    rules. All run interrupted trials of their kind again before anything new.
    """

    def __init__(self, study: OpenStudy, liveness: Liveness, race: int | None = None) -> None:
        self._study = study
        self._store = study.store
        self._liveness = liveness
        self._race = race
        self._held: set[int] = set()

    def go_on_from(self, other: TrialSource) -> None:
        """Take the place of another source of this launcher and study, and hold what it holds."""
        self._held = other._held

    @abstractmethod
    def progress(self) -> Progress:
        """How far the trials of this kind are, whoever trained them."""

    @abstractmethod
    def _next(self) -> tuple[Configuration, range] | None:
        """What is to be trained next, a configuration and its seeds; None if nothing is now.

        The study is locked.
        """

    def claim(self) -> Claim | None:
        """The next trial to train; None if there is none, or none that others do not train.

        Raises LaunchError if the study was deleted.
        """
        study_id, launcher = self._study.study_id, self._liveness.launcher
        with self._store.transaction():
            if not self._store.lock_study(study_id):
                raise deleted(self._study.plan.name)
            trial = self._abandoned()
            if trial is not None:
                claimed = self._store.take_trial(trial, launcher)
            else:
                chosen = self._next()
                if chosen is None:
                    return None
                claimed = self._store.add_trial(study_id, *chosen, launcher, self._race)
        self._held.add(claimed.trial_id)
        problem = self._study.plan.problem
        task = Task(problem, claimed.configuration, claimed.first_seed, claimed.restarts)
        return Claim(claimed, task, trial is not None and trial.state is TrialState.FAILED)

    def finish(
        self, claim: Claim, restarts: tuple[Restart, ...], machine: str | None = None
    ) -> TrialSummary | None:
        """Record a trial with its restarts; None if its study was deleted or another took it.

        machine: the kind of machine that trained it.
        """
        plan = self._study.plan
        summary = summarize(restarts, plan.problem.epochs)
        values = objective_values(plan.objective, summary)
        is_recorded = self._store.complete_trial(claim.trial, restarts, values, summary, machine)
        self._held.discard(claim.trial.trial_id)
        if not is_recorded and not self._is_complete(claim.trial):
            return None
        self._settled(replace(claim.trial, state=TrialState.COMPLETE, values=values))
        return summary

    def give_back(self, claim: Claim, reason: str) -> None:
        """Leave a trial to the next launcher that looks."""
        self._end(claim, TrialState.WAITING, reason)

    def fail(self, claim: Claim, reason: str) -> None:
        """Leave a trial that no worker could train to the next launch."""
        self._end(claim, TrialState.FAILED, reason)

    def give_up(self, claim: Claim, reason: str) -> None:
        """Give a trial up for good."""
        if self._end(claim, TrialState.GIVEN_UP, reason):
            self._settled(replace(claim.trial, state=TrialState.GIVEN_UP))

    def _settled(self, trial: Trial) -> None:
        """Take note of a trial that this launcher has settled, as it stands in the record now."""

    def _end(self, claim: Claim, state: TrialState, reason: str) -> bool:
        self._held.discard(claim.trial.trial_id)
        return self._store.end_attempt(claim.trial, state, reason)

    def _abandoned(self) -> Trial | None:
        """The first trial that nobody trains; None if there is none.

        It may be this launcher's own, claimed as the connection broke, so that it does not know.
        """
        study_id, me = self._study.study_id, self._liveness.launcher
        running = self._store.launchers(study_id)
        alive = self._liveness.alive(running.keys() - {me})
        if running[me] == len(self._held):  # it knows its own; there can be hundreds to be named
            return self._store.abandoned_trial(study_id, self._race, {*alive, me}, ())
        return self._store.abandoned_trial(study_id, self._race, alive, self._held)

    def _is_complete(self, trial: Trial) -> bool:
        """Whether a trial is complete by this very attempt: the answer of that may be lost."""
        for found in self._store.trials(self._study.study_id, trial.number)[:1]:
            of_attempt = (found.trial_id, found.launcher, found.attempt)
            is_same = of_attempt == (trial.trial_id, trial.launcher, trial.attempt)
            return is_same and found.state is TrialState.COMPLETE
        return False
