"""One restart of a fit by plain `keras.Sequential.fit`, beside the same of the stack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.estimator.keras_model import start_model
from search.estimator.restart import FittedRestart
from search.estimator.training import Job, validation_losses
from search.problem.outcome import judge
from search.problem.undecided import sides
from search.training.backend import tf
from search.training.reference import train_reference
from search.verify.tolerance import losses_agree


@dataclass(frozen=True)
class Verification:
    """A restart as it was fitted and as plain Keras trains it.

    `agrees` if the outcomes are the same, and the losses but for rounding.
    """

    fitted: FittedRestart
    plain: FittedRestart
    agrees: bool


def verify(job: Job, fitted: FittedRestart) -> Verification:
    """Train a restart by plain Keras, on the same batches, and compare.

    Args:
        job: What it was trained on.
        fitted: The restart.

    Returns:
        Both.
    """
    points = job.points
    with tf.device("/CPU:0"):
        plain = train_reference(
            points.features,
            points.labels.astype(np.float32),
            job.recipe,
            fitted.seed,
            points.weights,
            start_model(job.recipe, fitted.seed),
        )
    count = len(points.labels)
    final_correct = np.array([round(plain.final_accuracy * count)])
    network = job.recipe.network
    final = sides(network, plain.weights[None], points.features, points.labels, final_correct)
    outcome, escape_epoch, _ = judge(
        correct=np.rint(plain.accuracy * count).astype(np.int64),
        finite=plain.finite,
        final_correct=int(final.right[0]),
        final_loss=plain.final_loss,
        bars=job.bars,
    )
    held_out = validation_losses(job, plain.weights[None])
    again = FittedRestart(
        seed=fitted.seed,
        outcome=outcome.value,
        loss=plain.final_loss,
        accuracy=int(final_correct[0]) / count,
        validation_loss=None if held_out is None else float(held_out[0]),
        escape_epoch=escape_epoch,
        undecided=int(final.undecided[0]),
    )
    is_same = fitted.outcome == again.outcome
    return Verification(fitted, again, is_same and losses_agree(fitted.loss, again.loss))
