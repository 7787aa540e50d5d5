"""Training one trial: what a worker does. Imports TensorFlow, so only workers call it."""

from __future__ import annotations

import numpy as np

from search.problem.outcome import judge
from search.problem.problem import Problem, Task
from search.problem.rows import Restart
from search.problem.scaling import scale
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
        loss=problem.loss,
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
        for restart in _restarts(task.problem, histories)
    ]
    return tuple(sorted(trained, key=lambda restart: restart.seed))


def _restarts(problem: Problem, histories: Histories) -> list[Restart]:
    rows = []
    for lane, seed in enumerate(histories.seeds):
        outcome, escape_epoch, diverged_epoch = judge(
            correct=histories.correct[:, lane],
            finite=histories.finite[:, lane],
            final_correct=int(histories.final_correct[lane]),
            final_loss=float(histories.final_loss[lane]),
            bars=problem.bars,
        )
        rows.append(
            Restart(
                seed=seed,
                outcome=outcome,
                accuracy=int(histories.final_correct[lane]) / problem.data.points,
                loss=float(histories.final_loss[lane]),
                last_epoch_loss=float(histories.loss[-1, lane]),
                escape_epoch=escape_epoch,
                diverged_epoch=diverged_epoch,
                weights=histories.weights[lane].astype("<f4").tobytes(),
            )
        )
    return rows
