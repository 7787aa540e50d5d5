"""Scaling of the features before training, by scikit-learn's scalers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

SCALINGS: Mapping[str, str | None] = MappingProxyType(
    {
        "none": None,
        "standard": "StandardScaler",
        "minmax": "MinMaxScaler",
        "maxabs": "MaxAbsScaler",
        "robust": "RobustScaler",
    }
)
"""Short name -> class in `sklearn.preprocessing`; None leaves the features as they are."""


def scale(scaling: str, features: NDArray[np.float64]) -> NDArray[np.float32]:
    """Features scaled over all points, in float64, then rounded to the float32 of training.

    features: (points, features). Numbers beyond the range of float32 become infinite: a network
    trained on them is recorded as diverged.
    """
    return scaler(scaling, features)(features)


def scaler(
    scaling: str, features: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float32]]:
    """The scaling that `scale` fits to all points, to be applied to any points in their units."""
    class_name = SCALINGS[scaling]
    fitted = None
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        # Overflow on absurdly large features is an outcome here, not a fault.
        warnings.simplefilter("ignore", RuntimeWarning)
        if class_name is not None:
            from sklearn import preprocessing  # imported late: it costs a second

            fitted = getattr(preprocessing, class_name)().fit(features)

    def apply(points: NDArray[np.float64]) -> NDArray[np.float32]:
        with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            scaled = points if fitted is None else fitted.transform(points)
            return np.asarray(scaled, dtype=np.float32)

    return apply
