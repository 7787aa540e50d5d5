"""Restarts with their final weights, as rows for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import RecordedRestart
from search.studies.measuring import MeasuredRestart


@dataclass(frozen=True)
class WeightedRestart:
    """A restart, measured or not, with its weights under `names`.

    None under those names that a smaller network of the study has no weight for.
    """

    row: RecordedRestart | MeasuredRestart
    names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The row and the weights under their names, each the shortest decimal of its float32."""
        row = self.row
        restart = (row if isinstance(row, RecordedRestart) else row.recorded).restart
        weights = [float(str(weight)) for weight in np.frombuffer(restart.weights, dtype="<f4")]
        missing = len(self.names) - len(weights)
        found = zip(self.names, [*weights, *[None] * missing], strict=True)
        return {**row.to_json(), **dict(found)}


def weight_names(problem: Problem, configurations: Iterable[Configuration]) -> tuple[str, ...]:
    """Names for the weights of the largest network among some configurations.

    `weight_0` and so on, in the order in which Keras's `get_weights()` has them: of each layer the
    kernel row by row, then the bias.
    """
    counts = [problem.under(one).network.weight_count for one in configurations]
    return tuple(f"weight_{place}" for place in range(max(counts, default=0)))


def weighted(
    rows: Iterable[RecordedRestart | MeasuredRestart], names: tuple[str, ...]
) -> Iterator[WeightedRestart]:
    """Restarts with their weights, read as they are asked for."""
    return (WeightedRestart(row, names) for row in rows)


def of_configuration(
    rows: Iterable[RecordedRestart | MeasuredRestart], configuration: Configuration
) -> Iterator[RecordedRestart | MeasuredRestart]:
    """Those restarts that are of a configuration, read as they are asked for."""
    for row in rows:
        recorded = row if isinstance(row, RecordedRestart) else row.recorded
        if recorded.configuration == configuration:
            yield row
