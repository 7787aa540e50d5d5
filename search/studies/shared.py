"""Restarts that two studies have in common: the same start and the same training, so one restart.

Studies of one sampler seed pick the same seeds. Trained under the same problem and configuration,
their restarts are the same ones, and a comparison of them is one of a sample with itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from search.problem.configuration import Configuration
from storage.values import TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.studies.study import Study

_OF_JUDGING = ("data", "margin", "target")
"""What of a problem changes no training: the name of its data, and what counts as a success."""


def seeds_of(study: Study, configuration: Configuration) -> set[int]:
    """The seeds of the restarts of a configuration."""
    return _seeds(study)[configuration]


def trains_alike(one: tuple[Study, Configuration], other: tuple[Study, Configuration]) -> bool:
    """Whether a seed gives the same restart under two configurations of two studies."""
    return _training(*one) == _training(*other)


def in_common(studies: Sequence[Study]) -> tuple[list[Study], int]:
    """The studies that have restarts in common, and how many are in more than one of them."""
    holders = defaultdict(list)
    for study in studies:
        for configuration, seeds in _seeds(study).items():
            holders[_training(study, configuration)].append((study.name, seeds))
    names, restarts = set(), 0
    for held in holders.values():
        times = Counter(seed for _, seeds in held for seed in seeds)
        several = {seed for seed, count in times.items() if count > 1}
        restarts += len(several)
        names |= {name for name, seeds in held if seeds & several}
    return [study for study in studies if study.name in names], restarts


def _seeds(study: Study) -> defaultdict[Configuration, set[int]]:
    seeds: defaultdict[Configuration, set[int]] = defaultdict(set)
    for trial in study.store.trials(study.study_id):
        if trial.state is TrialState.COMPLETE:
            seeds[trial.configuration].update(trial.seeds)
    return seeds


def _training(study: Study, configuration: Configuration) -> tuple[str, str, float, str]:
    """All that the outcome of a seed depends on."""
    held = study.problem.under(configuration).to_json()
    told = {name: value for name, value in held.items() if name not in _OF_JUDGING}
    scaled = configuration.scaling, configuration.optimizer, configuration.learning_rate
    return (*scaled, json.dumps(told, sort_keys=True))
