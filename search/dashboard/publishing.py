"""Publishing a study of the store as an Optuna study in the same database.

The record is the truth, and the published study follows it: each trial under its number, complete
or failed with the reason, running or waiting. It can be published again at any time: what is there
is found by the number that each published trial bears, and what is missing is added. Only the
holder of the study's publishing lock writes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState

from search.dashboard.optuna_storage import STUDY_MARK, is_mark, made_by_optuna, mark_of
from search.dashboard.pages import Pages
from search.dashboard.remembering import RememberingStorage
from search.problem.errors import MultirestartError
from search.problem.objectives import OBJECTIVES
from search.running.opening import OpenStudy
from search.running.sampling import distributions
from search.statistics.objectives import trial_outcomes
from storage.values import PublishedTrial, Trial, TrialState

NUMBER = "multirestart_trial"
"""User attribute of a published trial: its number in the store."""
OUTCOMES = "outcomes"
"""User attribute of a published trial: what its restarts came to. One, for each costs Optuna a
tenth of a trial."""
REASON = "reason"
"""User attribute of a published trial: why it was given up."""

SHOWN = {
    TrialState.WAITING: OptunaState.WAITING,
    TrialState.FAILED: OptunaState.WAITING,
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.GIVEN_UP: OptunaState.FAIL,
}
"""How the state of a trial is shown in Optuna."""
_DELETED = "the published study was deleted"


class NotPublishedError(MultirestartError):
    """The published study is gone, or is another's."""


