"""Measures of a study's restarts, computed from their final weights as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import Outcome, RecordedRestart
from search.statistics.measured import (
    Measure,
    MeasuredConfiguration,
    Measuring,
    summarised,
)
from storage.contract import Store

_RESTARTS_AT_ONCE = 4096


@dataclass(frozen=True)
class MeasuredRestart:
    """A restart and its measures by their names, each None if it diverged."""

    recorded: RecordedRestart
    measures: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """The restart and its measures under their stable names.

        An accuracy and a loss are those of the record, which training computed.
        """
        return {**self.measures, **self.recorded.to_json()}


def measured_configuration(
    store: Store,
    study_id: int,
    problem: Problem,
    configuration: Configuration,
    measures: Sequence[Measure],
) -> list[MeasuredConfiguration]:
    """Measures over the restarts of a configuration.

    The weights are read block by block; of each restart no more than its measures is kept.

    Args:
        store: What holds the restarts.
        study_id: Of the study.
        problem: What it holds fixed.
        configuration: One that it has restarts of.
        measures: The measures.

    Returns:
        A row for each measure.
    """
    measure = Measuring(problem, configuration, measures)
    diverged, figures = 0, [np.empty((0, len(measures)))]
    for block in store.members(study_id, configuration):
        sound = [member for member in block if member.outcome is not Outcome.DIVERGED]
        diverged += len(block) - len(sound)
        figures.append(measure.of_stored([one.weights for one in sound]))
    return summarised(configuration, measures, np.concatenate(figures), diverged)


def measured_restarts(
    recorded: Iterable[RecordedRestart], problem: Problem, measures: Sequence[Measure]
) -> Iterator[MeasuredRestart]:
    """Restarts with their measures, in the order in which they come.

    Args:
        recorded: The restarts, those of a trial together.
        problem: What their study holds fixed.
        measures: The measures.

    Yields:
        Each of them.
    """
    for configuration, restarts in groupby(recorded, lambda one: one.configuration):
        measure = Measuring(problem, configuration, measures)
        while block := list(islice(restarts, _RESTARTS_AT_ONCE)):
            yield from _measured(block, measures, measure)


def _measured(
    block: Sequence[RecordedRestart],
    measures: Sequence[Measure],
    measure: Measuring,
) -> Iterator[MeasuredRestart]:
    is_sound = [one.restart.outcome is not Outcome.DIVERGED for one in block]
    sound = [one.restart for one, is_kept in zip(block, is_sound, strict=True) if is_kept]
    figures = iter(measure.of_stored([one.weights for one in sound]).tolist())
    names = [one.name for one in measures]
    is_count = [one.kind == "right" for one in measures]
    for one, is_kept in zip(block, is_sound, strict=True):
        found: list[float | None] = [None] * len(names)
        if is_kept:
            row = next(figures)
            found = [int(v) if whole else v for v, whole in zip(row, is_count, strict=True)]
        yield MeasuredRestart(one, dict(zip(names, found, strict=True)))
