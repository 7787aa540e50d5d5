"""What the escape rate depends on: each dimension of the space, as far as it can be told.

Pure: counts in, figures out. What varies is the escape rate, or that of another criterion of
success, over the configurations measured, each pooled to one rate; the seed is no part of a
configuration and never among its factors.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from search.problem.configuration import SearchSpace
from search.problem.dimensions import LogRange, Value, in_order
from search.problem.naming import configuration_name
from search.problem.rows import ConfigurationCounts
from search.problem.success import ESCAPED, Success
from search.statistics.escape import EscapeRate
from search.statistics.mean_rate import MeanRate

INTERACTIONS = "interactions"
EFFECTS_KEYS = (
    *("factor", "share", "value", "value_low", "value_high", "restarts", "escaped"),
    *("escape_rate", "ci_low", "ci_high", "effect", "noise", "imbalance"),
)
"""Stable names of what `Effects.to_json` tells of a level, for the escape rate."""
BINS = 6
"""How many bins a range is cut into."""
_NAMED = 3  # configurations that a message names


@dataclass(frozen=True)
class Level:
    """One value of a factor, or one bin of its range, with all configurations that have it.

    `pooled`: their restarts together. `rate` and its 95% `interval`: of the mean of their escape
    rates where all combinations were tried, else of the pooled restarts. `effect`: that mean less
    the mean of all configurations; None where not all were tried. `bounds`: of a bin, lower and
    upper.
    """

    factor: str
    value: Value
    pooled: EscapeRate
    rate: float
    interval: tuple[float, float]
    effect: float | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Effects:
    """What the escape rate of a study's configurations, or their rate of `success`, depends on.

    `noise`: the share of the variation that is due to counting a finite number of restarts; None
    where there is no variation. `imbalance` says which combinations were not tried; None if all
    were. Only then a factor stands apart from all others, and there are `shares`, factor -> the
    share of the variation that its main effect makes up, with an entry for what is left to
    interactions (None where there is no variation), and an effect of each of the `levels`.
    """

    configurations: int
    restarts: int
    has_equal_restarts: bool
    noise: float | None
    imbalance: str | None
    shares: dict[str, float] | None
    levels: tuple[Level, ...]
    success: Success = ESCAPED

    def to_json(self) -> list[dict[str, Any]]:
        """A row for each level of each factor; where there are shares, one for interactions too.

        Under the stable names of `effects_keys`.
        """
        rows = [self._row(level.factor, level) for level in self.levels]
        return rows + [self._row(INTERACTIONS, None)] * (self.shares is not None)

    def _row(self, factor: str, level: Level | None) -> dict[str, Any]:
        successes, rate = ("escaped", "escape_rate")
        row: dict[str, Any] = dict.fromkeys(effects_keys(self.success))
        row.update(factor=factor, noise=self.noise, imbalance=self.imbalance)
        if not self.success.is_of_launch:
            successes, rate = ("successes", "success_rate")
            row["success"] = str(self.success)
        if self.shares:
            row["share"] = self.shares[factor]
        if level:
            pooled = level.pooled
            row.update(value=level.value, restarts=pooled.restarts, effect=level.effect)
            row[successes], row[rate] = pooled.escaped, level.rate
            row["ci_low"], row["ci_high"] = level.interval
            row["value_low"], row["value_high"] = level.bounds or (None, None)
        return row


def effects_keys(success: Success) -> tuple[str, ...]:
    """The stable names of what `Effects.to_json` tells of a level under a criterion, in order."""
    if success.is_of_launch:
        return EFFECTS_KEYS
    named = {"escaped": ("success", "successes"), "escape_rate": ("success_rate",)}
    return tuple(name for key in EFFECTS_KEYS for name in named.get(key, (key,)))


def effects(
    counts: Sequence[ConfigurationCounts], space: SearchSpace, success: Success = ESCAPED
) -> Effects:
    """What the rate of success depends on: the escape rate, unless another criterion is chosen.

    Args:
        counts: Of each configuration that has restarts, with its successes under the criterion.
        space: What was on offer.
        success: The criterion.

    Returns:
        Shares and effects if all combinations of what is on offer have restarts, else the levels as
        they were tried.

    Raises:
        ValueError: If there are no counts.
    """
    if not counts:
        raise ValueError("effects need the counts of at least one configuration, received none")
    why_not = imbalance(counts, space)
    return Effects(
        configurations=len(counts),
        restarts=sum(count.restarts for count in counts),
        has_equal_restarts=_all(counts).has_equal_restarts,
        noise=counting_noise(counts),
        imbalance=why_not,
        shares=main_effect_shares(counts) if why_not is None else None,
        levels=levels(counts) if why_not is None else levels_as_tried(counts, space),
        success=success,
    )


def imbalance(counts: Sequence[ConfigurationCounts], space: SearchSpace) -> str | None:
    """Which combinations of what is on offer have no restarts, in a line; None if all have some."""
    offered = space.configurations
    if offered is None:
        name, drawn_from = next(iter(space.ranges.items()))
        return (
            f"not all combinations were tried: {name} is drawn from {drawn_from}"
            ", a range; give a list, and the sampler grid, in a study of its own"
        )
    tried = {count.configuration for count in counts}
    untried = [configuration_name(key) for key in offered if key not in tried]
    if not untried:
        return None
    have = "has" if len(untried) == 1 else "have"
    return (
        f"not all combinations were tried: {len(untried)} of {len(offered)} {have} no restarts: "
        f"{_listed(untried)}"
    )


def counting_noise(counts: Sequence[ConfigurationCounts]) -> float | None:
    """The share of the variation in measured rates that counting finitely many restarts makes.

    The mean of the unbiased binomial variances p(1 - p) / (n - 1) over the variance of the rates,
    at most 1. None if all rates are the same or one rests on a single restart.
    """
    rates = _all(counts).rates
    if not _vary(rates) or min(one.restarts for one in rates) < 2:
        return None
    own = [one.rate * (1 - one.rate) / (one.restarts - 1) for one in rates]
    return min(1.0, float(np.mean(own) / np.var([one.rate for one in rates])))


def main_effect_shares(counts: Sequence[ConfigurationCounts]) -> dict[str, float] | None:
    """The share of each factor's main effect in the variation of the rates, and of interactions.

    Variance of the means of its levels over the variance of all rates (eta squared), each
    configuration weighing the same; the rest is what no factor explains alone. For all combinations
    of what is on offer. None if all rates are the same.
    """
    rates = _all(counts).rates
    if not _vary(rates):
        return None
    variance = np.var([one.rate for one in rates])
    shares = {
        factor: float(np.var([mean.rate for mean in _by_value(counts, factor).values()]) / variance)
        for factor in counts[0].configuration
    }
    return {**shares, INTERACTIONS: max(0.0, 1 - sum(shares.values()))}


def levels(counts: Sequence[ConfigurationCounts]) -> tuple[Level, ...]:
    """Each value of each factor with the rest averaged, in order.

    For all combinations of what is on offer; each configuration weighs the same.
    """
    overall = _all(counts).rate
    found = []
    for factor in counts[0].configuration:
        for value, mean in _by_value(counts, factor).items():
            effect = mean.rate - overall
            found.append(Level(factor, value, mean.pooled, mean.rate, mean.interval, effect))
    return tuple(found)


def levels_as_tried(counts: Sequence[ConfigurationCounts], space: SearchSpace) -> tuple[Level, ...]:
    """Each value of each factor that was tried, with its restarts pooled, in order.

    A range is cut into `BINS` bins of equal width in the logarithm; those without
    restarts are left out.

    The interval is Wilson's, which takes the restarts for draws of one rate. They are draws of
    several, in fixed shares; these vary less, so it covers at least what Wilson's does, of the rate
    of the mixture that was tried: the mean of the configurations' rates, weighed by their restarts.
    """
    found = []
    for factor in counts[0].configuration:
        offered = space.ranges.get(factor)
        bins = {} if offered is None else range_bins(offered)
        for value, mean in _by_value(counts, factor, bins).items():
            pooled, bounds = mean.pooled, bins.get(value)
            found.append(Level(factor, value, pooled, pooled.rate, pooled.interval, None, bounds))
    return tuple(found)


def range_bins(offered: LogRange) -> dict[Value, tuple[float, float]]:
    """What the bins of a range are called, like `0.001-0.00316`, and their bounds, in order.

    The lower bound belongs to a bin; the last one holds its upper bound too.
    """
    low, high = math.log10(offered.low), math.log10(offered.high)
    inner = [10 ** (low + (high - low) * place / BINS) for place in range(1, BINS)]
    bounds = [offered.low, *inner, offered.high]
    for digits in range(3, 18):
        texts = [f"{bound:.{digits}g}" for bound in bounds]
        if len(set(texts)) == len(texts):
            break
    between = " to " if any("e" in text for text in texts) else "-"
    names = (between.join(pair) for pair in pairwise(texts))
    return dict(zip(names, pairwise(bounds), strict=True))


def _by_value(
    counts: Sequence[ConfigurationCounts],
    factor: str,
    bins: Mapping[Value, tuple[float, float]] | None = None,
) -> dict[Value, MeanRate]:
    """The rates of the configurations by their value of a factor, or by its bin, in order."""
    names, uppers = list(bins or ()), [high for _, high in (bins or {}).values()][:-1]
    found: dict[Value, list[EscapeRate]] = {}
    for count in counts:
        value = count.configuration[factor]
        rate = EscapeRate(count.successes, count.restarts)
        found.setdefault(bisect_right(uppers, float(value)) if names else value, []).append(rate)
    return {
        names[int(value)] if names else value: MeanRate(tuple(found[value]))
        for value in sorted(found, key=in_order)
    }


def _all(counts: Sequence[ConfigurationCounts]) -> MeanRate:
    return MeanRate(tuple(EscapeRate(count.successes, count.restarts) for count in counts))


def _vary(rates: Sequence[EscapeRate]) -> bool:
    return len({one.rate for one in rates}) > 1


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
