"""Escape statistics: how often, how surely, and at what price. Pure: counts in, figures out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""How many standard deviations to either side a 95% interval takes: 1.96."""
CERTAINTY = 0.99
"""The chance of at least one escape that `restarts_needed` asks for."""


@dataclass(frozen=True)
class EscapeRate:
    """`escaped` of `restarts` restarts.

    Raises ValueError unless 0 <= escaped <= restarts and restarts >= 1.
    """

    escaped: int
    restarts: int

    def __post_init__(self) -> None:
        if not (0 <= self.escaped <= self.restarts and self.restarts >= 1):
            raise ValueError(
                "escaped must be between 0 and restarts, and restarts at least 1; "
                f"received {self.escaped} of {self.restarts}"
            )

    def __str__(self) -> str:
        return f"{self.escaped} of {self.restarts}"

    @property
    def rate(self) -> float:
        """Escaped restarts / restarts."""
        return self.escaped / self.restarts

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson score interval of the rate.

        Wilson 1927, "Probable inference", JASA 22: 209-212; as in Brown, Cai and DasGupta 2001,
        eq. 4: centre (k + z^2/2) / (n + z^2), half width z sqrt(n) / (n + z^2) sqrt(pq + z^2/4n).
        """
        z, n, p = Z, self.restarts, self.rate
        centre = (self.escaped + z * z / 2) / (n + z * z)
        half = z * math.sqrt(n) / (n + z * z) * math.sqrt(p * (1 - p) + z * z / (4 * n))
        # At the ends the interval is exactly closed; rounding must not leave 1e-17 there.
        low = 0.0 if self.escaped == 0 else max(0.0, centre - half)
        high = 1.0 if self.escaped == n else min(1.0, centre + half)
        return low, high


def restarts_needed(rate: float) -> int | None:
    """Smallest n with 1 - (1 - rate)^n >= 0.99; None if the rate is 0.

    Raises ValueError unless 0 <= rate <= 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate must be between 0 and 1, received {rate}")
    if rate == 0:
        return None
    if rate == 1:
        return 1
    estimate = math.log1p(-CERTAINTY) / math.log1p(-rate)
    n = max(1, math.floor(estimate))
    # The logarithms round; the definition decides. (1 - r)^n <= 0.01 is tested with the
    # tolerance of one rounding, so that a rate of 0.9 needs 2 and not 3.
    while math.exp(n * math.log1p(-rate)) > (1 - CERTAINTY) * (1 + 1e-12):
        n += 1
    return n


def expected_epochs(epochs_spent: int, escaped: int) -> float | None:
    """Epochs spent per escape; None if none escaped.

    epochs_spent: the sum over all restarts of min(T, t), where T is the escape epoch (infinite if
    the restart did not escape) and t the epoch at which a restart is cut off; escaped: the number
    of restarts with T <= t. This is the mean cost to the first success of a restart strategy with
    fixed cutoff t (Luby, Sinclair and Zuckerman 1993, "Optimal speedup of Las Vegas algorithms").
    """
    return epochs_spent / escaped if escaped else None
