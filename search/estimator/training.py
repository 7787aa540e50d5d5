"""Training the restarts of an estimator: points and seeds in, rows and the best weights out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from search.estimator.enough import is_enough, looks
from search.estimator.points import Points, scaled
from search.estimator.restart import FittedRestart
from search.estimator.seeds import seeds_of
from search.estimator.settings import LOSS, Settings
from search.problem.forward import forward, sigmoid
from search.problem.names import share_text
from search.problem.network import Network
from search.problem.outcome import Bars, judge
from search.problem.rows import Outcome
from search.problem.scaling import centre_and_factor
from search.problem.undecided import sides
from search.statistics.escape import EscapeRate
from search.training.backend import tf
from search.training.layout import layout_for
from search.training.stack import Histories, Recipe, train_stack

_ONE_AT_A_TIME = Lock()  # the program of a process holds the weights that it trains


class Scaled(NamedTuple):
    """Points as the network is given them; `weights` of their losses, None if all weigh alike."""

    features: NDArray[np.float32]
    labels: NDArray[np.uint8]
    weights: NDArray[np.float32] | None

    @classmethod
    def of(cls, points: Points, centre: NDArray[np.float64], factor: NDArray[np.float64]) -> Scaled:
        """Scale points."""
        return cls(scaled(points.features, centre, factor), points.labels, points.loss_weights)


@dataclass(frozen=True, eq=False)
class Job:
    """What the restarts of a fit have in common."""

    recipe: Recipe
    points: Scaled
    held_out: Scaled | None
    bars: Bars
    select: str

    @property
    def lanes(self) -> int:
        """Restarts that are trained together."""
        points = self.points
        is_weighted = points.weights is not None
        return layout_for(self.recipe.network, len(points.labels), is_weighted=is_weighted).lanes


Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""What is taken from each feature, and what it is multiplied by then; each (features,)."""


def job_of(points: Points, classes: int, settings: Settings) -> tuple[Job, Line]:
    """What the restarts of a fit have in common.

    Args:
        points: All points, with the weights of their classes.
        classes: How many classes there are.
        settings: The checked parameters.

    Returns:
        The job, and how its features are scaled.

    Raises:
        InvalidValuesError: If the parameters do not go with the points.
    """
    share = settings.validation_fraction
    training, held_out = (points, None) if share is None else points.hold_out(share)
    trained = dict(settings.trained)
    line = centre_and_factor(trained.pop("scaling"), training.features)
    shape = {name: trained.pop(name) for name in ("hidden", "activation", "use_bias")}
    outputs = 1 if classes == 2 else classes
    recipe = Recipe(
        network=Network(training.features.shape[1], outputs=outputs, **shape),
        epochs=settings.epochs,
        loss=trained.pop("loss_function"),
        **{**trained, "batch_size": settings.step_points(len(training))},
    )
    majority = int(np.bincount(training.labels).max())
    job = Job(
        recipe,
        Scaled.of(training, *line),
        None if held_out is None else Scaled.of(held_out, *line),
        settings.bars(majority, len(training)),
        settings.select,
    )
    return job, line


class Found(NamedTuple):
    """All restarts of a fit, the best of them and its weights."""

    restarts: tuple[FittedRestart, ...]
    best: FittedRestart
    weights: NDArray[np.float32]
    rate: EscapeRate


class Chunk(NamedTuple):
    """Restarts in the order of their seeds, and the weights of the best; None if all diverged."""

    restarts: tuple[FittedRestart, ...]
    best: FittedRestart | None
    weights: NDArray[np.float32] | None

    @property
    def rate(self) -> EscapeRate:
        """How many of them escaped."""
        return EscapeRate(sum(each.has_escaped for each in self.restarts), len(self.restarts))


def train_enough(job: Job, settings: Settings, first_seed: int, n_jobs: int | None) -> Found:
    """Train as many restarts as the settings ask for.

    Args:
        job: What they have in common.
        settings: Whose `n_init` it is.
        first_seed: Of restart 0.
        n_jobs: Processes, as joblib counts them.

    Returns:
        The restarts, by their numbers.

    Raises:
        ValueError: If all diverged.
    """
    found = _enough(job, settings, first_seed, n_jobs)
    if found.best is None or found.weights is None:
        raise ValueError(
            f"all {len(found.restarts)} restarts diverged; scale the features or lower the "
            "learning_rate"
        )
    return Found(found.restarts, found.best, found.weights, found.rate)


def _enough(job: Job, settings: Settings, first_seed: int, n_jobs: int | None) -> Chunk:
    if settings.n_init is not None:
        return train(job, seeds_of(first_seed, range(settings.n_init)), n_jobs)
    found = Chunk((), None, None)
    for numbers in looks(job.lanes, settings.max_n_init):
        found = together(job, [found, train(job, seeds_of(first_seed, numbers), n_jobs)])
        if is_enough(found.rate, settings.precision):
            break
    return found


