"""The rules that points, labels and classes keep to be data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.problem.data.cells import MAX_CLASSES, shortened
from search.problem.data.splitting import HeldOut
from search.problem.errors import UserError

MAX_POINTS = 2**24
"""Up to here counts of points are exact in the float32 that training counts in."""


def require_points(
    data: str,
    features: NDArray[np.float64],
    labels: NDArray[np.uint8],
    names: Sequence[str],
    classes: Sequence[str],
) -> None:
    """Raise UserError unless there are finite points, named features and points of each class.

    Args:
        data: Name of the data, for messages.
        features: (points, features).
        labels: (points,), each the place of its class.
        names: Of the features; none if they have no names.
        classes: Of the labels.
    """
    data = f"data {data!r}"
    points = len(features)
    if features.ndim != 2 or not features.size:
        raise UserError(f"{data} must be points by features, received {features.shape}")
    if names and len(names) != features.shape[1]:
        raise UserError(
            f"{data} must have one name per feature, received {len(names)} names for "
            f"{features.shape[1]} features"
        )
    if labels.shape != features.shape[:1]:
        raise UserError(
            f"{data} must have one label per point, received {len(labels)} labels for {points} "
            "points"
        )
    if points > MAX_POINTS:
        raise UserError(f"{data} must have at most {MAX_POINTS:,} points, received {points:,}")
    if not np.isfinite(features).all():
        raise UserError(f"{data} must have finite features only")
    _require_classes(data, labels, classes)


def _require_classes(data: str, labels: NDArray[np.uint8], classes: Sequence[str]) -> None:
    count = len(classes)
    if not 2 <= count <= MAX_CLASSES:
        received = shortened(classes) or "none"
        raise UserError(f"{data} must have 2 to {MAX_CLASSES} classes, received {received}")
    if labels.max() >= count:
        raise UserError(
            f"{data} must have labels from 0 to {count - 1}, one for each of its {count} classes, "
            f"received {labels.max()}"
        )
    sizes = np.bincount(labels, minlength=count)
    absent = [name for name, size in zip(classes, sizes, strict=True) if not size]
    if absent:
        raise UserError(
            f"{data} must have points of {'both' if count == 2 else 'all'} classes, received none "
            f"of {shortened(absent)}"
        )


def require_held_out(data: str, features: int, classes: Sequence[str], held_out: HeldOut) -> None:
    """Raise UserError unless held-out points are finite and of the features and classes of data.

    Args:
        data: Name of the data, for messages.
        features: How many features all points have.
        classes: The classes of the data, each of which held-out points may lack.
        held_out: The points.
    """
    points, shape = f"the held-out points of data {data!r}", held_out.features.shape
    if len(shape) != 2 or not shape[0] or shape[1] != features:
        raise UserError(f"{points} must have the data's {features} features, received {shape}")
    if held_out.labels.shape != shape[:1] or held_out.labels.max() >= len(classes):
        raise UserError(f"{points} must have a label below {len(classes)} each")
    if not np.isfinite(held_out.features).all():
        raise UserError(f"{points} must have finite features only")
