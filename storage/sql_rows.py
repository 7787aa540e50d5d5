"""Rows of the tables as values, and configurations as they are stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Row

from search.problem.configuration import Configuration
from search.problem.rows import (
    BestRestart,
    ConfigurationCounts,
    Member,
    Outcome,
    RecordedRestart,
    Restart,
    StudyRecord,
    TrialSummary,
)
from storage.levels import TrialLevels
from storage.nonfinite import decode
from storage.values import StoredStudy, Trial, TrialState


def dimensions_of(configuration: Configuration) -> str:
    """A configuration as it is stored: each dimension with its value, one text for equal ones."""
    return json.dumps(configuration.to_json(), sort_keys=True)


@lru_cache(maxsize=4096)
def configuration_of(dimensions: str) -> Configuration:
    """The configuration that `dimensions_of` wrote."""
    return Configuration.from_json(json.loads(dimensions))


def trial_of(row: Row[Any]) -> Trial:
    """A trial from a row of the table of trials with its configuration's dimensions."""
    return Trial(
        trial_id=row.trial_id,
        number=row.number,
        configuration=configuration_of(row.dimensions),
        first_seed=row.first_seed,
        restarts=row.restarts,
        state=TrialState(row.state),
        race=row.race_id,
        launcher=row.launcher,
        attempt=row.attempt,
        reason=row.reason,
        values=() if row.objectives is None else tuple(json.loads(row.objectives)),
        began=row.began,
        ended=row.ended,
    )


def summed(tallies: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The pairs of escape epoch and restarts of many trials, added up; parsed in one go."""
    inner = ",".join(tally[1:-1] for tally in tallies if len(tally) > 2)
    pairs = np.array(json.loads(f"[{inner}]"), dtype=np.int64).reshape(-1, 2)
    epochs, place = np.unique(pairs[:, 0], return_inverse=True)
    counts = np.zeros(len(epochs), dtype=np.int64)
    np.add.at(counts, place, pairs[:, 1])
    return tuple(zip(epochs.tolist(), counts.tolist(), strict=True))


def study_of(row: Row[Any]) -> StoredStudy:
    """A study from a row of the table of studies."""
    record = StudyRecord(json.loads(row.problem), json.loads(row.search), row.data)
    return StoredStudy(row.study_id, row.name, record)


def summary_of(row: Row[Any]) -> TrialSummary | None:
    """The summary of a trial from its row; None unless it is complete."""
    if row.escaped is None:
        return None
    best = None
    if row.best_seed is not None:
        best = BestRestart(row.best_seed, row.best_loss, row.best_accuracy)
    return TrialSummary(
        row.restarts,
        row.escaped,
        row.solved,
        row.diverged,
        row.epochs_spent,
        best,
        tuple((epoch, count) for epoch, count in json.loads(row.tally)),
    )


def counts_of(
    configuration: Configuration, row: Row[Any], best: Row[Any] | None
) -> ConfigurationCounts:
    """The counts of a configuration from their sums and the row of its best trial."""
    return ConfigurationCounts(
        configuration=configuration,
        trials=row.trials,
        restarts=int(row.restarts),
        escaped=int(row.escaped),
        solved=int(row.solved),
        diverged=int(row.diverged),
        epochs_spent=int(row.epochs_spent),
        best_trial=best.number if best else None,
        best_seed=best.best_seed if best else None,
        best_loss=best.best_loss if best else None,
        best_accuracy=best.best_accuracy if best else None,
    )


def recorded_of(row: Row[Any], levels: TrialLevels) -> RecordedRestart:
    """A restart from its row, with its trial's number, first seed, configuration and levels.

    Raises ValueError if its trial's levels do not hold it.
    """
    place, known = row.seed - row.first_seed, levels.of_restarts
    if place >= len(known):
        raise ValueError(f"they hold {len(known)} restarts, seed {row.seed} not among them")
    right, undecided, wrong, kept = known[place]
    if undecided != row.undecided:
        raise ValueError(f"they say {undecided} undecided of seed {row.seed}, not {row.undecided}")
    restart = Restart(
        seed=row.seed,
        outcome=Outcome(row.outcome),
        accuracy=row.accuracy,
        loss=decode(row.loss, row.loss_kind),
        last_epoch_loss=decode(row.last_epoch_loss, row.last_epoch_loss_kind),
        escape_epoch=row.escape_epoch,
        diverged_epoch=row.diverged_epoch,
        weights=row.weights,
        right=right,
        undecided=undecided,
        wrong=wrong,
        levels=kept,
    )
    return RecordedRestart(row.number, configuration_of(row.dimensions), restart)


def member_of(row: Row[Any]) -> Member:
    """Where a restart ended, from its row with its trial's number."""
    return Member(
        row.seed, row.number, Outcome(row.outcome), decode(row.loss, row.loss_kind), row.weights
    )
