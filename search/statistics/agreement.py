"""Whether a measured rate agrees with a published one, or with another program's. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from search.statistics.escape import EscapeRate, Z

MOST_ERRORS_APART = 4.0
"""Standard errors that two measured rates may be apart: more happens once in 16,000 times."""


@dataclass(frozen=True)
class PublishedRate:
    """A rate as published without the number of runs: known to its last digit."""

    rate: float

    def __str__(self) -> str:
        return f"{self.rate:g} (runs not given)"

    def most_runs(self, measured: EscapeRate) -> float:
        """The number of runs up to which its 95% interval would hold a measured rate.

        A Wilson interval of n runs holds p if (rate - p)^2 <= z^2 p (1 - p) / n.

        Args:
            measured: The rate.

        Returns:
            That number; infinite where the two are the same up to rounding.
        """
        _, _, exponent = Decimal(repr(self.rate)).as_tuple()
        assert isinstance(exponent, int), "a rate is finite"
        apart = abs(self.rate - measured.rate) - 0.5 * float(f"1e{exponent}")
        if apart <= 1e-12:  # the difference itself is rounded
            return math.inf
        return Z**2 * measured.rate * (1 - measured.rate) / apart**2


@dataclass(frozen=True)
class PublishedDraws:
    """How many draws one success took on average, without the number of successes."""

    draws: float

    def __str__(self) -> str:
        return f"1 in {self.draws:g} (runs not given)"

    def most_runs(self, measured: EscapeRate) -> float:
        """The number of successes up to which its 95% interval would hold a measured rate.

        Draws until a success are geometric: of mean 1/p and variance (1 - p) / p^2.

        Args:
            measured: The rate p.

        Returns:
            That number; 0 where nothing succeeded.
        """
        p = measured.rate
        if not p:
            return 0.0
        apart = abs(self.draws - 1 / p)
        return Z**2 * (1 - p) / (p * apart) ** 2 if apart else math.inf


Published = EscapeRate | PublishedRate | PublishedDraws
"""A published figure: successes of runs, or less than that."""


def agrees(published: Published, measured: EscapeRate) -> bool | float:
    """Whether the 95% interval of a published figure holds a measured rate.

    Args:
        published: The figure.
        measured: The rate.

    Returns:
        That; or, where it was not said of how many runs the figure is, the number up to which it
        would.
    """
    if isinstance(published, EscapeRate):
        low, high = published.interval
        return low <= measured.rate <= high
    most = published.most_runs(measured)
    if most < 1:
        return False
    return True if math.isinf(most) else most


def errors_apart(one: EscapeRate, other: EscapeRate) -> float:
    """How far two independent rates are apart, in standard errors of their difference.

    By the pooled rate, as in the two-proportion z-test. 0 where both are all or none.
    """
    both = EscapeRate(one.escaped + other.escaped, one.restarts + other.restarts).rate
    error = math.sqrt(both * (1 - both) * (1 / one.restarts + 1 / other.restarts))
    return abs(one.rate - other.rate) / error if error else 0.0
