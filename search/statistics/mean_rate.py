"""The mean of several escape rates, each weighing the same. Pure: counts in, figures out."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from search.statistics.escape import EscapeRate, Z

_PARTS = 32
_DIVISIONS = 9  # of the range of a multiplier into so many parts: to thirteen digits


@dataclass(frozen=True)
class MeanRate:
    """The mean of rates measured apart, each weighing the same, on however many restarts it rests.

    Raises ValueError if there are no rates.
    """

    rates: tuple[EscapeRate, ...]

    def __post_init__(self) -> None:
        if not self.rates:
            raise ValueError("a mean needs at least one rate, received none")

    @property
    def pooled(self) -> EscapeRate:
        """All restarts together."""
        return EscapeRate(
            sum(one.escaped for one in self.rates), sum(one.restarts for one in self.rates)
        )

    @property
    def has_equal_restarts(self) -> bool:
        """Whether all rates rest on equally many restarts, so that the mean is the pooled rate."""
        return len({one.restarts for one in self.rates}) == 1

    @property
    def rate(self) -> float:
        """The mean."""
        return self.pooled.rate if self.has_equal_restarts else fmean(r.rate for r in self.rates)

    @property
    def interval(self) -> tuple[float, float]:
        """95% score interval of the mean.

        With equal restarts it is the Wilson interval of the pooled rate: independent draws of
        several rates vary less than draws of their mean, so it covers at least what Wilson's does.

        With unequal ones it holds the means m that |mean - m| <= z sd(m) does not reject, where sd
        is the standard deviation of the mean under those rates that are the likeliest of all of
        mean m (constrained maximum likelihood): the score method "S0" of Martin Andres, Herranz
        Tejedor and Alvarez Hernandez 2012, "The optimal method to make inferences about a linear
        combination of proportions", J. Stat. Comput. Simul. 82: 123-135,
        doi:10.1080/00949655.2010.530601. Of one rate it is Wilson's. Adding up the squared
        distances to Wilson's limits (Zou, Huang and Zhang 2009) takes less computing, but covers
        as little as 87% where many rates are near 0 or 1.

        Both take the numbers of restarts as given, not as chosen by what was seen.
        """
        if self.has_equal_restarts:
            return self.pooled.interval
        escaped = np.array([one.escaped for one in self.rates], dtype=np.float64)
        restarts = np.array([one.restarts for one in self.rates], dtype=np.float64)
        return _lower_limit(escaped, restarts), 1 - _lower_limit(restarts - escaped, restarts)


def _lower_limit(escaped: NDArray[np.float64], restarts: NDArray[np.float64]) -> float:
    """The least mean that is not rejected, by dividing the range of its Lagrange multiplier."""
    if not escaped.any():
        return 0.0
    measured = np.mean(escaped / restarts)

    def first_rejected(multipliers: NDArray[np.float64]) -> int | None:
        rates = _likeliest(escaped, restarts, multipliers)
        deviations = np.sqrt(np.sum(rates * (1 - rates) / restarts, axis=1)) / len(restarts)
        rejected = measured - rates.mean(axis=1) > Z * deviations
        return int(rejected.argmax()) if rejected.any() else None

    tried = np.concatenate(([0.0], 2.0 ** np.arange(_PARTS)))
    while (at := first_rejected(tried)) is None:
        tried = tried[-1] * 2.0 ** np.arange(_PARTS + 1)
    for _ in range(_DIVISIONS):
        tried = np.linspace(tried[at - 1], tried[at], _PARTS + 1)
        at = first_rejected(tried) or _PARTS
    return float(_likeliest(escaped, restarts, tried[at : at + 1]).mean())


def _likeliest(
    escaped: NDArray[np.float64], restarts: NDArray[np.float64], multipliers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The likeliest rates of their own mean, which falls from the measured one to 0.

    A row for each multiplier, shape (multipliers, rates). They maximise the sum of k log p +
    (n - k) log(1 - p) - multiplier p: of each, the smaller root of multiplier p^2 -
    (n + multiplier) p + k, written so that nothing cancels.
    """
    multiplier = multipliers[:, None]
    both = restarts + multiplier
    root = np.sqrt(np.maximum(both**2 - 4 * multiplier * escaped, 0))
    rates: NDArray[np.float64] = np.minimum(2 * escaped / (both + root), 1)
    return rates
