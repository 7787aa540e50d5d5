"""Scaling of the features before training, by scikit-learn's scalers."""

from __future__ import annotations

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


_LARGEST_EXPONENT = 24
"""Of a feature whose mean rounds by less than 1e-8, and whose squares have a finite sum."""


def scale(scaling: str, features: NDArray[np.float64]) -> NDArray[np.float32]:
    """Features scaled over all points, in float64, then rounded to the float32 of training.

    features: (points, features), finite. Numbers beyond the range of float32 become infinite: a
    network trained on them is recorded as diverged.
    """
    return scaler(scaling, features)(features)


def scaler(
    scaling: str, features: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float32]]:
    """The scaling that `scale` fits to all points, to be applied to any points in their units."""
    class_name = SCALINGS[scaling]
    exponents = _exponents_out_of_range(features)
    fitted = None
    if class_name is not None:
        from sklearn import preprocessing  # imported late: it costs a second

        fitted = getattr(preprocessing, class_name)().fit(np.ldexp(features, exponents))

    def apply(points: NDArray[np.float64]) -> NDArray[np.float32]:
        scaled = points if fitted is None else fitted.transform(np.ldexp(points, exponents))
        with np.errstate(over="ignore"):  # an outcome here, not a fault
            return np.asarray(scaled, dtype=np.float32)

    return apply


def _exponents_out_of_range(features: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each column the power of two that brings absurdly large numbers into range, else 0.

    Every scaling gives the same for a column and its multiple, and a power of two is exact. But on
    the way the variance of 1e200 is infinite: scikit-learn would make such a column zeros, and a
    network that learned nothing of it would be recorded as not escaped. And the mean of equal
    numbers of 1e17 is another number: a column of them would come out as 8 and not as 0.
    """
    exponents = np.frexp(np.abs(features).max(axis=0))[1]
    return np.where(exponents > _LARGEST_EXPONENT, -exponents, 0)
