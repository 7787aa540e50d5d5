"""Two configurations on the same seeds: who is worse, and by how much. Pure: counts in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri


@dataclass(frozen=True)
class Paired:
    """What two configurations, this and other, did on `restarts` seeds common to both.

    `only_this` counts the seeds from which this one alone escaped, `only_other` those of the
    other; on all further seeds both did the same, and these say nothing of which is better.
    Raises ValueError if the counts are negative or exceed the restarts.
    """

    only_this: int
    only_other: int
    restarts: int

    def __post_init__(self) -> None:
        if min(self.only_this, self.only_other) < 0 or self.restarts < 1:
            raise ValueError(f"counts must not be negative, nor restarts 0; received {self}")
        if self.only_this + self.only_other > self.restarts:
            raise ValueError(f"more seeds differ than there are restarts: {self}")

    @property
    def difference(self) -> float:
        """This one's escape rate minus the other's on the common seeds."""
        return (self.only_this - self.only_other) / self.restarts

    @property
    def p_not_worse(self) -> float:
        """One-sided p of McNemar's exact test that this one is not worse than the other."""
        return float(p_not_worse(np.int64(self.only_this), np.int64(self.only_other)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Two-sided score interval of `difference`.

        Tango 1998, "Equivalence test and confidence interval for the difference in proportions
        for the paired-sample design", Statistics in Medicine 17: 891-908: all differences whose
        score is at most z from zero.
        """
        # Read at the end of a race only; costs 0.1 s to import.
        from scipy.optimize import brentq

        z = float(ndtri(0.5 + confidence / 2))
        if self.only_this == self.only_other == 0:
            # The search would end where it starts, at zero: there the variance is zero too.
            end = z * z / (self.restarts + z * z)
            return -end, end

        def excess(difference: float) -> float:
            gap, spread = _score_parts(
                np.int64(self.only_this), np.int64(self.only_other), self.restarts, difference
            )
            return float(gap * gap - z * z * spread)

        # At the measured difference the excess is negative, at +-1 it is not.
        ends = [
            end if excess(end) <= 0 else float(brentq(excess, self.difference, end, xtol=1e-12))
            for end in (-1.0, 1.0)
        ]
        return ends[0], ends[1]


def p_not_worse(
    only_this: NDArray[np.int64] | np.int64, only_other: NDArray[np.int64] | np.int64
) -> NDArray[np.float64]:
    """One-sided p of McNemar's exact test that this one is not worse; arrays of one shape.

    McNemar 1947, Psychometrika 12: 153-157. If both are equally good, each seed on which they
    differ is a fair coin: P(X <= only_this), X ~ Binomial(only_this + only_other, 1/2). It is
    the same as `scipy.stats.binomtest(only_this, only_this + only_other, alternative="less")`,
    for arrays and without the second that importing scipy.stats takes.
    """
    p: NDArray[np.float64] = bdtr(only_this, only_this + only_other, 0.5)
    return p


def within(
    only_this: NDArray[np.int64],
    only_other: NDArray[np.int64],
    restarts: int,
    practical: float,
    confidence: float,
) -> NDArray[np.bool_]:
    """Whether `Paired.interval` lies between -practical and practical; arrays of one shape.

    Asks for the score at both ends instead of the interval, so it needs no root.
    """
    z = float(ndtri(0.5 + confidence / 2))
    below, low_spread = _score_parts(only_this, only_other, restarts, -practical)
    above, high_spread = _score_parts(only_this, only_other, restarts, practical)
    inside: NDArray[np.bool_] = (below > z * np.sqrt(low_spread)) & (
        above < -z * np.sqrt(high_spread)
    )
    return inside


def _score_parts(
    only_this: NDArray[np.int64] | np.int64,
    only_other: NDArray[np.int64] | np.int64,
    restarts: int,
    difference: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tango's score at a difference: how far the counts are from it, and the variance of that.

    The variance takes the rate of `only_other` that is likeliest under the difference: the
    greater root of 2n q^2 + B q + C = 0.
    """
    n, d = restarts, difference
    gap = np.asarray(only_this - only_other - n * d, dtype=np.float64)
    b = -(only_this + only_other) + (2 * n - only_this + only_other) * d
    c = -only_other * d * (1 - d)
    likeliest = (np.sqrt(np.maximum(b * b - 8 * n * c, 0)) - b) / (4 * n)
    return gap, np.maximum(n * (2 * likeliest + d * (1 - d)), 0)
