"""The basins of a configuration with what their typical members compute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import Member
from search.problem.scaling import scale, scaler
from search.statistics.endings.basins import MOST, Basin, Images, basins, readable
from search.statistics.endings.ends import ends, joined, stored_weights
from search.statistics.endings.images import mirror_images
from search.statistics.endings.kinds import Kind
from search.statistics.endings.regions import Answer, Regions, answer_of, describe
from search.statistics.endings.units import HiddenUnit, hidden_units

_ROUGHLY = 0.1  # share of the points on which restarts of a basin differ if there are too many
_ENOUGH = 20  # points; of fewer each one tells a function apart


@dataclass(frozen=True, eq=False)
class Typical:
    """The typical member of a basin: its weights (weights,), the function, its hidden units."""

    weights: NDArray[np.float32]
    answer: Answer
    regions: Regions
    units: tuple[HiddenUnit, ...]


@dataclass(frozen=True, eq=False)
class Ending:
    """A basin of a configuration; no typical member is described where it diverged.

    `classes` is how many the data have; `apart` tells it from others of the configuration whose
    functions have the same name.
    """

    configuration: Configuration
    basin: Basin
    typical: Typical | None
    classes: int = 2
    apart: str = ""

    @property
    def name(self) -> str:
        """What the basin is called in a table."""
        if self.typical is not None:
            return f"{self.typical.regions.name}{self.apart}"
        if self.basin.kind is Kind.OTHERS:
            merged = self.basin.merged
            of_kind = f", all {merged[0][0].value}" if len(merged) == 1 else ""
            return f"{sum(count for _, count, _ in merged)} others{of_kind}"
        return self.basin.kind.value

    @property
    def words(self) -> str:
        """What its typical member computes, and in how many orientations its restarts do."""
        if self.typical is not None:
            words = self.typical.regions.words
            return f"{words}; {self._mirrored}" if self._mirrored else words
        if self.basin.kind is Kind.OTHERS:
            parts = [
                f"{restarts} {kind.value}{f' in {count} basins' if count > 1 else ''}"
                for kind, count, restarts in self.basin.merged
            ]
            return f"small basins put together: {', '.join(parts)}"
        return "a loss or weight stopped being finite"

    @property
    def _mirrored(self) -> str:
        each = self.basin.orientations
        if len(each) < 2:
            return ""
        return f"its mirror images too, {len(each)} orientations in all"

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names; what there is not is None."""
        basin, typical = self.basin, self.typical
        row: dict[str, Any] = dict.fromkeys(ending_keys(self.classes))
        row.update(self.configuration.to_json())
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
        row["orientations"] = list(basin.orientations) or None
        row["differs"] = basin.differs
        if typical is not None:
            regions = typical.regions
            row["probability_low"], row["probability_high"] = regions.low, regions.high
            row.update({f"right_{c}": right for c, right in enumerate(regions.right)})
            row["undecided"] = regions.undecided
            row["boundaries"] = list(regions.boundaries) if regions.boundaries else None
            row["hidden_units"] = [str(unit) for unit in typical.units]
            row["weights"] = typical.weights.tolist()
        return row


def ending_keys(classes: int) -> tuple[str, ...]:
    """The keys of a basin as JSON, for data of so many classes."""
    return (
        *("scaling", "optimizer", "learning_rate", "basin", "kind", "outcome", "restarts", "of"),
        *("share", "ci_low", "ci_high", "loss", "loss_low", "loss_high", "trial", "seed"),
        *("function", "orientations", "differs", "probability_low", "probability_high"),
        *(f"right_{c}" for c in range(classes)),
        *("undecided", "boundaries", "hidden_units", "weights"),
    )


def configuration_endings(
    problem: Problem,
    configuration: Configuration,
    blocks: Iterable[Sequence[Member]],
    by_seed: Callable[[Collection[int]], Mapping[int, Member]],
) -> list[Ending]:
    """Where the restarts of a configuration ended, the largest basin first.

    Restarts that differ on few points are of one basin, `SAME_FUNCTION` of them; if that makes more
    basins than are listed, on twice as many.

    blocks: all its restarts, of which it holds a few dozen bytes each and one block of weights at a
    time; by_seed: gives those of some seeds again.
    """
    features = scale(configuration.scaling, problem.data.features)
    found = joined(ends(problem, features, block) for block in blocks)
    images = _images(problem, configuration, by_seed)
    every = basins(found, images)
    if len(every) > MOST and found.points >= _ENOUGH:
        every = basins(found, images, _ROUGHLY)
    shown = readable(every)
    seeds = [basin.seed for basin in shown if basin.seed is not None]
    members = by_seed(seeds)
    has_biases = problem.network.use_bias
    made = []
    for basin in shown:
        typical = None
        if basin.seed is not None and basin.kind is not Kind.DIVERGED:
            weights = stored_weights([members[basin.seed].weights])[0]
            answer = answer_of(problem, configuration, weights)
            typical = Typical(
                weights=weights,
                answer=answer,
                regions=describe(problem.data, basin.kind, answer, has_biases=has_biases),
                units=hidden_units(problem.network, weights, features),
            )
        made.append(Ending(configuration, basin, typical, len(problem.data.classes)))
    return _told_apart(made, problem.data.points)


def _images(
    problem: Problem,
    configuration: Configuration,
    by_seed: Callable[[Collection[int]], Mapping[int, Member]],
) -> Images:
    """What gives the mirror images of what a restart computes."""
    to_scale = scaler(configuration.scaling, problem.data.features)

    @cache  # for there can be a second, rougher look
    def images(kind: Kind, seed: int) -> NDArray[np.uint8]:
        weights = stored_weights([by_seed([seed])[seed].weights])[0]
        return mirror_images(problem.data, problem.network, to_scale, weights, kind)

    return images


def _told_apart(endings: Sequence[Ending], points: int) -> list[Ending]:
    """The same; those with one name have what tells them apart beside it.

    That is the points that are right, or those of each class, or where neither does a number.
    """
    told = []
    for ending in endings:
        same = [one for one in endings if one.typical is not None and one.name == ending.name]
        apart = "" if ending.typical is None or len(same) < 2 else _apart(ending, same, points)
        told.append(replace(ending, apart=apart))
    return told


def _apart(ending: Ending, same: Sequence[Ending], points: int) -> str:
    """What tells an ending apart from the others of its name."""
    rights = [one.typical.regions.right for one in same if one.typical is not None]
    mine = rights[same.index(ending)]
    if len({sum(right) for right in rights}) == len(same):
        return f", {sum(mine)} of {points} right"
    if len(set(rights)) == len(same):
        return f", {'+'.join(map(str, mine))} of {points} right"
    if len({one.words for one in same}) == len(same):
        return ""
    return f" ({same.index(ending) + 1})"
