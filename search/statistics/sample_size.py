"""How many restarts it takes to tell two rates apart, or to know one well. Pure: rates in.

Formulas by normal approximation, and beside them the exact power of the test that is meant, by
which anyone sees whether the formula holds. On common seeds the restarts are those of the exact
power, unless there are very many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

from search.statistics.escape import Z
from search.statistics.paired import p_not_worse

ALPHA = 0.05
POWER = 0.8
_TAIL = 8.0
"""Standard deviations beyond which a binomial probability adds nothing that is shown."""
_MOST_SUMMED = 100_000
"""Restarts above which the exact power, that takes seconds then, is left out."""


@dataclass(frozen=True)
class Needed:
    """How many restarts something takes.

    purpose: "apart" or "width"; rate, against: the rates; seeds: "own" or "common" to both
    configurations; discordance: the share of common seeds from which one alone escapes; alpha,
    power: of the two-sided test, as asked for; width: of the 95% interval; restarts: of each
    configuration; exact_power: of the test with so many, None if there are very many.
    """

    purpose: str
    rate: float
    against: float | None
    seeds: str | None
    discordance: float | None
    alpha: float | None
    power: float | None
    width: float | None
    restarts: int
    exact_power: float | None

    def to_json(self) -> dict[str, Any]:
        """All of it under its stable names."""
        return asdict(self)


def needed_apart(
    rate: float, against: float, discordance: float | None, alpha: float, power: float
) -> list[Needed]:
    """Restarts that tell two rates apart, on seeds of their own and on common seeds.

    Args:
        rate: Of one configuration, between 0 and 1.
        against: Of the other, another rate.
        discordance: The share of common seeds from which one alone escapes; if None, it is told for
            configurations that have nothing in common, and for those as alike as can be.
        alpha: Of the two-sided test.
        power: The chance to find the difference.

    Returns:
        A row for seeds of their own, and one for each discordance.
    """
    restarts = restarts_apart(rate, against, alpha, power)
    exact = power_apart(rate, against, restarts, alpha) if restarts <= _MOST_SUMMED else None
    rows = [Needed("apart", rate, against, "own", None, alpha, power, None, restarts, exact)]
    shares = [independent_discordance(rate, against), abs(rate - against)]
    for share in shares if discordance is None else [discordance]:
        restarts, exact = restarts_paired(rate, against, share, alpha, power), None
        if restarts <= _MOST_SUMMED:
            restarts = restarts_paired_exact(rate, against, share, alpha, power)
            exact = power_paired(rate, against, share, restarts, alpha)
        rows.append(
            Needed("apart", rate, against, "common", share, alpha, power, None, restarts, exact)
        )
    return rows


def needed_for_width(width: float, rate: float = 0.5) -> Needed:
    """Restarts that give a 95% interval of a width; at a rate of 1/2 it takes the most.

    Args:
        width: From end to end, between 0 and 1.
        rate: That will be measured.
    """
    restarts = restarts_for_width(width, rate)
    return Needed("width", rate, None, None, None, None, None, width, restarts, None)


def restarts_apart(rate: float, against: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Restarts of each of two configurations, on seeds of their own, that tell their rates apart.

    By the arcsine transformation, under which all rates have one variance: n = 2 (z + z')^2 / h^2
    with h = 2 arcsin sqrt(p) - 2 arcsin sqrt(p') (Cohen 1988, Statistical power analysis for the
    behavioral sciences, 2nd edition, chapter 6).

    Args:
        rate: Of one, between 0 and 1.
        against: Of the other, another rate.
        alpha: Of the two-sided test: the chance to find a difference where there is none.
        power: The chance to find this one.

    Returns:
        The whole number next above.
    """
    h = 2 * math.asin(math.sqrt(rate)) - 2 * math.asin(math.sqrt(against))
    z = _quantile(1 - alpha / 2) + _quantile(power)
    return math.ceil(2 * (z / h) ** 2)


def power_apart(rate: float, against: float, restarts: int, alpha: float = ALPHA) -> float:
    """The exact power of the two-sided z-test of two rates with their pooled variance.

    It is the chi-squared test of the fourfold table, without a correction for continuity. Summed
    over all pairs of counts that can be expected.

    Args:
        rate: Of one configuration.
        against: Of the other.
        restarts: Of each.
        alpha: Of the test.

    Returns:
        The chance that it finds a difference.
    """
    first, chance = _binomial(restarts, rate)
    second, other = _binomial(restarts, against)
    gap = (first[:, None] - second[None, :]) / restarts
    pooled = (first[:, None] + second[None, :]) / (2 * restarts)
    finds = gap**2 > _quantile(1 - alpha / 2) ** 2 * 2 * pooled * (1 - pooled) / restarts
    return float(chance @ finds @ other)


