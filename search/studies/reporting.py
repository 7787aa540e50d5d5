"""All that a report of a study tells, gathered at one moment."""

from __future__ import annotations

import platform
from importlib.metadata import version

import numpy as np

from search.problem.plan import Plan
from search.problem.rows import RecordedRestart
from search.problem.success import Success
from search.reports.study_report import StudyReport
from search.statistics.escape import EscapeRate
from search.statistics.race_state import RaceState
from search.statistics.ranking import Standing
from search.statistics.timing import Timing
from search.studies.learning import learning
from search.studies.study import Study

MOST_TIMED = 6
_PACKAGES = ("multirestart", "tensorflow", "keras", "numpy", "optuna")


def gather(
    study: Study, success: str | Success | None = None, *, training: bool = False
) -> StudyReport:
    """What there is to tell of a study, all of one state of it.

    Args:
        study: The study.
        success: What counts as a success, as `Study.best` takes it.
        training: Train a sample of restarts again, for how they went by epoch: TensorFlow.

    Returns:
        The report's content.

    Raises:
        InvalidValuesError: If there is no such criterion.
        UserError: If no trial is complete, or restarts are to be trained again that cannot be.
    """
    criterion = study.criterion(success)
    problem = study.problem
    with study.snapshot():
        effects = study.effects(criterion)
        standings = study.best(criterion)
        timed = np.unique(np.linspace(0, len(standings) - 1, MOST_TIMED).round().astype(int))
        shown = [standings[place].configuration for place in timed]
        timings: list[Timing] = []
        if problem.epochs and criterion.has_epochs(problem):
            by_configuration = {one.configuration: one for one in study.times(criterion)}
            timings = [by_configuration[one] for one in shown]
        raced = study.raced()
        race, confirmed = _race(study) if raced else (None, None)
        return StudyReport(
            name=study.name,
            plan=Plan.from_record(study.name, study.record),
            success=criterion,
            standings=tuple(standings),
            timings=tuple(timings),
            effects=effects,
            endings=tuple(study.basins(shown[0])),
            raced=raced,
            versions=tuple((name, version(name)) for name in _PACKAGES),
            learning=learning(study, standings, criterion) if training else (),
            race=race,
            confirmed=confirmed,
            best=_best(study, standings[0]),
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        )


def _best(study: Study, first: Standing) -> RecordedRestart | None:
    trial, seed = first.counts.best_trial, first.counts.best_seed
    return None if trial is None or seed is None else study.restart(trial, seed)


def _race(study: Study) -> tuple[RaceState | None, EscapeRate | None]:
    """How the last race stands, and its winner's rate on further seeds."""
    from search.running.race_source import last_race_result  # half a second, for races alone

    result = last_race_result(study.store, study.study_id)
    return (None, None) if result is None else (result.state, result.confirmed)
