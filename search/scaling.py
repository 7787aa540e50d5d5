"""Scaling of the features before training, by scikit-learn's scalers."""

from __future__ import annotations

from collections.abc import Mapping
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


_LARGEST_EXPONENT = 480
"""Of a feature whose square, summed over the points, is sure to be finite in float64."""


def scale(scaling: str, features: NDArray[np.float64]) -> NDArray[np.float32]:
    """Features scaled over all points, in float64, then rounded to the float32 of training.

    features: (points, features), finite. Numbers beyond the range of float32 become infinite: a
    network trained on them is recorded as diverged.
    """
    class_name = SCALINGS[scaling]
    scaled = features
    if class_name is not None:
        from sklearn import preprocessing  # imported late: it costs a second

        scaled = getattr(preprocessing, class_name)().fit_transform(_within_range(features))
    with np.errstate(over="ignore"):  # an outcome here, not a fault
        return np.asarray(scaled, dtype=np.float32)


def _within_range(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features with columns of absurdly large numbers divided by a power of two, which is exact.

    Every scaling gives the same for a column and its multiple, but on the way the variance of
    1e200 is infinite: scikit-learn would make such a column zeros, and a network that learned
    nothing of it would be recorded as not escaped.
    """
    exponents = np.frexp(np.abs(features).max(axis=0))[1]
    return np.ldexp(features, np.where(exponents > _LARGEST_EXPONENT, -exponents, 0))