def independent_discordance(rate: float, against: float) -> float:
    """The share of common seeds from which one alone escapes, if the two have nothing in common.

    Args:
        rate: Of one configuration.
        against: Of the other.
    """
    return rate * (1 - against) + against * (1 - rate)


def restarts_paired(
    rate: float,
    against: float,
    discordance: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Restarts of each of two configurations, on common seeds, that tell their rates apart.

    By McNemar's test: n = (z sqrt(s) + z' sqrt(s - d^2))^2 / d^2, with d the difference and s the
    discordance (Connor 1987, Sample size for testing differences in proportions for the
    paired-sample design, Biometrics 43: 207-211).

    Args:
        rate: Of one, between 0 and 1.
        against: Of the other, another rate.
        discordance: The share of seeds from which one alone escapes, at least the difference.
        alpha: Of the two-sided test.
        power: The chance to find the difference.

    Returns:
        The whole number next above.
    """
    d = rate - against
    spread = math.sqrt(max(discordance - d * d, 0.0))
    z = _quantile(1 - alpha / 2) * math.sqrt(discordance) + _quantile(power) * spread
    return math.ceil((z / d) ** 2)


def power_paired(
    rate: float, against: float, discordance: float, restarts: int, alpha: float = ALPHA
) -> float:
    """The exact power of McNemar's two-sided exact test, the one that a race makes.

    Args:
        rate: Of one configuration.
        against: Of the other.
        discordance: The share of seeds from which one alone escapes.
        restarts: Of each.
        alpha: Of the test.

    Returns:
        The chance that it finds a difference.
    """
    share = min(max((discordance + rate - against) / (2 * discordance), 0.0), 1.0)
    counts, chances = _binomial(restarts, discordance)
    differing = counts.astype(np.int64)
    most = _most_that_tell(differing, alpha)
    # The probability of at most so many of one, or of the other; of fewer than 0 it is NaN.
    finds = bdtr(most, differing, share) + bdtr(most, differing, 1 - share)
    finds[most < 0] = 0.0
    return min(float(chances @ finds), 1.0)


def restarts_paired_exact(
    rate: float,
    against: float,
    discordance: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Restarts of each with which McNemar's exact test has the power, and with one fewer has not.

    Connor's formula is of the test by normal approximation: it can ask for too few, and for too
    many where few seeds differ.

    Args:
        rate: Of one, between 0 and 1.
        against: Of the other, another rate.
        discordance: The share of seeds from which one alone escapes, at least the difference.
        alpha: Of the two-sided test.
        power: The chance to find the difference.

    Returns:
        The number.
    """
    given = rate, against, discordance
    return _least(lambda restarts: power_paired(*given, restarts, alpha) >= power)


def _most_that_tell(differing: NDArray[np.int64], alpha: float) -> NDArray[np.int64]:
    """The most seeds of one, of so many that differ, with which the exact test tells two apart.

    -1 where it never does. By bisection: p grows with the seeds.
    """
    low, high = np.full_like(differing, -1), differing // 2 + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        tells = (middle >= 0) & (2 * p_not_worse(middle, differing - middle) <= alpha)
        low, high = np.where(tells, middle, low), np.where(tells, high, middle)
    return low


def interval_width(rate: float, restarts: int) -> float:
    """The width of the 95% Wilson interval, from end to end, if the measured rate is `rate`.

    Wilson 1927, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22: 209-212.
    """
    n = restarts
    return 2 * Z * math.sqrt(n * rate * (1 - rate) + Z * Z / 4) / (n + Z * Z)


def restarts_for_width(width: float, rate: float = 0.5) -> int:
    """The fewest restarts whose 95% Wilson interval is no wider than `width` from end to end.

    Args:
        width: Between 0 and 1.
        rate: That will be measured; at 1/2 the interval is widest.
    """
    return _least(lambda restarts: interval_width(rate, restarts) <= width)


def _least(holds: Callable[[int], bool]) -> int:
    """The least whole number of at least 1 from which on a statement holds, by bisection."""
    high = 1
    while not holds(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)


def _binomial(count: int, rate: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts that can be expected of a binomial distribution, and their probabilities."""
    if rate in (0.0, 1.0):
        return np.array([count * rate]), np.ones(1)
    reach = _TAIL * math.sqrt(count * rate * (1 - rate)) + _TAIL
    low, high = (
        max(0, math.floor(count * rate - reach)),
        min(count, math.ceil(count * rate + reach)),
    )
    k = np.arange(low, high + 1, dtype=np.float64)
    logs = gammaln(count + 1) - gammaln(k + 1) - gammaln(count - k + 1)
    return k, np.exp(logs + k * math.log(rate) + (count - k) * math.log1p(-rate))
