"""Restarts and trials that the tests of the store put into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset
from search.problem.problem import Problem
from search.problem.rows import (
    Outcome,
    Restart,
    StudyRecord,
)
from search.statistics.objectives import summarize
from storage.contract import Store
from storage.values import StoredStudy, Trial

ADAM = Configuration("standard", "adam", 0.1)
SGD = Configuration("none", "sgd", 0.01)
RECORD = StudyRecord({"data": "bands"}, {"restarts": 2}, b"points")
EPOCHS = 200
SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
"""Of Hypothesis: a store is shared by a test's examples, and a test by the backends' classes."""


def restart(seed: int, outcome: Outcome = Outcome.SOLVED, loss: float = 0.5) -> Restart:
    escape_epoch = 7 if outcome.has_escaped else None
    diverged_epoch = 3 if outcome is Outcome.DIVERGED else None
    return Restart(
        seed,
        outcome,
        0.75,
        loss,
        loss / 2,
        escape_epoch,
        diverged_epoch,
        b"\x00" * 28,
        right=3,
        wrong=1,
        levels=stepped((7, 3)) if outcome.has_escaped else b"",
    )


def stepped(*steps: tuple[int, int]) -> bytes:
    """Levels of steps of an epoch and its points."""
    return np.array(steps, dtype="<u4").tobytes()


def of_points(points: int) -> Problem:
    """A problem of so many points, half of them of each class."""
    labels = (np.arange(points) % 2).astype(np.uint8)
    return Problem(data=Dataset("some", np.arange(float(points))[:, None], labels))


FOUR_POINTS = of_points(4)


def judged(seed: int, correct: int, loss: float) -> Restart:
    """A restart that classifies so many of four points correctly, at the default margin."""
    outcome = {3: Outcome.ESCAPED, 4: Outcome.SOLVED}.get(correct, Outcome.NOT_ESCAPED)
    return replace(
        restart(seed, outcome, loss),
        accuracy=correct / 4,
        right=correct,
        wrong=4 - correct,
        levels=stepped((7, correct)) if outcome.has_escaped else b"",
    )


def claim(
    store: Store,
    study: StoredStudy,
    configuration: Configuration,
    *seeds: int,
    race: int | None = None,
) -> Trial:
    """A running trial of consecutive seeds."""
    block = range(min(seeds), max(seeds) + 1)
    return store.add_trial(study.study_id, configuration, block, "me", race)


def complete(store: Store, trial: Trial, *rows: Restart, machine: str | None = "a kind") -> bool:
    return store.complete_trial(trial, rows, (0.5,), summarize(rows, EPOCHS), machine)


def add(
    store: Store,
    study: StoredStudy,
    configuration: Configuration,
    *rows: Restart,
    race: int | None = None,
) -> Trial:
    """A complete trial of rows of consecutive seeds."""
    trial = claim(store, study, configuration, *(row.seed for row in rows), race=race)
    assert complete(store, trial, *rows)
    return trial


def comparable(row: Restart) -> str:
    """Equal where all numbers are equal, a NaN to itself too; SQLite drops the sign of a zero."""
    unsigned = {name: getattr(row, name) + 0.0 for name in ("accuracy", "loss", "last_epoch_loss")}
    return repr(replace(row, **unsigned))
