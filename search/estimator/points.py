"""The points that restarts are trained on: what sample weights and class weights make of rows.

A row of weight w stands ceil(w) times among the points, each time with the weight w / ceil(w) in
the loss. So a whole weight repeats the row, 0 leaves it out, and 0.5 halves its loss. The points
are put in order by their numbers: whatever the order of the rows, and whether one of them is
repeated or weighs as much, the points are the same, and so are the batches made of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.data.rules import MAX_POINTS
from search.problem.data.splitting import held_out_of


@dataclass(frozen=True, eq=False)
class Points:
    """Points in the order in which they are numbered for training.

    features: (points, features) float64; labels: (points,) uint8; weights: (points,) float64, of
    their losses, above 0.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def under(self, class_weights: NDArray[np.float64]) -> Points:
        """The points with the weight of each times that of its class, (classes,)."""
        return Points(self.features, self.labels, self.weights * class_weights[self.labels])

    def hold_out(self, share: float) -> tuple[Points, Points]:
        """The points to train on and those that are held out, the same share of each class.

        Args:
            share: Of the points of each class, as `Dataset.hold_out` has it.

        Returns:
            Both.

        Raises:
            InvalidValuesError: If the share is too small for any point.
        """
        chosen = held_out_of(self.features, self.labels, share, "validation_fraction")
        return self._of(~chosen), self._of(chosen)

    @property
    def loss_weights(self) -> NDArray[np.float32] | None:
        """The weights with a mean of 1, (points,); None if all are alike."""
        if (self.weights == self.weights[0]).all():
            return None
        weights: NDArray[np.float32] = (self.weights / self.weights.mean()).astype(np.float32)
        return weights

    def _of(self, chosen: NDArray[np.bool_]) -> Points:
        return Points(self.features[chosen], self.labels[chosen], self.weights[chosen])


def points_of(
    features: NDArray[np.float64], labels: NDArray[np.uint8], weights: NDArray[np.float64]
) -> Points:
    """The points that weighted rows stand for.

    Args:
        features: (rows, features), finite.
        labels: (rows,).
        weights: (rows,), above 0 and finite.

    Returns:
        The points.

    Raises:
        ValueError: If the weights make more points than can be counted.
    """
    times = np.ceil(weights)
    if times.sum() > MAX_POINTS:
        raise ValueError(
            f"sample_weight must make at most {MAX_POINTS:,} points, a row of weight w standing "
            f"for ceil(w), received {times.sum():,.0f}; divide the weights"
        )
    features = features + 0.0  # -0.0 is 0.0
    share = weights / times
    order = np.lexsort((share, labels, *features.T[::-1]))
    rows = np.repeat(order, times[order].astype(np.intp))
    return Points(features[rows], labels[rows], share[rows])


def scaled(
    features: NDArray[np.float64], centre: NDArray[np.float64], factor: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(x - centre) * factor of each feature, rounded to the float32 of training."""
    with np.errstate(over="ignore"):  # a restart that diverges, not a fault
        return np.asarray((features - centre) * factor, dtype=np.float32)
