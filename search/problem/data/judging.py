"""What of some points no network can learn, or looks like no feature: told before it trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.names import quoted, share_text
from search.problem.scaling import scale

_FEWEST_POINTS_WITH_IDS = 5
_BEYOND_IDS = 2.0**64
_MOST_BY_CHANCE = 2.0**-20
"""Of k different numbers, k**2 times this many may fall on one float32, and a tenth of them."""

Features = NDArray[np.float64]


@dataclass(frozen=True)
class Caution:
    """Something to look at before training; `column` is what to leave out, if that is the cure."""

    message: str
    column: str | None = None


def told_apart(features: Features, labels: NDArray[np.uint8]) -> tuple[float, int]:
    """How well identical points of different classes can be told apart at best.

    Args:
        features: (points, features).
        labels: (points,), whole numbers from 0.

    Returns:
        The best accuracy that is possible, and how many points have the features of a point of
        another class.
    """
    rows = np.ascontiguousarray(features + 0.0)  # -0.0 is 0.0
    whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, group = np.unique(whole, return_inverse=True)
    # A pair of place and class for each point, so that memory does not grow with the classes.
    pairs, counts = np.unique(group * (int(labels.max()) + 1) + labels, return_counts=True)
    place = pairs // (int(labels.max()) + 1)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    largest = np.maximum.reduceat(counts, starts)
    size = np.bincount(group)
    return int(largest.sum()) / len(labels), int(size[largest < size].sum())


def cautions(
    features: Features, names: Sequence[str], told: tuple[float, int]
) -> tuple[Caution, ...]:
    """What to look at in some points, whatever is searched.

    Args:
        features: (points, features), finite.
        names: What the features are called.
        told: What `told_apart` makes of them.

    Returns:
        The cautions: features that look like ids, identical points of different classes, and
        features that are all constant.
    """
    if (features == features[0]).all():
        what = "all features are constant" if len(names) > 1 else "the only feature is constant"
        return (Caution(f"{what}: no network can tell the classes apart"),)
    found = _like_ids(features, names)
    best, mixed = told
    if mixed:
        found.append(
            Caution(
                f"{mixed:,} of {len(features):,} points have the same features as a point of "
                f"another class: no network can do better than an accuracy of {share_text(best, 4)}"
            )
        )
    return tuple(found)


def _like_ids(features: Features, names: Sequence[str]) -> list[Caution]:
    if len(names) < 2 or len(features) < _FEWEST_POINTS_WITH_IDS:
        return []
    steps = np.diff(features, axis=0)
    in_order: NDArray[np.bool_] = np.all(steps > 0, axis=0) | np.all(steps < 0, axis=0)
    is_whole = (features == np.round(features)) & (np.abs(features) < _BEYOND_IDS)
    whole: NDArray[np.bool_] = np.all(is_whole, axis=0)
    found = []
    for place in np.flatnonzero(in_order | whole).tolist():
        name = names[place]
        if in_order[place]:
            what = "another value in each row, in the order of the rows"
        elif len(np.unique(features[:, place])) == len(features):
            what = "another whole number in each row"
        else:
            continue
        message = f"column {quoted(name)} has {what}: if it is an id, leave it out"
        found.append(Caution(message, name))
    return found


def scaling_cautions(
    features: Features, names: Sequence[str], scalings: Sequence[str]
) -> tuple[Caution, ...]:
    """What some scalings make of points in the float32 of training.

    Args:
        features: (points, features), finite.
        names: What the features are called.
        scalings: The scalings of a study.

    Returns:
        A caution for each column that loses many of its different numbers, or all in infinity.
    """
    different = _different(features)
    chance = np.minimum(different**2 * _MOST_BY_CHANCE, different / 10)
    lost: dict[int, list[tuple[str, int]]] = {}
    endless: dict[int, list[str]] = {}
    for scaling in scalings:
        scaled = scale(scaling, features)
        is_endless = ~np.isfinite(scaled).all(axis=0)
        left = _different(scaled)
        for place in np.flatnonzero(is_endless).tolist():
            endless.setdefault(place, []).append(scaling)
        for place in np.flatnonzero(~is_endless & (different - left > chance)).tolist():
            lost.setdefault(place, []).append((scaling, int(left[place])))
    found = [
        Caution(
            f"column {quoted(names[place])} is beyond float32 under scaling {', '.join(which)}: "
            "every restart diverges there; divide it, or leave the scaling out"
        )
        for place, which in endless.items()
    ]
    for place, losses in lost.items():
        keeps = ", ".join(f"{left:,} under scaling {scaling}" for scaling, left in losses)
        found.append(
            Caution(
                f"column {quoted(names[place])}: of {int(different[place]):,} different numbers "
                f"float32 keeps {keeps}; subtract the first of them from all"
            )
        )
    return tuple(found)


def _different(columns: NDArray[np.floating]) -> NDArray[np.float64]:
    """How many different numbers each column has."""
    ordered = np.sort(columns, axis=0)
    changes: NDArray[np.float64] = np.sum(ordered[1:] != ordered[:-1], axis=0, dtype=np.float64)
    return changes + 1.0


def left_out_rows(dropped: int, rows: int) -> tuple[str, ...]:
    """What to tell of rows that were left out for a missing cell; nothing if there were none."""
    were = "was" if dropped == 1 else "were"
    return (f"{dropped:,} of {rows:,} rows {were} left out for missing cells",) if dropped else ()


def collapsed(column: str, different: int, left: int) -> str:
    """What to tell of a column whose numbers are not all different as float64."""
    return (
        f"column {quoted(column)}: of {different:,} different numbers float64 keeps {left:,}; "
        "subtract the first of them from all before they are written"
    )
