"""Words for what a network draws on a line: its intervals, beside those of the classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.statistics.endings.kinds import BY_CLASS, Kind
from search.statistics.endings.parts import Codes

_MANY = 8  # classes that change more often than this along a feature overlap; no one finds those
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")

Part = Callable[[NDArray[np.float64]], Codes]
"""The part that each of some points is in, (points, 1) -> (points,)."""


class _Boundary(NamedTuple):
    """Where along the feature one part, or class, gives way to another."""

    at: float
    before: int
    after: int


def line_words(
    data: Dataset, kind: Kind, part: Part, levels: tuple[float | None, float | None]
) -> tuple[str, str, tuple[float, ...]]:
    """Name, words and boundaries of what a network draws on data of one feature.

    Args:
        data: The data.
        kind: How far the network got.
        part: What it draws.
        levels: Mean probabilities of class 1 in the lower and the higher part, for two classes.
    """
    first, crossings = _crossings(data, part)
    positions = tuple(crossing.at for crossing in crossings)
    name = _name(data, kind, crossings)
    words = _where(data, kind, positions, [first, *(c.after for c in crossings)], levels)
    return (kind.value if kind in BY_CLASS else name), f"{words}: {name}", positions


def _name(data: Dataset, kind: Kind, crossings: Sequence[_Boundary]) -> str:
    truth = _true_boundaries(data)
    count = len(crossings)
    turned = [_Boundary(at, after, before) for at, before, after in crossings]
    if len(truth) > _MANY or not count:
        return f"{_boundaries(count)} drawn"
    if _matched(data, turned, truth) == count:
        return f"{_of_them(count, len(truth))} the wrong way round"
    if kind is Kind.BEGUN:
        return f"{_boundaries(count)} begun"
    if found := _matched(data, crossings, truth):
        return f"{_of_them(found, len(truth))} found"
    if len(data.classes) > 2 and _in_place(data, crossings, truth) == count:
        return f"{_of_them(count, len(truth))} in place, between other classes"
    return f"{_boundaries(count)} out of place"


def _where(
    data: Dataset,
    kind: Kind,
    positions: Sequence[float],
    parts: Sequence[int],
    levels: tuple[float | None, float | None],
) -> str:
    """Which class is where."""
    intervals = _intervals(positions, float(np.ptp(data.features)))
    of_part = [
        (name, _joined([w for w, p in zip(intervals, parts, strict=True) if p == c]))
        for c, name in enumerate(data.classes)
    ]
    if len(data.classes) == 2:
        one, where = of_part[1][0], of_part[1][1] or "nowhere"
        low, high = levels
        if kind in BY_CLASS:
            return f"class {one} {where}"
        return f"class {one} at {high:.2f} {where}, at {low:.2f} elsewhere"
    named = [f"class {name} {where}" for name, where in of_part if where]
    return ", ".join(named) if kind in BY_CLASS else "leans to " + ", to ".join(named)


def _crossings(data: Dataset, part: Part) -> tuple[int, list[_Boundary]]:
    """The first part along the one feature, and where it changes between points of the data."""
    line = np.unique(data.features[:, 0])
    codes = part(line[:, None])
    at = np.flatnonzero(codes[1:] != codes[:-1])
    left, right, before, after = line[at], line[at + 1], codes[at], codes[at + 1]
    for _ in range(30 if at.size else 0):  # bisection
        middle = (left + right) / 2
        past = part(middle[:, None]) != before
        left, right = np.where(past, left, middle), np.where(past, middle, right)
    middle = (left + right) / 2
    return int(codes[0]), [
        _Boundary(float(x), int(a), int(b)) for x, a, b in zip(middle, before, after, strict=True)
    ]


def _true_boundaries(data: Dataset) -> list[_Boundary]:
    """Where the class that most points have changes along the one feature, midway between them."""
    line, inverse = np.unique(data.features[:, 0], return_inverse=True)
    counts = np.zeros((len(line), len(data.classes)), dtype=np.int64)
    np.add.at(counts, (inverse.ravel(), data.labels), 1)
    most = counts.argmax(axis=1)
    return [
        _Boundary(float(line[i] + line[i + 1]) / 2, int(most[i]), int(most[i + 1]))
        for i in np.flatnonzero(most[1:] != most[:-1])
    ]


def _matched(data: Dataset, crossings: Sequence[_Boundary], truth: Sequence[_Boundary]) -> int:
    """True boundaries that have a crossing of their classes nearby.

    Nearby is within half of the points between it and the next true boundary on that side.
    """
    line = np.sort(data.features[:, 0])
    places = np.searchsorted(line, [boundary.at for boundary in truth])
    edges = [0, *places, len(line)]
    crossed = [(int(np.searchsorted(line, at)), pair) for at, *pair in crossings]
    return sum(
        any(
            pair == [true.before, true.after] and (before + at) / 2 <= place <= (at + after) / 2
            for place, pair in crossed
        )
        for before, (at, after), true in zip(edges, pairwise(edges[1:]), truth, strict=False)
    )


def _in_place(data: Dataset, crossings: Sequence[_Boundary], truth: Sequence[_Boundary]) -> int:
    """True boundaries that have a crossing nearby, whichever classes it is between."""
    return _matched(
        data,
        [_Boundary(one.at, 0, 0) for one in crossings],
        [_Boundary(one.at, 0, 0) for one in truth],
    )


def _intervals(boundaries: Sequence[float], span: float) -> list[str]:
    """Each interval in words, its boundaries to a hundredth to a thousandth of the range."""
    decimals = 2 - int(np.floor(np.log10(span))) if span > 0 else 2
    shown = [f"{round(boundary, decimals):.{max(0, decimals)}f}" for boundary in boundaries]
    return [
        "everywhere"
        if left is None and right is None
        else f"for x < {right}"
        if left is None
        else f"for x > {left}"
        if right is None
        else f"between {left} and {right}"
        for left, right in pairwise([None, *shown, None])
    ]


def _joined(intervals: Sequence[str]) -> str:
    if len(intervals) > 3:
        intervals = [*intervals[:2], f"in {len(intervals) - 2} more intervals"]
    return " and ".join(intervals)


def _boundaries(count: int) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {'boundary' if count == 1 else 'boundaries'}"


def _of_them(found: int, of: int) -> str:
    if of == 1:
        return "the boundary"
    if found == of == 2:
        return "both boundaries"
    if found == of:
        return f"all {_boundaries(of)}"
    return _boundaries(found) if of == 2 else f"{found} of {_boundaries(of)}"
