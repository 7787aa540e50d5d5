"""Which configuration a trial gets: Optuna's samplers, asked on a study in memory.

What is picked depends on the sampler's seed, on the trial's place among those of the search, and on
the trials before it, so a study that was interrupted goes on as it would have done.
"""

from __future__ import annotations

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import Choices, LogRange, Value
from search.problem.plan import Plan
from search.running.mirror import Mirror
from search.running.seeds import uniform

_COVERED_FIRST = 16
"""TPE learns nothing before it has seen something: a space of so few points is covered first."""
_CONFIGURATION_STREAM = 2  # keeps this draw apart from that of the seed, which is of stream 1


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The dimensions of a configuration in the order in which they are suggested."""
    return {
        name: (
            FloatDistribution(offered.low, offered.high, log=True)
            if isinstance(offered, LogRange)
            else CategoricalDistribution(offered)
        )
        for name, offered in space.dimensions.items()
    }


def pick(plan: Plan, mirror: Mirror) -> Configuration:
    """The configuration of the next trial of a search.

    Args:
        plan: The study's plan.
        mirror: The trials of the search so far.
    """
    for one in plan.first:
        if not mirror.tries[one]:
            return one
    points, place = plan.space.configurations, mirror.place
    is_first = place < len(points or ()) <= _COVERED_FIRST
    if points is not None and (plan.sampler == "grid" or (plan.sampler == "tpe" and is_first)):
        return min(points, key=lambda point: mirror.tries[point])
    if plan.sampler == "qmc":
        return _point(plan.space, plan.sampler_seed, place)
    seed = uniform(_CONFIGURATION_STREAM, plan.sampler_seed, place) % 2**32
    if plan.sampler == "random":
        return mirror.ask(RandomSampler(seed=seed))
    return mirror.ask(_Tpe(distributions(plan.space), seed))


class _Tpe(TPESampler):
    """Optuna's TPE, told the search space that it would find by reading all trials."""

    def __init__(self, space: dict[str, BaseDistribution], seed: int) -> None:
        super().__init__(seed=seed)
        self._known = {name: space[name] for name in sorted(space) if not space[name].single()}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._known


def _point(space: SearchSpace, sampler_seed: int, place: int) -> Configuration:
    """The point of a scrambled Sobol sequence at a place, spread over the space."""
    from scipy.stats.qmc import Sobol  # half a second, and the only one who needs SciPy

    sobol = Sobol(len(space.dimensions), scramble=True, rng=sampler_seed)
    if place:  # SciPy cannot go forward by nothing
        sobol.fast_forward(place)
    point = zip(space.dimensions.items(), sobol.random(1)[0], strict=True)
    return Configuration.from_json({name: _at(offered, share) for (name, offered), share in point})


def _at(offered: Choices, share: float) -> Value:
    """The value of what is offered that a number from 0 to 1 stands for."""
    if isinstance(offered, LogRange):
        return float(offered.low * (offered.high / offered.low) ** share)
    return offered[int(share * len(offered))]