def none_escaped(job: Job, found: Found) -> str:
    """What to tell where no restart escaped."""
    outcomes = Counter(restart.outcome for restart in found.restarts)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    labels = job.points.labels
    return (
        f"none of {len(found.restarts)} restarts escaped the plateau, the accuracy of "
        f"{share_text(float(np.bincount(labels).max()) / len(labels), 4)} that the largest class "
        f"alone gives ({counts}); try other hidden layers, another scaling, optimizer or "
        "learning_rate, or more epochs"
    )


def train(job: Job, seeds: Sequence[int], n_jobs: int | None) -> Chunk:
    """Train a restart from each seed; the same whatever is trained beside it, and where.

    Args:
        job: What they have in common.
        seeds: In a row.
        n_jobs: Processes, as joblib counts them. One tile is always trained in this one.

    Returns:
        The restarts.
    """
    chunks = [seeds[first : first + job.lanes] for first in range(0, len(seeds), job.lanes)]
    if n_jobs in (None, 1) or len(chunks) == 1:
        return together(job, [_train_chunk(job, chunk) for chunk in chunks])
    return together(job, Parallel(n_jobs)(delayed(_train_chunk)(job, chunk) for chunk in chunks))


def together(job: Job, chunks: Sequence[Chunk]) -> Chunk:
    """Chunks as one; of restarts that are equally good the first is the best."""
    restarts = tuple(restart for chunk in chunks for restart in chunk.restarts)
    sound = [chunk for chunk in chunks if chunk.best is not None]
    if not sound:
        return Chunk(restarts, None, None)
    best = min(sound, key=lambda chunk: _merit(job, chunk.best))
    return Chunk(restarts, best.best, best.weights)


def _train_chunk(job: Job, seeds: Sequence[int]) -> Chunk:
    points = job.points
    with _ONE_AT_A_TIME, tf.device("/CPU:0"):
        tiles = [
            _judged(job, histories)
            for histories in train_stack(
                points.features,
                points.labels.astype(np.float32),
                job.recipe,
                seeds,
                points.weights,
            )
        ]
    return together(job, tiles)


def _judged(job: Job, histories: Histories) -> Chunk:
    points, network = job.points, job.recipe.network
    final = sides(
        network, histories.weights, points.features, points.labels, histories.final_correct
    )
    held_out = validation_losses(job, histories.weights)
    restarts = []
    for lane, seed in enumerate(histories.seeds):
        outcome, escape_epoch, _ = judge(
            correct=histories.correct[:, lane],
            finite=histories.finite[:, lane],
            final_correct=int(final.right[lane]),
            final_loss=float(histories.final_loss[lane]),
            bars=job.bars,
        )
        restarts.append(
            FittedRestart(
                seed=seed,
                outcome=outcome.value,
                loss=float(histories.final_loss[lane]),
                accuracy=int(histories.final_correct[lane]) / len(points.labels),
                validation_loss=None if held_out is None else float(held_out[lane]),
                escape_epoch=escape_epoch,
                undecided=int(final.undecided[lane]),
            )
        )
    place = min(range(len(restarts)), key=lambda lane: _merit(job, restarts[lane]))
    if not np.isfinite(_merit(job, restarts[place])):
        return Chunk(tuple(restarts), None, None)
    return Chunk(tuple(restarts), restarts[place], histories.weights[place].copy())


def _merit(job: Job, restart: FittedRestart | None) -> float:
    """What the best has the lowest of; infinite for a restart that diverged."""
    if restart is None or restart.outcome == Outcome.DIVERGED:
        return float("inf")
    merit = restart.loss if job.select == LOSS else restart.validation_loss
    return merit if merit is not None and np.isfinite(merit) else float("inf")


def validation_losses(job: Job, weights: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The loss of restarts on the held-out points, without a penalty; None without such points.

    Args:
        job: Theirs.
        weights: (restarts, weights).

    Returns:
        (restarts,).
    """
    if job.held_out is None:
        return None
    features, labels, point_weights = job.held_out
    with np.errstate(over="ignore", invalid="ignore"):  # weights of restarts that diverged
        logits = forward(job.recipe.network, weights, features).logits.astype(np.float64)
        losses = _losses(logits, labels, job.recipe.loss)
        average: NDArray[np.float64] = np.average(losses, axis=1, weights=point_weights)
    return average


def _losses(
    logits: NDArray[np.float64], labels: NDArray[np.uint8], loss: str
) -> NDArray[np.float64]:
    """The loss of each restart on each point, (restarts, points)."""
    result: Any
    if logits.ndim == 3:
        own = np.take_along_axis(logits, labels[None, :, None].astype(np.intp), axis=-1)[..., 0]
        result = np.logaddexp.reduce(logits, axis=-1) - own
    elif loss == "mse":
        result = np.square(sigmoid(logits) - labels)
    else:
        result = np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
    losses: NDArray[np.float64] = result
    return losses
