"""What function a network computes, in words: the class regions that it draws on the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.datasets import Dataset
from search.problem.forward import forward, sigmoid
from search.problem.problem import Problem
from search.problem.scaling import scaler
from search.statistics.endings.basins import Kind, constant_loss, higher_part

Answer = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A network on points in the data's own units: (points, features) -> probability of class 1."""

_MANY = 8  # classes that change more often than this along a feature overlap; no one finds those
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


@dataclass(frozen=True)
class Regions:
    """What one network draws on the data.

    `name` is short, `words` is a sentence. `low` and `high` are the mean probabilities of class 1
    where the answer is the lower and the higher one (as basins split the points;
    of equal answers both), `right` the points classified correctly, of class 0 and of class 1.
    `boundaries` are, for data of one feature, where the answer passes from one part to the other;
    else None.
    """

    name: str
    words: str
    low: float
    high: float
    right: tuple[int, int]
    boundaries: tuple[float, ...] | None


def answer_of(
    problem: Problem, configuration: Configuration, weights: NDArray[np.float32]
) -> Answer:
    """The function that a network computes. weights: (weights,), as stored."""
    to_scale = scaler(configuration.scaling, problem.data.features)

    def answer(points: NDArray[np.float64]) -> NDArray[np.float64]:
        logits = forward(problem.network, weights[None], to_scale(points)).logits[0]
        return np.asarray(sigmoid(logits.astype(np.float64)), dtype=np.float64)

    return answer


def describe(data: Dataset, kind: Kind, answer: Answer) -> Regions:
    """What a member of a basin of this kind computes. Not for those that diverged."""
    probabilities = answer(data.features)
    escaped = kind in (Kind.SOLVED, Kind.ESCAPED)
    higher = higher_part(probabilities[None], np.array([escaped]))[0]
    low, high = (
        float(probabilities[part if part.any() else ~part].mean()) for part in (~higher, higher)
    )
    predicted = probabilities > 0.5
    right = tuple(int((predicted[data.labels == c] == c).sum()) for c in (0, 1))
    boundaries = None
    if kind is Kind.CONSTANT:
        name, words = _constant_words(data, probabilities)
    elif data.features.shape[1] == 1:
        threshold = 0.5 if escaped else float(probabilities.min() + probabilities.max()) / 2
        crossings = _crossings(data, answer, threshold, probabilities)
        boundaries = tuple(position for position, _ in crossings)
        starts_high = bool(higher[data.features.argmin()])
        name, words = _line_words(data, kind, crossings, starts_high, low, high)
    else:
        name, words = _count_words(data, kind, higher, right, low, high)
    return Regions(name, words, low, high, (right[0], right[1]), boundaries)


def _constant_words(data: Dataset, probabilities: NDArray[np.float64]) -> tuple[str, str]:
    one = data.classes[1]
    low, high, mean = probabilities.min(), probabilities.max(), probabilities.mean()
    where = "everywhere" if low > 0.5 else "nowhere" if high <= 0.5 else "here and there"
    level = f"{mean:.2f}" if high - low < 0.02 else f"{low:.2f} to {high:.2f}"
    words = f"class {one} {where}, its probability {level} on every point: the constant answer"
    loss = -np.mean(np.log(np.where(data.labels == 1, mean, 1 - mean).clip(1e-12)))
    if loss > 1.1 * constant_loss(data.labels):
        words = words.removesuffix("the constant answer")
        best = f"{data.labels.mean():.2f}"
        return "another constant", f"{words}another constant than the best, which is {best}"
    return "constant answer", words


def _line_words(
    data: Dataset,
    kind: Kind,
    crossings: Sequence[tuple[float, bool]],
    starts_high: bool,
    low: float,
    high: float,
) -> tuple[str, str]:
    """Name and words for one feature; crossings are (position, whether it rises there)."""
    one, span = data.classes[1], np.ptp(data.features)
    where = _intervals([position for position, _ in crossings], starts_high, float(span))
    escaped = kind in (Kind.SOLVED, Kind.ESCAPED)
    words = (
        f"class {one} {where}"
        if escaped
        else f"class {one} at {high:.2f} {where}, at {low:.2f} elsewhere"
    )
    truth = _true_boundaries(data)
    count = len(crossings)
    turned = [(position, not rises) for position, rises in crossings]
    if len(truth) > _MANY:
        name = f"{_boundaries(count)} drawn"
    elif _matched(data, turned, truth) == count:
        name = f"{_of_them(count, len(truth))} the wrong way round"
    elif kind is Kind.BEGUN:
        name = f"{_boundaries(count)} begun"
    elif found := _matched(data, crossings, truth):
        name = f"{_of_them(found, len(truth))} found"
    else:
        name = f"{_boundaries(count)} out of place"
    words += f": {name}"
    return (kind.value if escaped else name), words


