"""Which configuration and which seeds a trial gets.

The seed is a parameter of Optuna's trial, but the sampler that picks the configuration must never
learn from it: a model that takes the seed for a dimension chases noise, and the escape rate of
the configuration it visits most comes out wrong. So `seed` is drawn apart, uniformly, as a
function of the sampler's seed and the trial's place among those that were asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from search.problem.configuration import Configuration, LearningRateRange, SearchSpace
from search.problem.samplers import check_sampler
from search.running.seeds import LAST_SEED, block_length, free_block, uniform
from search.training.batches import SEEDS_PER_BLOCK

SEED = "seed"
RESTARTS = "restarts"
"""User attribute of a trial: how many seeds it covers from its first on."""
NOT_ASKED = "not asked"
"""User attribute of a trial that no sampler picked: it repeats another, or belongs to a race."""
_COVERED_FIRST = 16
_CONFIGURATION_STREAM = 2  # keeps this draw apart from that of the seed, which is of stream 1


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The parameters of a trial in the order in which they are suggested, the seed last."""
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
        SEED: IntDistribution(0, LAST_SEED + 1 - SEEDS_PER_BLOCK, step=SEEDS_PER_BLOCK),
    }


def configuration_of(parameters: Mapping[str, Any]) -> Configuration:
    """The configuration among a trial's parameters."""
    return Configuration(
        parameters["scaling"], parameters["optimizer"], float(parameters["learning_rate"])
    )


class StudySampler(BaseSampler):
    """Picks configurations by the sampler called `name` and seeds apart from it.

    Seeds come in blocks of `restarts`, rounded up to whole blocks of `SEEDS_PER_BLOCK`: two trials
    of one configuration have the same block or none in common, and are never given the same. What a
    trial is given depends on `sampler_seed`, its place among those asked for and the trials before
    it, so a study that was interrupted goes on as it would have done. Raises UserError if the
    sampler cannot sample the space.
    """

    def __init__(self, name: str, space: SearchSpace, restarts: int, sampler_seed: int) -> None:
        check_sampler(name, space)
        self._make = SAMPLERS[name]
        self._space = space
        self._length = block_length(restarts)
        self._sampler_seed = sampler_seed
        self.reserved: Sequence[range] = ()
        """Seeds that are kept for races: no trial is given one of them."""
        self._current: tuple[int, BaseSampler] | None = None

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The search space of the configuration's sampler, without the seed."""
        space = self._sampler(study, trial).infer_relative_search_space(study, trial)
        return {name: distribution for name, distribution in space.items() if name != SEED}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """What the configuration's sampler picks jointly."""
        return self._sampler(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The seed, or what the configuration's sampler picks for one parameter."""
        if param_name == SEED:
            return self._free_seed(study, trial)
        sampler = self._sampler(study, trial)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Let the configuration's sampler prepare."""
        self._sampler(study, trial).before_trial(study, trial)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Let the configuration's sampler learn of the end of a trial."""
        self._sampler(study, trial).after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Nothing to do: every draw is a function of the sampler's seed and the trial."""

    def _sampler(self, study: optuna.Study, trial: FrozenTrial) -> BaseSampler:
        if self._current is None or self._current[0] != trial.number:
            sampler = self._make(self._space, self._sampler_seed, _place(study, trial))
            self._current = (trial.number, sampler)
        return self._current[1]

    def _free_seed(self, study: optuna.Study, trial: FrozenTrial) -> int:
        wanted = configuration_of(trial.params)
        taken = [
            range(first, first + other.user_attrs.get(RESTARTS, self._length))
            for other in study.get_trials(deepcopy=False)
            if (first := other.params.get(SEED)) is not None
            and other.number != trial.number
            and configuration_of(other.params) == wanted
        ]
        taken += self.reserved
        return free_block(taken, self._length, wanted, self._sampler_seed, _place(study, trial))


def _place(study: optuna.Study, trial: FrozenTrial) -> int:
    """How many trials were asked for before this one.

    Not its number: repeats of interrupted trials and races have numbers too, and what a study picks
    next must not depend on how often it was interrupted.
    """
    return sum(
        other.number < trial.number and not other.user_attrs.get(NOT_ASKED, False)
        for other in study.get_trials(deepcopy=False)
    )


class LeastTriedSampler(BaseSampler):
    """Picks the configuration of a finite space that has the fewest trials, in the space's order.

    So a grid is covered once before any point comes again, and evenly at every size of a study.
    """

    def __init__(self, configurations: Sequence[Configuration]) -> None:
        self._configurations = configurations

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All three parts of a configuration."""
        parts = Configuration.__dataclass_fields__
        return {
            name: CategoricalDistribution(
                list(dict.fromkeys(getattr(point, name) for point in self._configurations))
            )
            for name in parts
        }

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """The parts of the least tried configuration."""
        tries = count_trials(study, self._configurations)
        least = min(self._configurations, key=lambda point: tries[point])
        return {name: getattr(least, name) for name in search_space}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Never asked: all parts are picked jointly. Raises ValueError."""
        raise ValueError(f"{param_name} is no part of a configuration")


def count_trials(
    study: optuna.Study, configurations: Sequence[Configuration]
) -> dict[Configuration, int]:
    """Trials of each configuration that are complete, under way or given up."""
    tries = dict.fromkeys(configurations, 0)
    counted = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING, TrialState.PRUNED)
    for trial in study.get_trials(deepcopy=False):
        if trial.state in counted and SEED in trial.params:
            point = configuration_of(trial.params)
            if point in tries:
                tries[point] += 1
    return tries


def _tpe(space: SearchSpace, sampler_seed: int, number: int) -> BaseSampler:
    points = space.configurations
    if points is not None and len(points) <= _COVERED_FIRST and number < len(points):
        return LeastTriedSampler(points)
    return TPESampler(seed=_sampler_seed_of_trial(sampler_seed, number))


def _random(_space: SearchSpace, sampler_seed: int, number: int) -> BaseSampler:
    return RandomSampler(seed=_sampler_seed_of_trial(sampler_seed, number))


def _grid(space: SearchSpace, _sampler_seed: int, _number: int) -> BaseSampler:
    assert space.configurations is not None, "checked when the study's sampler is made"
    return LeastTriedSampler(space.configurations)


def _qmc(space: SearchSpace, sampler_seed: int, number: int) -> BaseSampler:
    return _PlacedQMCSampler(space, sampler_seed, number)


class _PlacedQMCSampler(QMCSampler):
    """Optuna's quasi-Monte Carlo sampler at the place in its sequence that the trial's place gives.

    Optuna itself counts its samples in the study and begins after a first trial at random.
    """

    def __init__(self, space: SearchSpace, sampler_seed: int, number: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(scramble=True, seed=sampler_seed, warn_independent_sampling=False)
        self._space = distributions(space)
        self._place = number

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All of a configuration."""
        return {name: space for name, space in self._space.items() if name != SEED}

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return self._place


def _sampler_seed_of_trial(sampler_seed: int, number: int) -> int:
    return uniform(_CONFIGURATION_STREAM, sampler_seed, number) % 2**32


SAMPLERS: Mapping[str, Callable[[SearchSpace, int, int], BaseSampler]] = MappingProxyType(
    {"tpe": _tpe, "random": _random, "grid": _grid, "qmc": _qmc}
)
"""Name on the command line -> maker of the sampler for a space, a seed and a trial's place."""
