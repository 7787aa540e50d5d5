"""The plane that regions are drawn in: two features, or two principal components of more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through data of two or more features.

    A point (a, b) of it is `origin` + a * `across` + b * `up`, each of shape (features,), in the
    data's own units. points: (points, 2), where the data are in it, projected if they have more
    features. titles: of its two axes.
    """

    origin: Points
    across: Points
    up: Points
    points: Points
    titles: tuple[str, str]

    def lifted(self, places: Points) -> Points:
        """Places in the plane, (n, 2), as points of the data, (n, features)."""
        lifted: Points = self.origin + places[:, :1] * self.across + places[:, 1:] * self.up
        return lifted


def plane_of(data: Dataset) -> Plane:
    """The plane of two features, or of the first two principal components of standardised ones.

    Pearson 1901, "On lines and planes of closest fit to systems of points in space", Philosophical
    Magazine 2: 559-572. The sign of a component is that in which its largest weight is positive.

    Args:
        data: Of two features or more.
    """
    features = data.features
    names = data.feature_names if data.names else [f"feature {name}" for name in data.feature_names]
    if features.shape[1] == 2:
        across, up = np.eye(2)
        return Plane(np.zeros(2), across, up, features, (names[0], names[1]))
    origin, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    standard = (features - origin) / spread
    _, sizes, components = np.linalg.svd(standard, full_matrices=False)
    first = components[:2]
    largest = np.abs(first).argmax(axis=1)
    first = first * np.sign(first[np.arange(len(first)), largest])[:, None]
    shares = sizes**2 / max(float((sizes**2).sum()), np.finfo(np.float64).tiny)
    if len(first) < 2:  # of a single point, which has no second direction
        first, shares = np.vstack([first, np.zeros_like(first)]), np.append(shares, 0.0)
    titles = tuple(
        f"{which} component ({share:.0%} of variance)"
        for which, share in zip(("1st", "2nd"), shares, strict=False)
    )
    return Plane(
        origin,
        first[0] * spread,
        first[1] * spread,
        standard @ first.T,
        (titles[0], titles[1]),
    )