class PublishedStudy:
    """The published study of a study of the store.

    Raises NotPublishedError where it was deleted or replaced.
    """

    def __init__(self, study: OpenStudy, storage: RememberingStorage) -> None:
        self._study = study
        self._store = study.store
        self._storage = storage
        self._space = distributions(study.plan.space)
        self._mark = mark_of(study.plan.name, study.study_id)
        self._pages = Pages(study, storage)
        self._total = 0
        self.foreign: tuple[int, ...] = ()
        """Numbers of trials that others put into it, as last seen."""

    def make(self) -> None:
        """Make the published study if it is not there, and note what is published of it."""
        name = self._study.plan.name
        stored = self._store.find_study(name)
        if stored is None or stored.study_id != self._study.study_id:
            raise NotPublishedError("the study was deleted")
        try:
            there = self._storage.get_study_id_from_name(name)
        except KeyError:
            self._create()
        else:
            mark = self._storage.get_study_user_attrs(there).get(STUDY_MARK)
            is_ours = self._is_begun(there) if mark is None else is_mark(mark, name)
            if not is_ours:
                raise NotPublishedError(str(made_by_optuna(name)))
            if mark != self._mark:  # left of a study that was deleted, or begun and no more
                self._storage.delete_study(there)
                self._create()
        self.reconcile()

    def publish(self, limit: int) -> int:
        """Publish up to `limit` trials that are not published as they stand; how many were."""
        due = self._store.to_publish(self._study.study_id, limit)
        if not due:
            return 0
        study_id = self.find()
        if not self._is_level(study_id):
            self.reconcile()
            due = self._store.to_publish(self._study.study_id, limit)
        marks, noted = [], []
        try:
            for each in due:
                # Looked up for each: SQLite gives the id of a deleted study to the next one.
                number, trial_id = self._publish(self.find(), each)
                noted.append((trial_id, each))
                marks.append((each.trial.number, number, each.trial.state))
            self._pages.note_trials(noted)
        except KeyError:
            raise NotPublishedError(_DELETED) from None
        # Last: what is published and not marked is found again, with its note if that is missing.
        self._store.mark_published(self._study.study_id, marks)
        return len(due)

    def show(self) -> None:
        """Bring the note and the plots of the published study up to what is recorded."""
        try:
            self.find()
            self._pages.update()
        except KeyError:
            raise NotPublishedError(_DELETED) from None

    def reconcile(self) -> None:
        """Find what is published by reading the whole published study.

        A launch that was killed may have left it published but not noted, and so without a note.
        """
        there: dict[int, FrozenTrial] = {}
        foreign = []
        published = self.trials()
        trials = {trial.number: trial for trial in self._store.trials(self._study.study_id)}
        for shown in published:
            trial = trial_of(shown, trials)
            if trial is not None and trial.number not in there:
                there[trial.number] = shown
            else:
                foreign.append(shown.number)
        self._total, self.foreign = len(published), tuple(foreign)
        self._note_missed({number: one.number for number, one in there.items()}, len(trials))
        marks: list[tuple[int, int | None, TrialState | None]] = []
        for number, trial in trials.items():
            found = there.get(number)
            if found is None:
                marks.append((number, None, None))
            else:
                is_level = found.state.is_finished() or found.state is SHOWN[trial.state]
                marks.append((number, found.number, trial.state if is_level else None))
        self._store.mark_published(self._study.study_id, marks)

    def close(self) -> None:
        """Give back the connections of Optuna's storage."""
        self._storage.engine.dispose()

    def trials(self) -> list[FrozenTrial]:
        """All trials of the published study, in its order."""
        try:
            return self._storage.get_all_trials(self.find(), deepcopy=False)
        except KeyError:
            raise NotPublishedError(_DELETED) from None

    def find(self) -> int:
        """Optuna's id of the published study."""
        try:
            study_id = self._storage.get_study_id_from_name(self._study.plan.name)
            mark = self._storage.get_study_user_attrs(study_id).get(STUDY_MARK)
        except KeyError:
            mark = None
        if mark != self._mark:
            raise NotPublishedError(_DELETED)
        return study_id

    def _note_missed(self, there: Mapping[int, int], total: int) -> None:
        """Write the notes that a launch was killed before.

        there: the published number of each trial by its own; total: how many are recorded.
        """
        published = self.find()
        due = self._store.to_publish(self._study.study_id, total) if there else []
        self._pages.note_trials(
            (
                self._storage.get_trial_id_from_study_id_trial_number(
                    published, there[each.trial.number]
                ),
                each,
            )
            for each in due
            if each.trial.number in there
        )

    def _create(self) -> None:
        plan = self._study.plan
        made = optuna.create_study(
            study_name=plan.name, storage=self._storage, directions=plan.directions
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            made.set_metric_names([name for name, _ in OBJECTIVES[plan.objective]])
        made.set_user_attr(STUDY_MARK, self._mark)  # last, so that a marked study has its metrics

    def _is_begun(self, there: int) -> bool:
        """Whether a study is an empty one, such as a launch that was killed may have left."""
        directions = [each.name.lower() for each in self._storage.get_study_directions(there)]
        is_alike = directions == self._study.plan.directions
        return is_alike and not self._storage.get_n_trials(there)

    def _is_level(self, study_id: int) -> bool:
        """Whether the published study holds as many trials as are known to be there."""
        last = self._store.last_published(self._study.study_id)
        self._total = max(self._total, 0 if last is None else last + 1)
        return self._is_there(study_id, self._total - 1) and not self._is_there(
            study_id, self._total
        )

    def _is_there(self, study_id: int, number: int) -> bool:
        if number < 0:
            return True
        try:
            self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
        except KeyError:
            return False
        return True

    def _publish(self, study_id: int, each: PublishedTrial) -> tuple[int, int]:
        """Publish one trial; its number in the published study, and Optuna's id of it."""
        if each.published_number is None:
            trial_id = self._storage.create_new_trial(study_id, self._template(each))
            self._total += 1
            return self._total - 1, trial_id
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(
            study_id, each.published_number
        )
        try:
            if each.trial.state.is_final:
                for name, value in _attributes(each):
                    self._storage.set_trial_user_attr(trial_id, name, value)
            values = each.trial.values or None
            self._storage.set_trial_state_values(trial_id, SHOWN[each.trial.state], values)
        except UpdateFinishedTrialError:
            pass  # somebody ended it by Optuna: it stays so until it is published anew
        return each.published_number, trial_id

    def _template(self, each: PublishedTrial) -> FrozenTrial:
        """A trial as Optuna is given it.

        Its seed has a distribution of one value: no plot of importance takes it for a parameter
        that was searched.
        """
        trial = each.trial
        space: dict[str, BaseDistribution] = {
            **self._space,
            "seed": IntDistribution(trial.first_seed, trial.first_seed),
        }
        state = SHOWN[trial.state]
        made = create_trial(
            state=state,
            values=list(trial.values) or None,
            params={**trial.configuration.to_json(), "seed": trial.first_seed},
            distributions=space,
            user_attrs={NUMBER: trial.number, **dict(_attributes(each))},
        )
        if trial.began is not None and state is not OptunaState.WAITING:
            made.datetime_start = datetime.fromtimestamp(trial.began)
        if trial.ended is not None and state.is_finished():
            made.datetime_complete = datetime.fromtimestamp(trial.ended)
        return made


def trial_of(shown: FrozenTrial, trials: Mapping[int, Trial]) -> Trial | None:
    """The trial of the record that is published as one; None if it is somebody's own."""
    number = shown.user_attrs.get(NUMBER)
    trial = trials.get(number) if type(number) is int else None
    is_same = trial is not None and shown.params == {
        **trial.configuration.to_json(),
        "seed": trial.first_seed,
    }
    return trial if is_same else None


def _attributes(each: PublishedTrial) -> Iterator[tuple[str, Any]]:
    if each.summary is not None:
        yield OUTCOMES, trial_outcomes(each.summary)
    elif each.trial.state is TrialState.GIVEN_UP:
        yield REASON, each.trial.reason
