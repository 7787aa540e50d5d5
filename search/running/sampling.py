"""Which configuration a trial gets: Optuna's samplers, asked on a study in memory.

What is picked depends on the sampler's seed, on the trial's place among those of the search, and on
the trials before it, so a study that was interrupted goes on as it would have done.
"""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.samplers import RandomSampler, TPESampler
from scipy.stats.qmc import Sobol

from search.problem.configuration import Configuration, LearningRateRange, SearchSpace
from search.problem.plan import Plan
from search.running.seeds import uniform

_COVERED_FIRST = 16
"""TPE learns nothing before it has seen something: a space of so few points is covered first."""
_CONFIGURATION_STREAM = 2  # keeps this draw apart from that of the seed, which is of stream 1


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The dimensions of a configuration in the order in which they are suggested."""
    rates = space.learning_rates
    learning_rate: BaseDistribution = (
        FloatDistribution(rates.low, rates.high, log=True)
        if isinstance(rates, LearningRateRange)
        else CategoricalDistribution(rates)
    )
    return {
        "scaling": CategoricalDistribution(space.scalings),
        "optimizer": CategoricalDistribution(space.optimizers),
        "learning_rate": learning_rate,
    }


def pick(
    plan: Plan,
    mirror: optuna.Study,
    tries: Mapping[Configuration, int],
    place: int,
) -> tuple[Configuration, int | None]:
    """The configuration of the next trial of a search.

    Args:
        plan: The study's plan.
        mirror: An Optuna study in memory with the trials of the search so far.
        tries: How many of those each configuration has.
        place: How many those are.

    Returns:
        The configuration, and the number of the trial that the mirror has of it if its sampler was
        asked.
    """
    points = plan.space.configurations
    is_first = place < len(points or ()) <= _COVERED_FIRST
    if points is not None and (plan.sampler == "grid" or (plan.sampler == "tpe" and is_first)):
        return min(points, key=lambda point: tries.get(point, 0)), None
    if plan.sampler == "qmc":
        return _point(plan.space, plan.sampler_seed, place), None
    seed = uniform(_CONFIGURATION_STREAM, plan.sampler_seed, place) % 2**32
    sampler = RandomSampler(seed=seed) if plan.sampler == "random" else TPESampler(seed=seed)
    mirror.sampler = sampler
    trial = mirror.ask(distributions(plan.space))
    return Configuration.from_json(trial.params), trial.number


def _point(space: SearchSpace, sampler_seed: int, place: int) -> Configuration:
    """The point of a scrambled Sobol sequence at a place, spread over the space."""
    rates = space.learning_rates
    assert isinstance(rates, LearningRateRange), "the plan refuses a list"
    sobol = Sobol(3, scramble=True, rng=sampler_seed)
    if place:  # SciPy cannot go forward by nothing
        sobol.fast_forward(place)
    scaling, optimizer, rate = sobol.random(1)[0]
    return Configuration(
        space.scalings[int(scaling * len(space.scalings))],
        space.optimizers[int(optimizer * len(space.optimizers))],
        float(rates.low * (rates.high / rates.low) ** rate),
    )
