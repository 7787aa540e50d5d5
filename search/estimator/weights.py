"""Weights of rows and of classes as people give them, checked by scikit-learn's rules."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.class_weight import compute_class_weight

from search.problem.data.cells import MAX_CLASSES


def row_weights(given: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weight of each row.

    Args:
        given: A weight for each, one for all, or None for 1.
        rows: (rows, features).

    Returns:
        (rows,), at least one of them above 0.

    Raises:
        ValueError: If they are not one finite number of at least 0 for each row, or all are 0.
    """
    if given is None:
        return np.ones(len(rows))
    if isinstance(given, Real):
        given = [given] * len(rows)
    weights = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.ndim != 1:
        raise ValueError(f"sample_weight must be one number for each row, received {weights.shape}")
    check_consistent_length(rows, weights)
    if (weights < 0).any():
        raise ValueError(f"sample_weight must not be below 0, received {weights.min():g}")
    if not weights.any():
        raise ValueError("sample_weight must not be zero for all rows: that leaves none of them")
    return np.asarray(weights)


def require_one_kind(labels: NDArray[Any]) -> None:
    """Raise ValueError if labels cannot be put in order, as numbers and texts cannot."""
    try:
        np.unique(labels)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in labels.tolist()})
        raise ValueError(
            f"y must hold labels of one kind, received {' and '.join(kinds)}; make them all texts "
            "or all numbers"
        ) from None


def classes_of(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """The classes in order, and the place of each label among them.

    Raises:
        ValueError: If there are fewer than two or more than `MAX_CLASSES`.
    """
    classes, places = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "RestartClassifier needs rows of at least two classes, received one class only: "
            f"{classes.tolist()[0]!r}"
        )
    if len(classes) > MAX_CLASSES:
        raise ValueError(
            f"RestartClassifier takes at most {MAX_CLASSES} classes, received {len(classes):,}"
        )
    return classes, places.astype(np.uint8)


def class_weights(
    given: Mapping[Any, float] | str | None, classes: NDArray[Any], places: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """The weight of each class in the loss.

    Args:
        given: By class (1 for those left out), "balanced" (points / (classes * points of the
            class)), or None for 1.
        classes: All classes.
        places: (points,), the class of each point.

    Returns:
        (classes,).

    Raises:
        ValueError: If one of them is not a finite number above 0.
    """
    weights = compute_class_weight(given, classes=classes, y=classes[places])
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ValueError(
            "class_weight must be finite numbers above 0, received "
            f"{weights[~(weights > 0)].tolist()}; to leave a class out give its rows the "
            "sample_weight 0"
        )
    return np.asarray(weights, dtype=np.float64)
