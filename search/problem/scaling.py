"""Scaling of the features before training: what scikit-learn's scalers compute, bit for bit.

They are written out, in its order of operations, because its import takes a worker longer than
training a study does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]

_LARGEST_EXPONENT = 24
"""Of a feature whose mean rounds by less than 1e-8, and whose squares have a finite sum."""
_EPSILON = np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Line:
    """A scaling fitted to points: numbers for each feature, (features,), and what becomes of x.

    formula: in Python, with `X` for the points, (points, features), and `first` and `second`.
    """

    first: Features
    second: Features

    formula = "(X - first) / second"

    def __call__(self, points: Features) -> Features:
        """Scale points, (points, features)."""
        return (points - self.first) / self.second


class _Product(Line):
    formula = "X * first + second"

    def __call__(self, points: Features) -> Features:
        return points * self.first + self.second


def _none(x: Features) -> Line:
    count = x.shape[1]
    return Line(np.zeros(count), np.ones(count))


def _standard(x: Features) -> Line:
    """`StandardScaler`: less the mean, over the standard deviation."""
    count = len(x)
    mean = x.sum(axis=0) / count
    distances = x - mean
    # The corrected two-pass algorithm (Chan, Golub and LeVeque 1983), and what it can make of
    # numbers that are all equal.
    squares = (distances**2).sum(axis=0) - distances.sum(axis=0) ** 2 / count
    variance = squares / count
    is_constant = variance <= count * _EPSILON * variance + (count * mean * _EPSILON) ** 2
    deviation = np.where(is_constant, 1.0, np.sqrt(variance))
    return Line(mean, deviation)


def _minmax(x: Features) -> Line:
    """`MinMaxScaler`: from the least, 0, to the greatest, 1."""
    least = x.min(axis=0)
    factor = 1.0 / _divisor(x.max(axis=0) - least)
    return _Product(factor, 0.0 - least * factor)


def _maxabs(x: Features) -> Line:
    """`MaxAbsScaler`: over the greatest absolute value."""
    return Line(np.zeros(x.shape[1]), _divisor(np.abs(x).max(axis=0)))


def _robust(x: Features) -> Line:
    """`RobustScaler`: less the median, over the distance of the quartiles."""
    median = np.median(x, axis=0)
    lower, upper = np.percentile(x, (25.0, 75.0), axis=0)
    spread = _divisor(upper - lower)
    return Line(median, spread)


def _divisor(spread: Features) -> Features:
    """1 for a column whose spread is that of a constant."""
    return np.where(spread < 10 * _EPSILON, 1.0, spread)


SCALINGS: Mapping[str, Callable[[Features], Line]] = MappingProxyType(
    {
        "none": _none,
        "standard": _standard,
        "minmax": _minmax,
        "maxabs": _maxabs,
        "robust": _robust,
    }
)
"""Name -> what is fitted to all points, (points, features), and then scales any points."""


def scale(scaling: str, features: Features) -> NDArray[np.float32]:
    """Features scaled over all points, in float64, then rounded to the float32 of training.

    features: (points, features), finite. Numbers beyond the range of float32 become infinite: a
    network trained on them is recorded as diverged.
    """
    return scaler(scaling, features)(features)


def scaler(scaling: str, features: Features) -> Callable[[Features], NDArray[np.float32]]:
    """The scaling that `scale` fits to all points, to be applied to any points in their units."""
    exponents, fitted = fitted_line(scaling, features)

    def apply(points: Features) -> NDArray[np.float32]:
        scaled = fitted(np.ldexp(points, exponents))
        with np.errstate(over="ignore"):  # an outcome here, not a fault
            return np.asarray(scaled, dtype=np.float32)

    return apply


def fitted_line(scaling: str, features: Features) -> tuple[NDArray[np.intp], Line]:
    """The same scaling as its numbers: what `scaler` does before it rounds to float32.

    Args:
        scaling: One of `SCALINGS`.
        features: (points, features), what it is fitted to.

    Returns:
        For each feature the power of two that multiplies it first, and what is done then.
    """
    exponents = np.zeros(features.shape[1], np.intp)
    if scaling != "none":
        exponents = _exponents_out_of_range(features)
    return exponents, SCALINGS[scaling](np.ldexp(features, exponents))


def centre_and_factor(scaling: str, features: Features) -> tuple[Features, Features]:
    """The same scaling as two numbers for each feature: x becomes (x - centre) * factor.

    Args:
        scaling: One of `SCALINGS`.
        features: (points, features), what it is fitted to.

    Returns:
        Centres and factors, (features,). In float64 they give what `scale` gives but for rounding.
    """
    count = features.shape[1]
    if scaling == "none":
        return np.zeros(count), np.ones(count)
    exponents = _exponents_out_of_range(features)
    points = np.ldexp(features, exponents)
    least, greatest = points.min(axis=0), points.max(axis=0)
    # Every scaling is a line, so two points tell it: the farther apart, the less they round.
    greatest = np.where(greatest > least, greatest, least + np.maximum(np.abs(least), 1.0))
    low, high = SCALINGS[scaling](points)(np.stack([least, greatest]))
    factor = (high - low) / (greatest - least)
    return np.ldexp(least - low / factor, -exponents), np.ldexp(factor, exponents)


def _exponents_out_of_range(features: Features) -> NDArray[np.intp]:
    """For each column the power of two that brings absurdly large numbers into range, else 0.

    Every scaling gives the same for a column and its multiple, and a power of two is exact. But on
    the way the variance of 1e200 is infinite: such a column would become zeros, and a network that
    learned nothing of it would be recorded as not escaped. And the mean of equal numbers of 1e17 is
    another number: a column of them would come out as 8 and not as 0.
    """
    exponents = np.frexp(np.abs(features).max(axis=0))[1]
    return np.where(exponents > _LARGEST_EXPONENT, -exponents, 0)
