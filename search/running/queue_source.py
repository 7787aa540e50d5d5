"""The trials of a queue of studies: whichever study is next, by priority and age."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

from search.problem.errors import LaunchError, UserError
from search.problem.plan import Plan
from search.problem.rows import Restart, TrialSummary
from search.running.claims import Claim, Claims, Progress
from search.running.opening import OpenStudy, refuse_outdated
from search.running.orders import recall, settle
from search.running.raced_search import RacedSearch
from storage.contract import Store
from storage.launchers import Liveness
from storage.values import QueueEntry, StudyState


class QueueWatcher(ABC):
    """Told what becomes of the studies of a queue."""

    @abstractmethod
    def opened(self, study: OpenStudy) -> None:
        """A study is worked on from now on."""

    @abstractmethod
    def closed(self, study_id: int, name: str, state: StudyState | None) -> None:
        """It is not any more: it came to a state, or is gone if that is None."""

    @abstractmethod
    def finished(self, name: str, claim: Claim, summary: TrialSummary) -> None:
        """A trial of a study is complete."""


@dataclass
class _Open:
    study: OpenStudy
    changed: float
    source: RacedSearch


class QueueSource(Claims):
    """Claims trials of whichever study is next; studies ordered, made and deleted meanwhile count.

    With each claim it begins at the head of the queue, so that a study of higher priority is next
    as soon as a worker is free.

    Args:
        store: The store, opened for writing.
        liveness: The launcher's sign of life.
        watcher: Told what becomes of the studies.
        until_empty: Whether it is over when no study is queued any more.
    """

    def __init__(
        self, store: Store, liveness: Liveness, watcher: QueueWatcher, *, until_empty: bool
    ) -> None:
        self._store = store
        self._liveness = liveness
        self._watcher = watcher
        self._ends_empty = until_empty
        self._open: dict[int, _Open] = {}
        self._owners: dict[int, _Open] = {}
        self._settled = 0

    def claim(self) -> Claim | None:
        """The next trial of the first study that has one that others do not train."""
        entries = self._store.entries()
        self._close_others(entries)
        for entry in entries:
            if entry.state is StudyState.QUEUED:
                claim = self._claim_of(entry.study_id)
                if claim is not None:
                    return claim
        return None

    def progress(self) -> Progress:
        """How many trials it finished, and whether the queue is empty where that ends it."""
        is_over = self._ends_empty and not any(
            entry.state is StudyState.QUEUED for entry in self._store.entries()
        )
        return Progress(self._settled, is_over)

    def finish(
        self, claim: Claim, restarts: tuple[Restart, ...], machine: str | None = None
    ) -> TrialSummary | None:
        """Record a trial of its study."""
        owner = self._owners[claim.trial.trial_id]
        summary = owner.source.finish(claim, restarts, machine)
        if summary is not None:
            self._settled += 1
            self._watcher.finished(owner.study.plan.name, claim, summary)
        return summary

    def give_back(self, claim: Claim, reason: str) -> None:
        """Leave a trial to the next launcher that looks."""
        self._owners[claim.trial.trial_id].source.give_back(claim, reason)

    def fail(self, claim: Claim, reason: str) -> None:
        """Leave a trial that no worker could train to the next launch."""
        self._owners[claim.trial.trial_id].source.fail(claim, reason)

    def give_up(self, claim: Claim, reason: str) -> None:
        """Give a trial up for good."""
        self._owners[claim.trial.trial_id].source.give_up(claim, reason)

    def recalled(self, claims: Collection[Claim]) -> dict[int, bool]:
        """The trials of studies that are held or gone; what is under way no more is forgotten."""
        under_way = {claim.trial.trial_id for claim in claims}
        self._owners = {key: owner for key, owner in self._owners.items() if key in under_way}
        entries = {entry.study_id: entry for entry in self._store.entries()}
        found = {}
        for claim in claims:
            trial_id = claim.trial.trial_id
            at_once = recall(entries.get(self._owners[trial_id].study.study_id))
            if at_once is not None:
                found[trial_id] = at_once
        return found

    def _claim_of(self, study_id: int) -> Claim | None:
        """The next trial of a study, if it is queued; noted as over if nothing is left of it."""
        opened, came_to = None, None
        with self._store.transaction():
            # The study is locked before its entry is read: nobody changes its size meanwhile.
            entry = self._store.entry(study_id) if self._store.lock_study(study_id) else None
            if entry is None or entry.state is not StudyState.QUEUED:
                return None
            opened = self._opened(entry)
            if opened is None:
                return None
            try:
                claim = opened.source.claim()
                if claim is not None:
                    self._owners[claim.trial.trial_id] = opened
                    return claim
                came_to = settle(opened.study, opened.source.progress())
            except LaunchError as error:  # a trial of its race was given up
                came_to = StudyState.FAILED
                self._store.move_study(study_id, came_to, {StudyState.QUEUED}, reason=str(error))
        if came_to is not None:
            del self._open[study_id]
            self._watcher.closed(study_id, entry.name, came_to)
        return None

    def _opened(self, entry: QueueEntry) -> _Open | None:
        """The study's source, by its plan as it is now; None if it cannot be gone on with."""
        there = self._open.get(entry.study_id)
        if there is not None and there.changed == entry.changed:
            return there
        stored = self._store.find_study(entry.name)
        assert stored is not None, "the study is locked"
        try:
            plan = Plan.from_record(stored.name, stored.record)
            refuse_outdated(plan)
        except UserError as error:
            among = {StudyState.QUEUED}
            self._store.move_study(entry.study_id, StudyState.FAILED, among, reason=str(error))
            return None
        if there is not None and there.study.plan == plan:
            there.changed = entry.changed
            return there
        study = OpenStudy(entry.study_id, plan, self._store)
        opened = _Open(study, entry.changed, RacedSearch(study, self._liveness))
        if there is None:
            self._watcher.opened(study)
        else:
            opened.source.go_on_from(there.source)
        self._open[entry.study_id] = opened
        return opened

    def _close_others(self, entries: Collection[QueueEntry]) -> None:
        """Close the studies that are not queued any more."""
        states = {entry.study_id: entry.state for entry in entries}
        for study_id in list(self._open):
            if states.get(study_id) is not StudyState.QUEUED:
                name = self._open.pop(study_id).study.plan.name
                self._watcher.closed(study_id, name, states.get(study_id))