def _count_words(
    data: Dataset,
    kind: Kind,
    higher: NDArray[np.bool_],
    right: Sequence[int],
    low: float,
    high: float,
) -> tuple[str, str]:
    """Name and words where there is no line to speak of: points counted."""
    zero, one = data.classes
    ones, points = int(data.labels.sum()), data.points
    if kind in (Kind.SOLVED, Kind.ESCAPED):
        return kind.value, (
            f"right on {right[0]} of {points - ones} points of class {zero} and on {right[1]} of "
            f"{ones} of class {one}"
        )
    above, ones_above = int(higher.sum()), int(data.labels[higher].sum())
    done = "found" if kind is Kind.FOUND else "begun"
    return f"a split {done}", (
        f"class {one} at {high:.2f} on {above} points ({ones_above} of them class {one}), at "
        f"{low:.2f} on the other {points - above} ({ones - ones_above} of them): a split {done}"
    )


def _crossings(
    data: Dataset, answer: Answer, threshold: float, probabilities: NDArray[np.float64]
) -> list[tuple[float, bool]]:
    """Where along the one feature the answer passes a threshold between points of the data."""
    line, first = np.unique(data.features[:, 0], return_index=True)
    above = probabilities[first] > threshold
    at = np.flatnonzero(above[1:] != above[:-1])
    if not at.size:
        return []
    left, right, rises = line[at], line[at + 1], above[at + 1]
    for _ in range(30):  # bisection
        middle = (left + right) / 2
        past = (answer(middle[:, None]) > threshold) == rises
        left, right = np.where(past, left, middle), np.where(past, middle, right)
    return [(float(x), bool(up)) for x, up in zip((left + right) / 2, rises, strict=True)]


def _true_boundaries(data: Dataset) -> list[tuple[float, bool]]:
    """Where the class changes along the one feature, midway between the points."""
    line, inverse = np.unique(data.features[:, 0], return_inverse=True)
    ones = np.bincount(inverse.ravel(), data.labels) / np.bincount(inverse.ravel()) > 0.5
    return [
        (float(line[i] + line[i + 1]) / 2, bool(ones[i + 1]))
        for i in np.flatnonzero(ones[1:] != ones[:-1])
    ]


def _matched(
    data: Dataset, crossings: Sequence[tuple[float, bool]], truth: Sequence[tuple[float, bool]]
) -> int:
    """True boundaries that have a crossing of their direction nearby.

    Nearby is within half of the points between it and the next true boundary on that side.
    """
    line = np.sort(data.features[:, 0])
    places = np.searchsorted(line, [at for at, _ in truth])
    edges = [0, *places, len(line)]
    crossed = [(int(np.searchsorted(line, position)), up) for position, up in crossings]
    return sum(
        any(
            up == rises and (before + at) / 2 <= position <= (at + after) / 2
            for position, up in crossed
        )
        for before, (at, after), (_, rises) in zip(edges, pairwise(edges[1:]), truth, strict=False)
    )


def _intervals(boundaries: Sequence[float], starts_high: bool, span: float) -> str:
    """The higher part in words, its boundaries to a hundredth to a thousandth of the range."""
    decimals = 2 - int(np.floor(np.log10(span))) if span > 0 else 2
    shown = [f"{round(boundary, decimals):.{max(0, decimals)}f}" for boundary in boundaries]
    edges = [None, *shown, None]
    pieces = list(pairwise(edges))[0 if starts_high else 1 :: 2]
    words = [
        f"for x < {right}"
        if left is None
        else f"for x > {left}"
        if right is None
        else f"between {left} and {right}"
        for left, right in pieces
    ]
    if len(words) > 3:
        words = [*words[:2], f"in {len(words) - 2} more intervals"]
    return " and ".join(words)


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
