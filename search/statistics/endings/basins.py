"""Where the restarts of a configuration end: the few basins that their many ends fall into.

What identifies a basin is the function computed, not the loss: a slow optimizer leaves a continuum
of losses on the way down, and different functions can share a loss. So members are grouped by what
they compute on the data, in three steps: how far a member got (its `Kind`); then the parts that it
puts the points in, members that differ on few points being one group; and then groups that are
mirror images of each other by a symmetry of the data (`symmetry`) become orientations of one basin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.rows import Outcome
from search.statistics.endings.ends import OUTCOMES, Ends
from search.statistics.endings.kinds import KINDS, WITH_A_FUNCTION, Kind
from search.statistics.endings.parts import SAME_FUNCTION, differing
from search.statistics.escape import EscapeRate

Images = Callable[[Kind, int], NDArray[np.uint8]]
"""All mirror images of what the member of a seed computes, it being of that kind: packed as in
`Ends.table`, shape (images, bytes); without images an empty one."""

MOST = 6
"""Basins of a configuration that are listed as they are."""

_GROUPS = 64  # of one kind; members that are in none of the first so many are left over
_ITSELF = -1  # the orientation that a group is of before others join it


@dataclass(frozen=True)
class Basin:
    """Restarts of a configuration that computed the same.

    `share` counts them of all restarts of the configuration. The typical member is that of the
    median loss (the lower of two, then the lower seed) in the largest orientation; others put
    together have none, but `merged`: their kinds, each with its basins and restarts. Losses are
    None if none is finite.
    `outcome` is that of all its restarts, None if they have several. `orientations` are the
    restarts of each group of mirror images, the largest first, one if there are none; a restart
    differs from what most of its orientation compute on `differs` of the points compared at most,
    and from a mirror image of what most of the largest compute; None of others, and of those that
    stay together because no group is near.
    """

    kind: Kind
    share: EscapeRate
    seed: int | None
    trial: int | None
    loss: float | None
    loss_low: float | None
    loss_high: float | None
    outcome: Outcome | None = None
    orientations: tuple[int, ...] = ()
    differs: int | None = None
    merged: tuple[tuple[Kind, int, int], ...] = ()


@dataclass(frozen=True)
class _Group:
    """Members of one kind, rows of `Ends`, that compute the same or mirror images of it.

    `center` is a row of `Ends.table`, what most of the first orientation compute; -1 of those that
    are near no group. `orientations` are its members by the mirror image that they are near.
    """

    kind: Kind
    center: int
    orientations: Mapping[int, NDArray[np.int64]]
    differs: int

    @property
    def rows(self) -> NDArray[np.int64]:
        """All its members."""
        return np.concatenate(list(self.orientations.values()))

    @property
    def by_size(self) -> list[NDArray[np.int64]]:
        """Its orientations, the largest first; of equal ones that which was there first."""
        return sorted(self.orientations.values(), key=len, reverse=True)


def basins(found: Ends, images: Images | None = None, same: float = SAME_FUNCTION) -> list[Basin]:
    """The basins of a configuration's restarts, the largest first.

    A group grows around what most members compute exactly alike: in order of frequency, a function
    that is not within `same` of one before it makes a new group, and every member is of
    the nearest. So the result does not depend on the order of the members. Then, the largest first,
    a group that is within `same` of a mirror image of a larger one joins that one. It has
    to be the larger one's own image, so no chain of resemblances puts unlike groups together.

    Args:
        found: Where the restarts ended.
        images: What gives mirror images; without, no groups are put together by them.
        same: Share of the points on which members of one group can differ from most of it.
    """
    made = []
    tolerance = int(same * found.points)
    for index, kind in enumerate(KINDS):
        groups = list(_alike(found, kind, np.flatnonzero(found.kinds == index), tolerance))
        if images is not None and kind in WITH_A_FUNCTION:
            groups = _mirrored(found, groups, images, tolerance)
        made += [_basin(found, group) for group in groups]
    return sorted(made, key=_largest_first)


def readable(every: Sequence[Basin], most: int = MOST, least: float = 0.02) -> list[Basin]:
    """At most `most` basins as they are; if there are more, the others put together stand last.

    A single other one stays as it is.

    Kept are then the largest that hold at least a share of `least`; beside them the largest of
    those that solved, escaped or diverged, however small, for one such restart is worth a line.
    """
    if len(every) <= most:
        return list(every)
    told = {Kind.SOLVED, Kind.ESCAPED, Kind.DIVERGED}
    first = {kind: next((b for b in every if b.kind is kind), None) for kind in told}
    must = [basin for basin in every if basin is first.get(basin.kind)]
    large = [basin for basin in every if basin not in must and basin.share.rate >= least]
    kept = sorted([*must, *large[: max(0, most - len(must))]], key=_largest_first)
    rest = [basin for basin in every if basin not in kept]
    return list(every) if len(rest) < 2 else [*kept, _others(rest)]


def _alike(found: Ends, kind: Kind, rows: NDArray[np.int64], tolerance: int) -> Iterator[_Group]:
    """The rows in groups that compute the same; what is in none of them singly stays together."""
    if not rows.size:
        return
    functions, inverse, counts = np.unique(
        found.functions[rows], return_inverse=True, return_counts=True
    )
    table = found.table[functions]
    distances = np.empty((0, len(functions)), dtype=np.int64)
    centers: list[int] = []
    for candidate in np.argsort(-counts, kind="stable"):
        if len(centers) == _GROUPS:
            break
        if not centers or distances[:, candidate].min() > tolerance:
            away = differing(table, table[candidate], found.points)
            distances = np.vstack([distances, away])
            centers.append(int(candidate))
    least = distances.min(axis=0)
    nearest = np.where(least <= tolerance, distances.argmin(axis=0), -1)
    groups = nearest[inverse]
    for group in np.unique(groups):
        members = rows[groups == group]
        center = int(functions[centers[group]]) if group >= 0 else -1
        differs = int(least[nearest == group].max())
        yield _Group(kind, center, {_ITSELF: members}, differs)


def _mirrored(
    found: Ends, groups: Sequence[_Group], images: Images, tolerance: int
) -> list[_Group]:
    """The groups, of one kind, with those that are mirror images of a larger one put to it.

    An image that is no other function is no other orientation: a basin can be symmetric itself.
    """
    alone = [group for group in groups if group.center < 0]
    others = [group for group in groups if group.center >= 0]
    if len(others) < 2:
        return list(groups)
    heads: list[tuple[_Group, NDArray[np.uint8]]] = []
    for group in sorted(others, key=lambda one: (-len(one.rows), _first_seed(found, one))):
        for place, (head, mirrors) in enumerate(heads):
            away = differing(mirrors, found.table[group.center], found.points)
            if away.size and away.min() <= tolerance:
                mirror = int(away.argmin())
                if (
                    int(differing(mirrors[[mirror]], found.table[head.center], found.points)[0])
                    <= tolerance
                ):
                    mirror = _ITSELF
                heads[place] = (_joined(found, head, group, mirrors, mirror), mirrors)
                break
        else:
            heads.append((group, images(group.kind, _first_seed(found, group))))
    return [*(head for head, _ in heads), *alone]


def _joined(
    found: Ends, head: _Group, group: _Group, mirrors: NDArray[np.uint8], image: int
) -> _Group:
    """A group and another that is near one of its mirror images."""
    mirror = found.table[head.center] if image == _ITSELF else mirrors[image]
    functions = found.table[np.unique(found.functions[group.rows])]
    away = differing(functions, mirror, found.points)
    before = head.orientations.get(image, group.rows[:0])
    return _Group(
        kind=head.kind,
        center=head.center,
        orientations={**head.orientations, image: np.concatenate([before, group.rows])},
        differs=max(head.differs, int(away.max())),
    )


def _first_seed(found: Ends, group: _Group) -> int:
    """The least seed of those that compute what most of the group do."""
    rows = group.rows
    if group.center >= 0:
        rows = rows[found.functions[rows] == group.center]
    return int(found.seeds[rows].min())


def _basin(found: Ends, group: _Group) -> Basin:
    rows, largest = group.rows, group.by_size[0]
    losses = np.sort(found.losses[rows])  # a NaN stands last
    finite = losses[np.isfinite(losses)]
    ordered = largest[np.lexsort((found.seeds[largest], found.losses[largest]))]
    typical = ordered[(len(ordered) - 1) // 2]
    outcomes = np.unique(found.outcomes[rows])
    return Basin(
        kind=group.kind,
        share=EscapeRate(len(rows), len(found.seeds)),
        seed=int(found.seeds[typical]),
        trial=int(found.trials[typical]),
        loss=float(found.losses[typical]) if np.isfinite(found.losses[typical]) else None,
        loss_low=float(finite[0]) if finite.size else None,
        loss_high=float(finite[-1]) if finite.size else None,
        outcome=OUTCOMES[outcomes[0]] if len(outcomes) == 1 else None,
        orientations=tuple(map(len, group.by_size)),
        differs=group.differs if group.center >= 0 and group.kind in WITH_A_FUNCTION else None,
    )


def _others(rest: Sequence[Basin]) -> Basin:
    lows = [basin.loss_low for basin in rest if basin.loss_low is not None]
    highs = [basin.loss_high for basin in rest if basin.loss_high is not None]
    merged = tuple(
        (kind, len(sizes), sum(sizes))
        for kind in Kind
        if (sizes := [basin.share.escaped for basin in rest if basin.kind is kind])
    )
    return Basin(
        kind=Kind.OTHERS,
        share=EscapeRate(sum(basin.share.escaped for basin in rest), rest[0].share.restarts),
        seed=None,
        trial=None,
        loss=None,
        loss_low=min(lows, default=None),
        loss_high=max(highs, default=None),
        merged=merged,
    )


def _largest_first(basin: Basin) -> tuple[Any, ...]:
    seed = -1 if basin.seed is None else basin.seed
    return (-basin.share.escaped, KINDS.index(basin.kind), seed)
