"""The network of a restart as a file of plain Keras. Imports TensorFlow."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from search.estimator.keras_model import trained_model
from search.export.new_file import SUFFIX, require_new_keras_file
from search.problem.errors import LaunchError, UserError
from search.problem.problem import Problem, Task
from search.problem.rows import Outcome, RecordedRestart
from search.problem.scaling import centre_and_factor
from search.running.trial import recipe
from search.training.backend import tf
from search.verify.tolerance import losses_agree


def write_keras_file(problem: Problem, recorded: RecordedRestart, path: Path) -> None:
    """Write the network of a recorded restart to a new file, once what it says has been checked.

    The model takes features as the data have them: its first layers scale them in float64. Its
    labels are the places of the classes in the data's order, from 0 on.

    Args:
        problem: What its study holds fixed.
        recorded: The restart.
        path: The file, whose name ends in `.keras`.

    Raises:
        UserError: If the restart diverged, the name ends otherwise or is taken, or the model does
            not give the accuracy that is recorded, exactly, and the loss but for rounding.
        LaunchError: If the file cannot be written.
    """
    restart = recorded.restart
    if restart.outcome is Outcome.DIVERGED:
        raise UserError(f"seed {restart.seed} diverged: its weights are no network to keep")
    require_new_keras_file(path)
    data, configuration = problem.data, recorded.configuration
    weights = np.frombuffer(restart.weights, dtype="<f4")
    centre, factor = centre_and_factor(configuration.scaling, data.features)
    task = Task(problem, configuration, restart.seed, 1)
    with tf.device("/CPU:0"):
        model = trained_model(recipe(task), restart.seed, weights, centre, factor)
        # As people evaluate it: Keras hands the points to its first layer in float32.
        labels = data.labels.astype(np.float32)[:, None]
        loss, accuracy = model.evaluate(data.features, labels, verbose=0)
    right, recorded_right = round(accuracy * data.points), round(restart.accuracy * data.points)
    if right != recorded_right or not losses_agree(restart.loss, loss):
        raise UserError(
            f"the network of seed {restart.seed} would not say what is recorded: {right} of "
            f"{data.points} points and loss {loss:.6g}, where {recorded_right} and "
            f"{restart.loss:.6g} are recorded{_reason(problem, recorded)}"
        )
    unfinished = path.with_name(f"{path.name}.unfinished{SUFFIX}")
    try:
        model.save(unfinished)
        unfinished.rename(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise LaunchError(f"cannot write {path}: {error.strerror or error}") from None


def _reason(problem: Problem, recorded: RecordedRestart) -> str:
    features = problem.data.features
    if not np.array_equal(features.astype(np.float32).astype(np.float64), features):
        rounded = centre_and_factor(recorded.configuration.scaling, features)
        moved = np.abs((features - features.astype(np.float32)) * rounded[1]).max()
        if moved > 1e-3:
            return (
                ". Keras rounds features to float32, which moves a point by as much as "
                f"{moved:.2g} once it is scaled: take a constant from the feature and launch again"
            )
    if recorded.restart.undecided:
        return f": {recorded.restart.undecided} points are as good as on its boundary"
    return ""
