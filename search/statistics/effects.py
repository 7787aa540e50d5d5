"""What matters: how much of the variation in escape rate comes from each part of a configuration.

Pure: counts in, figures out. What varies is the escape rate over the configurations measured,
each pooled to one rate; the seed is no part of a configuration and never among its factors.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.naming import configuration_name
from search.problem.rows import ConfigurationCounts
from search.statistics.escape import EscapeRate

FACTORS = ("scaling", "optimizer", "learning_rate")
INTERACTIONS = "interactions"
EFFECTS_KEYS = (
    *("factor", "importance", "share", "value", "restarts", "escaped"),
    *("escape_rate", "ci_low", "ci_high", "effect", "noise", "imbalance"),
)
"""Stable names of what `Effects.to_json` tells of a level."""
FOREST_SEED = 0
_NAMED = 3  # configurations that a message names


@dataclass(frozen=True)
class Level:
    """One value of a factor, with all configurations that have it pooled.

    `effect`: its escape rate less that of all configurations. The interval of `rate` takes the
    pooled restarts for draws of one rate; a mixture of rates in fixed shares varies less, so it
    covers at least 95%.
    """

    factor: str
    value: str | float
    rate: EscapeRate
    effect: float


@dataclass(frozen=True)
class Effects:
    """What the escape rate of a study's configurations depends on.

    `importances`: Optuna's estimate, factor -> share of the variation. `noise`: the share that is
    due to counting a finite number of restarts. Both are None where there is no variation. `shares`
    and `levels` are of a balanced design, where the effect of a factor stands apart from all
    others: factor -> the share that its main effect makes up, exactly; None and empty where
    `imbalance` says what is missing. Both shares have an entry for what is left to interactions.
    """

    configurations: int
    restarts: int
    importances: dict[str, float] | None
    noise: float | None
    imbalance: str | None
    shares: dict[str, float] | None
    levels: tuple[Level, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """A row for each level of each factor, or for each factor if the design is not balanced.

        The last row is that of the interactions.
        """
        rows = []
        for factor in (*FACTORS, INTERACTIONS):
            mine: list[Level | None] = [one for one in self.levels if one.factor == factor]
            rows += [self._row(factor, level) for level in mine or [None]]
        return rows

    def _row(self, factor: str, level: Level | None) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(EFFECTS_KEYS)
        row.update(factor=factor, noise=self.noise, imbalance=self.imbalance)
        if self.importances:
            row["importance"] = self.importances[factor]
        if self.shares:
            row["share"] = self.shares[factor]
        if level:
            rate = level.rate
            row.update(value=level.value, restarts=rate.restarts, escaped=rate.escaped)
            row.update(escape_rate=rate.rate, effect=level.effect)
            row["ci_low"], row["ci_high"] = rate.interval
        return row


def effects(counts: Sequence[ConfigurationCounts], space: SearchSpace) -> Effects:
    """What the escape rate depends on. Raises ValueError if there are no counts."""
    if not counts:
        raise ValueError("effects need the counts of at least one configuration, received none")
    why_not = imbalance(counts, space)
    return Effects(
        configurations=len(counts),
        restarts=sum(count.restarts for count in counts),
        importances=importances(counts, space),
        noise=counting_noise(counts),
        imbalance=why_not,
        shares=main_effect_shares(counts) if why_not is None else None,
        levels=levels(counts) if why_not is None else (),
    )


def imbalance(counts: Sequence[ConfigurationCounts], space: SearchSpace) -> str | None:
    """Why a study is no balanced design, naming what is missing; None if it is one.

    It is one if every combination of what is on offer has been tried, with equally many restarts.
    """
    offered = space.configurations
    if offered is None:
        return (
            f"not balanced: learning rates are drawn from {space.learning_rates}, so no two "
            "configurations share one; give a list, and the sampler grid, in a study of its own"
        )
    restarts = {count.configuration: count.restarts for count in counts}
    missing = [configuration_name(key) for key in offered if key not in restarts]
    if missing:
        return (
            f"not balanced: {len(missing)} of {len(offered)} configurations have no restarts: "
            f"{_listed(missing)}"
        )
    most = max(restarts.values())
    fewer = [
        f"{configuration_name(key)} has {restarts[key]}" for key in offered if restarts[key] < most
    ]
    if fewer:
        return (
            f"not balanced: not all configurations have {most} restarts: {_listed(fewer)}; "
            "the sampler grid in a study of its own tries all alike"
        )
    return None


def importances(
    counts: Sequence[ConfigurationCounts], space: SearchSpace
) -> dict[str, float] | None:
    """Share of the variation in escape rate by factor, and what is left to interactions.

    Optuna's fANOVA: a random forest of fixed seed is fitted to the rates, one point for each
    configuration, and its variance over the whole space taken apart (Hutter, Hoos and Leyton-Brown
    2014, "An efficient approach for assessing hyperparameter importance", ICML). Not PED-ANOVA,
    Optuna's default, which asks what sets the best tenth of the trials apart. None if all rates
    are the same.
    """
    # The forest depends on the order of its points, and databases have none of their own.
    counts = sorted(counts, key=lambda count: astuple(count.configuration))
    rates = _rates(counts)
    if len(set(rates)) < 2:
        return None
    # Imported late: Optuna and the forest cost two seconds, which other reading commands save.
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    offered = space.learning_rates
    on_offer: dict[str, BaseDistribution] = {
        "scaling": CategoricalDistribution(space.scalings),
        "optimizer": CategoricalDistribution(space.optimizers),
        # In the logarithm, as it is searched: Optuna would weigh a range by its plain width.
        "learning_rate": FloatDistribution(math.log10(offered.low), math.log10(offered.high))
        if isinstance(offered, LearningRateRange)
        else CategoricalDistribution(offered),
    }
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    measured = optuna.create_study(direction="maximize")
    optuna.logging.set_verbosity(verbosity)
    for count, rate in zip(counts, rates, strict=True):
        key = count.configuration
        learning_rate = key.learning_rate
        if isinstance(offered, LearningRateRange):
            # rounding must not push an end of the range out of it
            learning_rate = min(max(learning_rate, offered.low), offered.high)
            learning_rate = math.log10(learning_rate)
        parameters = dict(zip(FACTORS, (key.scaling, key.optimizer, learning_rate), strict=True))
        measured.add_trial(
            optuna.trial.create_trial(params=parameters, distributions=on_offer, value=rate)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `normalize`
        found = get_param_importances(
            measured,
            evaluator=FanovaImportanceEvaluator(seed=FOREST_SEED),
            params=list(FACTORS),
            normalize=False,
        )
    return _with_interactions({factor: float(found[factor]) for factor in FACTORS})


def counting_noise(counts: Sequence[ConfigurationCounts]) -> float | None:
    """The share of the variation in measured rates that counting finitely many restarts makes.

    The mean of the unbiased binomial variances p(1 - p) / (n - 1) over the variance of the rates,
    at most 1. None if all rates are the same or one rests on a single restart.
    """
    rates = _rates(counts)
    if len(set(rates)) < 2 or min(count.restarts for count in counts) < 2:
        return None
    own = [
        rate * (1 - rate) / (count.restarts - 1) for rate, count in zip(rates, counts, strict=True)
    ]
    return min(1.0, float(np.mean(own) / np.var(rates)))


def main_effect_shares(counts: Sequence[ConfigurationCounts]) -> dict[str, float] | None:
    """The share of each factor's main effect in a balanced design, and of all interactions.

    Variance of the means of its levels over the variance of all rates (eta squared); the rest is
    what no factor explains alone. None if all rates are the same.
    """
    rates = _rates(counts)
    if len(set(rates)) < 2:
        return None
    means: dict[str, list[float]] = {factor: [] for factor in FACTORS}
    for level in levels(counts):
        means[level.factor].append(level.rate.rate)
    shares = {factor: float(np.var(means[factor]) / np.var(rates)) for factor in FACTORS}
    return _with_interactions(shares)


def levels(counts: Sequence[ConfigurationCounts]) -> tuple[Level, ...]:
    """Each value of each factor in a balanced design, with the rest averaged, in order."""
    restarts = sum(count.restarts for count in counts)
    overall = sum(count.escaped for count in counts) / restarts
    found = []
    for factor in FACTORS:
        pooled: dict[str | float, tuple[int, int]] = {}
        for count in sorted(counts, key=lambda count: getattr(count.configuration, factor)):
            value = getattr(count.configuration, factor)
            escaped, of = pooled.get(value, (0, 0))
            pooled[value] = escaped + count.escaped, of + count.restarts
        for value, pair in pooled.items():
            rate = EscapeRate(*pair)
            found.append(Level(factor, value, rate, rate.rate - overall))
    return tuple(found)


def _rates(counts: Sequence[ConfigurationCounts]) -> list[float]:
    return [count.escaped / count.restarts for count in counts]


def _with_interactions(shares: dict[str, float]) -> dict[str, float]:
    """The shares of the factors, and what is left."""
    return {**shares, INTERACTIONS: max(0.0, 1 - sum(shares.values()))}


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
