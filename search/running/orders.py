"""Orders: studies that somebody, in another process, pauses, cancels or wants again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from search.problem.errors import LaunchError
from search.problem.plan import Plan
from search.running.claims import Claim, Progress
from search.running.opening import OpenStudy
from search.running.raced_search import RacedSearch, study_progress
from storage.contract import Store
from storage.launchers import Liveness
from storage.values import QueueEntry, StudyState, TrialState

_WANTED_AGAIN = frozenset(StudyState) - {StudyState.QUEUED, StudyState.RUNNING}


def want(store: Store, study_id: int) -> None:
    """Queue a study whatever was ordered of it: whoever launches it wants it trained."""
    store.move_study(study_id, StudyState.QUEUED, _WANTED_AGAIN)


def settle(study: OpenStudy, progress: Progress | None = None) -> StudyState | None:
    """Note of a queued study that it is over, if it is; what it came to, or None.

    Args:
        study: The study.
        progress: How far it is by its plan as that is kept, where that is known.
    """
    store, study_id = study.store, study.study_id
    with store.transaction():
        stored = store.find_study(study.plan.name) if store.lock_study(study_id) else None
        if stored is None:
            return None
        kept = replace(study, plan=Plan.from_record(stored.name, stored.record))
        if not (progress or study_progress(kept)).is_over:
            return None
        came_to, reason = StudyState.SETTLED, None
        if not store.count_trials(study_id)[TrialState.COMPLETE]:
            came_to = StudyState.FAILED
            reasons = [trial.reason for trial in store.trials(study_id) if trial.reason]
            reason = f"no trial could be trained: {reasons[-1] if reasons else 'all were given up'}"
        store.move_study(study_id, came_to, {StudyState.QUEUED}, reason=reason)
        return came_to


def recall(entry: QueueEntry | None) -> bool | None:
    """What is to become of trials of a study that are under way.

    Returns:
        True if all are to be stopped, for it was killed or deleted; False if those that have not
        begun are, for it is paused or cancelled; None if they are wanted.
    """
    if entry is None:
        return True
    if entry.state in (StudyState.PAUSED, StudyState.CANCELLED):
        return entry.at_once
    return None


class OrderedSource(RacedSearch):
    """The trials of a search that ends when somebody orders it: `held_as` is what it became."""

    def __init__(self, study: OpenStudy, liveness: Liveness) -> None:
        super().__init__(study, liveness)
        self.held_as: StudyState | None = None

    def claim(self) -> Claim | None:
        """The next trial; None too if the study is not queued any more."""
        with self._store.transaction():
            entry = self._store.entry(self._study.study_id)
            if entry is not None and entry.state in (StudyState.PAUSED, StudyState.CANCELLED):
                self.held_as = entry.state
                return None
            self.held_as = None
            return super().claim()

    def progress(self) -> Progress:
        """How far the search is; over too if the study is held."""
        found = super().progress()
        return replace(found, is_over=found.is_over or self.held_as is not None)

    def recalled(self, claims: Collection[Claim]) -> dict[int, bool]:
        """All trials, if the study is held or gone."""
        at_once = recall(self._store.entry(self._study.study_id))
        return {} if at_once is None else {claim.trial.trial_id: at_once for claim in claims}

    def refuse_held(self) -> None:
        """Raise LaunchError if the study was held before it was over."""
        if self.held_as is not None and not super().progress().is_over:
            name = self._study.plan.name
            raise LaunchError(
                f"study {name!r} was {self.held_as} by somebody else; what is complete is kept, "
                "and the same command goes on with it"
            )
