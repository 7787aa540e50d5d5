"""The basins of a configuration with what their typical members compute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import Member
from search.problem.scaling import scale
from search.statistics.endings.basins import (
    Basin,
    Kind,
    basins,
    ends,
    joined,
    readable,
    stored_weights,
)
from search.statistics.endings.regions import Answer, Regions, answer_of, describe
from search.statistics.endings.units import HiddenUnit, hidden_units


@dataclass(frozen=True, eq=False)
class Typical:
    """The typical member of a basin: its weights (weights,), the function, its hidden units."""

    weights: NDArray[np.float32]
    answer: Answer
    regions: Regions
    units: tuple[HiddenUnit, ...]


@dataclass(frozen=True, eq=False)
class Ending:
    """A basin of a configuration; no typical member is described where it diverged."""

    configuration: Configuration
    basin: Basin
    typical: Typical | None

    @property
    def name(self) -> str:
        """What the basin is called in a table."""
        if self.typical is not None:
            return self.typical.regions.name
        if self.basin.kind is Kind.OTHERS:
            return f"{sum(count for _, count, _ in self.basin.merged)} others"
        return self.basin.kind.value

    @property
    def words(self) -> str:
        """What its typical member computes."""
        if self.typical is not None:
            return self.typical.regions.words
        if self.basin.kind is Kind.OTHERS:
            parts = [
                f"{restarts} {kind.value}{f' in {count} basins' if count > 1 else ''}"
                for kind, count, restarts in self.basin.merged
            ]
            return f"small basins put together: {', '.join(parts)}"
        return "a loss or weight stopped being finite"

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names; what there is not is None."""
        basin, typical = self.basin, self.typical
        row: dict[str, Any] = {**dict.fromkeys(ENDING_KEYS), **self.configuration.to_json()}
        row["basin"] = self.name
        row["kind"] = basin.kind.value
        row["outcome"] = basin.outcome.value if basin.outcome else None
        row["restarts"] = basin.share.escaped
        row["of"] = basin.share.restarts
        row["share"] = basin.share.rate
        row["ci_low"], row["ci_high"] = basin.share.interval
        for name in ("loss", "loss_low", "loss_high", "trial", "seed"):
            row[name] = getattr(basin, name)
        row["function"] = self.words
        if typical is not None:
            regions = typical.regions
            row["probability_low"], row["probability_high"] = regions.low, regions.high
            row["right_0"], row["right_1"] = regions.right
            row["boundaries"] = list(regions.boundaries) if regions.boundaries else None
            row["hidden_units"] = [str(unit) for unit in typical.units]
            row["weights"] = typical.weights.tolist()
        return row


ENDING_KEYS = (
    *("scaling", "optimizer", "learning_rate", "basin", "kind", "outcome", "restarts", "of"),
    *("share", "ci_low", "ci_high", "loss", "loss_low", "loss_high", "trial", "seed", "function"),
    *("probability_low", "probability_high", "right_0", "right_1", "boundaries"),
    *("hidden_units", "weights"),
)


def configuration_endings(
    problem: Problem,
    configuration: Configuration,
    blocks: Iterable[Sequence[Member]],
    by_seed: Callable[[Collection[int]], Mapping[int, Member]],
) -> list[Ending]:
    """Where the restarts of a configuration ended, the largest basin first.

    blocks: all its restarts, of which it holds a few dozen bytes each and one block of weights at a
    time; by_seed: gives those of some seeds again.
    """
    features = scale(configuration.scaling, problem.data.features)
    shown = readable(basins(joined(ends(problem, features, block) for block in blocks)))
    seeds = [basin.seed for basin in shown if basin.seed is not None]
    members = by_seed(seeds)
    made = []
    for basin in shown:
        typical = None
        if basin.seed is not None and basin.kind is not Kind.DIVERGED:
            weights = stored_weights([members[basin.seed].weights])[0]
            answer = answer_of(problem, configuration, weights)
            typical = Typical(
                weights=weights,
                answer=answer,
                regions=describe(problem.data, basin.kind, answer),
                units=hidden_units(problem.network, weights, features),
            )
        made.append(Ending(configuration, basin, typical))
    return made
