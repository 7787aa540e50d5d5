"""What people see of a published study in Optuna's dashboard beside its trials: notes and plots.

Written through the public functions of optuna-dashboard, by the holder of the study's publishing
lock. A note that a person wrote or changed is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.trial import Trial as OptunaTrial

from search.dashboard.notes import WRITER, is_ours, signed, trial_note
from search.dashboard.plots import curves_plot, rates_plot, shares_plot
from search.dashboard.remembering import RememberingStorage
from search.dashboard.study_note import study_note
from search.problem.naming import configuration_name
from search.problem.rows import ConfigurationCounts
from search.problem.success import sought_by
from search.running.opening import OpenStudy
from search.statistics.effects import Effects, effects
from search.statistics.ranking import Standing, ranked
from search.statistics.timing import ranked_timings
from storage.values import PublishedTrial

PAGES = "multirestart_pages"
"""User attribute of a published study: a digest of its note and plots, as they were written."""
_UNDER_WAY = "being written"
MOST_NOTED = 250
"""Trials with a note, the first ones: the dashboard goes through all notes for each trial that it
shows. A thousand notes made the page of a thousand trials take three seconds longer."""


class Pages:
    """Notes and plots of the published study of a study of the store."""

    def __init__(self, study: OpenStudy, storage: RememberingStorage) -> None:
        self._study = study
        self._storage = storage
        self._success = sought_by(study.plan.objective)

    def note_trials(self, trials: Iterable[tuple[int, PublishedTrial]]) -> None:
        """Write the notes on settled trials that have none of a person's.

        trials: Optuna's id of each, and the trial.
        """
        due = [
            (trial_id, each)
            for trial_id, each in trials
            if each.trial.state.is_final and each.trial.number < MOST_NOTED
        ]
        if not due:
            return
        # The slow import of the three (scikit-learn, if it is there), where it delays nobody.
        from optuna_dashboard import get_note, save_note

        shown = self._shown()
        with self._storage.remembering():
            for trial_id, each in due:
                trial, name = each.trial, configuration_name(each.trial.configuration)
                text = signed(trial_note(trial, each.summary, name, self._success))
                noted = OptunaTrial(shown, trial_id)
                there = get_note(noted)
                if there != text and (not there or is_ours(there)):
                    save_note(noted, text)

    def update(self) -> None:
        """Write the note and the plots of the study if they say anything new."""
        counts = self._counts(races=False)
        found = effects(counts, self._study.plan.space, self._success) if counts else None
        standings, plots = self._figures(found)
        note = signed(self._note(standings, found))
        digest = _digest(note, plots)
        shown = self._shown()
        written = shown.user_attrs.get(PAGES)
        from optuna_dashboard import get_note, save_note, save_plotly_graph_object

        there = get_note(shown)
        if written == digest and there:
            return
        # A note that a launch was killed over is torn, and of no digest.
        is_torn = written == _UNDER_WAY and WRITER in there
        shown.set_user_attr(PAGES, _UNDER_WAY)
        if there != note and (not there or is_torn or is_ours(there)):
            save_note(shown, note)
        if plots:
            import plotly.graph_objects as go

            for name, plot in plots.items():
                save_plotly_graph_object(shown, go.Figure(plot), graph_object_id=name)
        shown.set_user_attr(PAGES, digest)

    def _shown(self) -> optuna.Study:
        return optuna.load_study(
            study_name=self._study.plan.name, storage=self._storage, sampler=RandomSampler()
        )

    def _note(self, standings: list[Standing], found: Effects | None) -> str:
        plan, store, study_id = self._study.plan, self._study.store, self._study.study_id
        states = store.count_trials(study_id)
        settled = sum(count for state, count in states.items() if state.is_final)
        return study_note(plan, settled, standings, found)

    def _figures(self, found: Effects | None) -> tuple[list[Standing], dict[str, dict[str, Any]]]:
        """The standings, and the plots by their ids; none before a trial is complete."""
        problem, store, study_id = self._study.plan.problem, self._study.store, self._study.study_id
        success = self._success
        standings = ranked(self._counts(races=True), success)
        if not standings:
            return standings, {}
        plots = {"escape-rates": rates_plot(standings, success)}
        if found is not None and found.shares is not None:
            plots["effects"] = shares_plot(found.shares, success)
        if problem.epochs and success.has_epochs(problem):
            rows = (
                store.escape_epochs(study_id)
                if success.is_of_launch
                else store.success_epochs(study_id, success.timed(problem))
            )
            timings = ranked_timings(rows, problem.epochs, success)
            plots["not-yet-escaped"] = curves_plot(timings, problem.epochs, success)
        return standings, plots

    def _counts(self, *, races: bool) -> list[ConfigurationCounts]:
        counts = self._study.store.configuration_counts(self._study.study_id, races=races)
        if self._success.is_of_launch:
            return counts
        return [replace(count, succeeded=count.solved) for count in counts]


def _digest(note: str, plots: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{note}{json.dumps(plots)}".encode()).hexdigest()[:16]
