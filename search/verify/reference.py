"""Checking the record against plain Keras. Imports TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.problem.levels import levels_of
from search.problem.outcome import judge
from search.problem.problem import Task
from search.problem.rows import Outcome, Restart
from search.problem.scaling import scale
from search.problem.undecided import sides
from search.running.trial import recipe
from search.training.reference import train_reference
from search.verify.tolerance import losses_agree


@dataclass(frozen=True)
class Comparison:
    """A recorded restart beside a fresh one: rows of (figure, recorded, fresh, difference)."""

    rows: list[list[str]]
    agrees: bool


def retrain(task: Task) -> Restart:
    """Train the first seed of a task by plain Keras."""
    data, problem = task.problem.data, task.problem.under(task.configuration)
    features = scale(task.configuration.scaling, data.features)
    trained = train_reference(
        features, data.labels.astype(np.float32), recipe(task), task.first_seed
    )
    correct = np.rint(trained.accuracy * data.points).astype(np.int64)
    final_correct = np.array([round(trained.final_accuracy * data.points)])
    final = sides(problem.network, trained.weights[None], features, data.labels, final_correct)
    outcome, escape_epoch, diverged_epoch = judge(
        correct=correct,
        finite=trained.finite,
        final_correct=int(final.right[0]),
        final_loss=trained.final_loss,
        bars=problem.bars,
    )
    kept = np.zeros(1, np.int64) if outcome is Outcome.DIVERGED else final.right
    (levels,) = levels_of(correct[:, None], kept, problem.points_above(0.0) - 1)
    return Restart(
        seed=task.first_seed,
        outcome=outcome,
        accuracy=trained.final_accuracy,
        loss=trained.final_loss,
        last_epoch_loss=float(trained.loss[-1]) if problem.epochs else trained.final_loss,
        escape_epoch=escape_epoch,
        diverged_epoch=diverged_epoch,
        weights=trained.weights.astype("<f4").tobytes(),
        right=int(final.right[0]),
        undecided=int(final.undecided[0]),
        wrong=int(final.wrong[0]),
        levels=levels,
    )


def compare(recorded: Restart, fresh: Restart) -> Comparison:
    """Set a fresh restart beside a recorded one of the same seed."""
    # Infinite weights of a restart that diverged.
    with np.errstate(invalid="ignore", over="ignore"):
        weights = np.abs(_weights(recorded) - _weights(fresh))
    rows = [["outcome", recorded.outcome, fresh.outcome, _same(recorded.outcome, fresh.outcome)]]
    for name, here, there in (
        ("loss of the last epoch", recorded.last_epoch_loss, fresh.last_epoch_loss),
        ("loss on all points", recorded.loss, fresh.loss),
        ("accuracy on all points", recorded.accuracy, fresh.accuracy),
    ):
        rows.append([name, f"{here:.7f}", f"{there:.7f}", f"{abs(here - there):.1e}"])
    first, second = recorded.escape_epoch, fresh.escape_epoch
    apart = None if first is None or second is None else abs(first - second)
    rows.append(["escape epoch", *map(_shown, (first, second, apart))])
    epochs = recorded.diverged_epoch, fresh.diverged_epoch
    if epochs != (None, None):
        rows.append(["diverged epoch", *map(_shown, epochs), _same(*epochs)])
    undecided = recorded.undecided, fresh.undecided
    if undecided != (0, 0):
        rows.append(["undecided points", *map(str, (*undecided, abs(undecided[0] - undecided[1])))])
    rows.append(["weights", "", "", f"{weights.max():.1e}"])
    close = losses_agree(recorded.last_epoch_loss, fresh.last_epoch_loss)
    same = recorded.outcome == fresh.outcome and recorded.diverged_epoch == fresh.diverged_epoch
    return Comparison(rows, close and same)


def _weights(restart: Restart) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(restart.weights, dtype="<f4")


def _same(here: object, there: object) -> str:
    return "same" if here == there else "DIFFERENT"


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
