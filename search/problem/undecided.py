"""Which points a network leaves undecided: its output stands at 1/2, or between two classes.

A network can end where no better answer is left to it than 1/2 on some points (4-row XOR, at a loss
of ln 2 / 2). Its outputs there come ever nearer to 1/2, from either side, and an accuracy counts
such a point as right or wrong by what remains of the way, in the end by rounding. So these points
are told apart, and count as not right when a restart is judged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.problem.forward import Floats, forward
from search.problem.network import Network

UNDECIDED = 0.01
"""A point is undecided if its logit is within this of 0: its probability between .4975 and .5025.

Measured on 256 restarts of each configuration of the default space (scripts/undecided.py). On 4-row
XOR under Adam(0.1) all 155 that had stuck after 200 epochs had two logits within 0.0099 of 0 and
the other two beyond 4.3; after 1,000 epochs those two were within 0.0006. On the source problem, of
2,048, the bound changed no escape and took one of 548 that had solved it. A bound of 0.003 left the
two points of 103 of the 155; one of 0.03 took one escape of 596 and four of the 548.
"""

Flags = NDArray[np.bool_]


class Sides(NamedTuple):
    """Points of each restart that are right and decided, undecided, and on the wrong side of 1/2.

    Each of shape (restarts,). The wrong side is told exactly, of undecided points too: only an
    output of exactly 1/2 is on neither side.
    """

    right: NDArray[np.int64]
    undecided: NDArray[np.int64]
    wrong: NDArray[np.int64]


def sides(
    network: Network,
    weights: Floats,
    features: Floats,
    labels: NDArray[Any],
    correct: NDArray[np.int64],
) -> Sides:
    """On how many points restarts stand on which side, under their final weights.

    A network without biases gives exactly 0 where its hidden units do, without any rounding; such
    a point is not undecided, and counts as Keras counts it, as class 0.

    Args:
        network: The network.
        weights: (restarts, weights), as `forward` takes them.
        features: (points, features), scaled.
        labels: (points,), the classes, from 0 on.
        correct: (restarts,), points that Keras counts as right; those that are right where none is
            undecided, so that no rounding of another program decides.

    Returns:
        The counts.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # weights of restarts that diverged
        logits = forward(network, weights, features).logits
        near, says = _read(logits)
    right, wrong = correct.astype(np.int64), len(labels) - correct.astype(np.int64)
    undecided = np.zeros_like(right)
    rows = np.flatnonzero(near.any(axis=1))
    is_near, is_right = near[rows], says[rows] == labels
    is_exact = is_near & _is_exact(network, logits[rows])
    undecided[rows] = (is_near & ~is_exact).sum(axis=1)
    # Between huge weights two programs can round one point to either side: Keras's count holds.
    found = (is_right & (~is_near | is_exact)).sum(axis=1)
    right[rows] = np.clip(found, right[rows] - undecided[rows], right[rows])
    wrong[rows] = _is_wrong(logits[rows], labels).sum(axis=1)
    return Sides(right, undecided, wrong)


def _read(logits: Floats) -> tuple[Flags, NDArray[np.int64]]:
    """Whether each point is near 1/2, or between its two likeliest classes; which it is said to be.

    logits: (restarts, points) of an output of one unit, or (restarts, points, classes).
    """
    if logits.ndim == 2:
        return np.abs(logits) <= UNDECIDED, (logits > 0).astype(np.int64)
    second, first = np.moveaxis(np.partition(logits, -2, axis=-1)[..., -2:], -1, 0)
    return first - second <= UNDECIDED, logits.argmax(axis=-1)


def _is_wrong(logits: Floats, labels: NDArray[Any]) -> Flags:
    """Where another class than the right one is strictly the likelier."""
    if logits.ndim == 2:
        return np.where(labels == 1, logits < 0, logits > 0)
    own = np.take_along_axis(logits, labels[None, :, None].astype(np.intp), axis=-1)[..., 0]
    return np.asarray(own < logits.max(axis=-1))


def _is_exact(network: Network, logits: Floats) -> Flags:
    """Where an output is exactly at 1/2 because no unit gives anything, not by rounding."""
    at_zero: Flags = logits == 0 if logits.ndim == 2 else (logits == 0).all(axis=-1)
    return at_zero & (not network.use_bias)
