"""Training one trial: what a worker does. Imports TensorFlow, so only workers call it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.problem.levels import levels_of
from search.problem.outcome import judge
from search.problem.problem import Task
from search.problem.rows import Outcome, Restart
from search.problem.scaling import scale
from search.problem.undecided import sides
from search.training.program import compiled_program
from search.training.stack import Histories, Recipe, program_kind, train_stack


def recipe(task: Task) -> Recipe:
    """How the restarts of a task are trained."""
    problem = task.problem.under(task.configuration)
    return Recipe(
        network=problem.network,
        optimizer=task.configuration.optimizer,
        learning_rate=task.configuration.learning_rate,
        epochs=problem.epochs,
        batch_size=problem.step_points,
        loss=problem.loss_function,
        initializer=problem.initializer,
        bias_initializer=problem.bias_initializer,
        batch_order=problem.batch_order,
        l2=problem.l2,
    )


def kind_of_program(task: Task) -> str:
    """A name of the program that trains a task; tasks of one name are trained by one program."""
    return repr(program_kind(recipe(task), task.problem.data.points))


def forget_programs() -> None:
    """Compile anew whatever is trained next: XLA does not try again where it failed."""
    compiled_program.cache_clear()


def train_trial(task: Task) -> tuple[Restart, ...]:
    """Train all restarts of a task; one row for each seed, in the order of the seeds."""
    data = task.problem.data
    features = scale(task.configuration.scaling, data.features)
    labels = data.labels.astype(np.float32)
    trained = [
        restart
        for histories in train_stack(features, labels, recipe(task), task.seeds)
        for restart in _restarts(task, features, histories)
    ]
    return tuple(sorted(trained, key=lambda restart: restart.seed))


def _restarts(task: Task, features: NDArray[np.float32], histories: Histories) -> list[Restart]:
    problem = task.problem.under(task.configuration)
    final = sides(
        problem.network,
        histories.weights,
        features,
        problem.data.labels,
        histories.final_correct,
    )
    judged = [
        judge(
            correct=histories.correct[:, lane],
            finite=histories.finite[:, lane],
            final_correct=int(final.right[lane]),
            final_loss=float(histories.final_loss[lane]),
            bars=problem.bars,
        )
        for lane in range(len(histories.seeds))
    ]
    has_ended = np.array([outcome is not Outcome.DIVERGED for outcome, _, _ in judged])
    levels = levels_of(
        histories.correct, np.where(has_ended, final.right, 0), problem.points_above(0.0) - 1
    )
    # Without epochs there is no last one: the loss is that of the initial weights.
    last_losses = histories.loss[-1] if problem.epochs else histories.final_loss
    return [
        Restart(
            seed=seed,
            outcome=outcome,
            accuracy=int(histories.final_correct[lane]) / problem.data.points,
            loss=float(histories.final_loss[lane]),
            last_epoch_loss=float(last_losses[lane]),
            escape_epoch=escape_epoch,
            diverged_epoch=diverged_epoch,
            weights=histories.weights[lane].astype("<f4").tobytes(),
            right=int(final.right[lane]),
            undecided=int(final.undecided[lane]),
            wrong=int(final.wrong[lane]),
            levels=levels[lane],
        )
        for lane, (seed, (outcome, escape_epoch, diverged_epoch)) in enumerate(
            zip(histories.seeds, judged, strict=True)
        )
    ]
