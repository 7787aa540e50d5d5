"""What function a network computes, in words: the class regions that it draws on the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset
from search.problem.forward import forward
from search.problem.problem import Problem
from search.problem.scaling import scaler
from search.problem.undecided import UNDECIDED
from search.statistics.endings.kinds import BY_CLASS, Kind, constant_loss
from search.statistics.endings.lines import line_words
from search.statistics.endings.parts import (
    Answers,
    Codes,
    above,
    in_columns,
    middles,
    predicted,
)

Answer = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A network on points in the data's own units: (points, features) -> the probability of class 1,
(points,), or of each of three or more classes, (points, classes)."""


_FEW = 3  # classes that a sentence can go through, and pairs of them


@dataclass(frozen=True)
class Regions:
    """What one network draws on the data.

    `name` is short, `words` is a sentence. `low` and `high` are the mean probabilities of class 1
    where the answer is the lower and the higher one (as basins split the points;
    of equal answers both), None of three or more classes. `right` are the points classified
    correctly, of each class, and `undecided` those that are told apart as undecided, which are not
    right. `boundaries` are, for data of one feature, where the answer passes from one part to
    another; else None.
    """

    name: str
    words: str
    low: float | None
    high: float | None
    right: tuple[int, ...]
    undecided: int
    boundaries: tuple[float, ...] | None


def answer_of(
    problem: Problem, configuration: Configuration, weights: NDArray[np.float32]
) -> Answer:
    """The function that a network computes. weights: (weights,), as stored."""
    to_scale = scaler(configuration.scaling, problem.data.features)

    def answer(points: NDArray[np.float64]) -> NDArray[np.float64]:
        outputs = forward(problem.network, weights[None], to_scale(points))
        exactly = outputs._replace(logits=outputs.logits.astype(np.float64))
        return np.asarray(exactly.probabilities[0], dtype=np.float64)

    return answer


def describe(data: Dataset, kind: Kind, answer: Answer, *, has_biases: bool = True) -> Regions:
    """What a member of a basin of this kind computes. Not for those that diverged.

    Args:
        data: The data.
        kind: The basin's.
        answer: What the member answers.
        has_biases: Whether its network has biases, so that exactly equal answers are undecided.
    """
    answers = in_columns(answer(data.features))
    middle = middles(answers)

    def part(points: Answers) -> Codes:
        return predicted(points) if kind in BY_CLASS else above(points, middle)

    taken, codes = predicted(answers), part(answers)
    undecided = np.zeros(data.points, dtype=np.bool_)
    if kind is Kind.UNDECIDED:
        undecided = _undecided(answers, has_biases)
        codes = np.where(undecided, len(data.classes), taken).astype(np.uint8)
    is_right = (taken == data.labels) & ~undecided
    right = tuple(int(is_right[data.labels == c].sum()) for c in range(len(data.classes)))
    low, high = _levels(answers, codes) if answers.shape[1] == 1 else (None, None)
    boundaries = None
    if kind is Kind.CONSTANT:
        name, words = _constant_words(data, answers)
    elif kind is Kind.NEARLY_CONSTANT:
        name, words = kind.value, _nearly_constant_words(data, answers, sum(right))
    elif kind is Kind.UNDECIDED:
        name, words = _undecided_words(data, right, undecided)
    elif data.features.shape[1] == 1:
        name, words, boundaries = line_words(
            data, kind, lambda line: part(in_columns(answer(line))), (low, high)
        )
    else:
        name, words = _count_words(data, kind, codes, right, (low, high))
    return Regions(name, words, low, high, right, int(undecided.sum()), boundaries)


def _levels(answers: Answers, codes: Codes) -> tuple[float, float]:
    """Mean probabilities of class 1 in the lower part and in the higher one."""
    low, high = (
        float(answers[codes == part if (codes == part).any() else codes != part, 0].mean())
        for part in (0, 1)
    )
    return low, high


def _undecided(answers: Answers, has_biases: bool) -> NDArray[np.bool_]:
    """Where the two likeliest classes are as near to each other as `UNDECIDED` says."""
    if answers.shape[1] == 1:
        answers = np.concatenate([1 - answers, answers], axis=1)
    second, first = np.sort(answers, axis=1)[:, -2:].T
    apart = np.log(first) - np.log(np.maximum(second, np.finfo(np.float64).tiny))
    undecided: NDArray[np.bool_] = apart <= UNDECIDED
    return undecided if has_biases else undecided & (apart != 0)


def _constant_words(data: Dataset, answers: Answers) -> tuple[str, str]:
    words = _everywhere(data, answers, 2)
    if answers.shape[1] == 1:
        shares = np.array([data.labels.mean()])
        probabilities = np.array([1 - answers.mean(), answers.mean()])
    else:
        shares = np.array(data.class_sizes) / data.points
        probabilities = answers.mean(axis=0)
    loss = -np.log(probabilities[data.labels].clip(1e-12)).mean()
    if loss > 1.1 * constant_loss(data.labels):
        best = ", ".join(f"{share:.2f}" for share in shares)
        return "another constant", f"{words}: another constant than the best, which is {best}"
    return "constant answer", f"{words}: the constant answer"


def _everywhere(data: Dataset, answers: Answers, decimals: int) -> str:
    """What an answer is that is nearly the same on all points."""
    low, high, mean = answers.min(axis=0), answers.max(axis=0), answers.mean(axis=0)
    ripples = (high - low).max() >= 2 * 10.0**-decimals
    levels = ", ".join(
        f"{least:.{decimals}f} to {most:.{decimals}f}" if ripples else f"{level:.{decimals}f}"
        for least, most, level in zip(low, high, mean, strict=True)
    )
    if len(mean) > 1:
        return f"classes {', '.join(data.classes)} at {levels} on every point"
    where = "everywhere" if low[0] > 0.5 else "nowhere" if high[0] <= 0.5 else "here and there"
    return f"class {data.classes[1]} {where}, its probability {levels} on every point"


def _nearly_constant_words(data: Dataset, answers: Answers, right: int) -> str:
    ripples = _everywhere(data, answers, 3)
    return f"{ripples}: nearly constant, right on {right} of {data.points} points"


def _undecided_words(
    data: Dataset, right: Sequence[int], undecided: NDArray[np.bool_]
) -> tuple[str, str]:
    counts = np.bincount(data.labels[undecided], minlength=len(data.classes))
    count = int(counts.sum())
    of_each = _listed(
        [f"{n} of class {name}" for n, name in zip(counts, data.classes, strict=True) if n]
    )
    between = "at 1/2" if len(data.classes) == 2 else "between classes"
    wrong = data.points - sum(right) - count
    name = f"{sum(right)} right, {count} undecided"
    words = f"{sum(right)} points right, {count} undecided {between} ({of_each})"
    return name, f"{words}, {wrong} wrong" if wrong else words


def _count_words(
    data: Dataset,
    kind: Kind,
    codes: Codes,
    right: Sequence[int],
    levels: tuple[float | None, float | None],
) -> tuple[str, str]:
    """Name and words where there is no line to speak of: points counted."""
    if kind in BY_CLASS:
        if len(data.classes) > _FEW:
            of_each = ", ".join(
                f"{name}: {count} of {size}"
                for name, count, size in zip(data.classes, right, data.class_sizes, strict=True)
            )
            words = f"right on {sum(right)} of {data.points} points, by class {of_each}"
        else:
            first, *rest = zip(right, data.class_sizes, data.classes, strict=True)
            words = f"right on {first[0]} of {first[1]} points of class {first[2]}"
            words = _listed([words, *(f"on {n} of {of} of class {name}" for n, of, name in rest)])
        return kind.value, words + _taken_for(data, codes)
    name = f"a split {'found' if kind is Kind.FOUND else 'begun'}"
    inside = [data.labels[codes == c] for c in range(len(data.classes))]
    if len(data.classes) == 2:
        low, high = levels
        below, ones_below = len(inside[0]), int(inside[0].sum())
        above_, ones_above = len(inside[1]), int(inside[1].sum())
        return name, (
            f"class {data.classes[1]} at {high:.2f} on {above_} points ({ones_above} of them class "
            f"{data.classes[1]}), at {low:.2f} on the other {below} ({ones_below} of them): {name}"
        )
    leans = [
        f"to class {data.classes[c]} on {len(labels)} points ({(labels == c).sum()} of them class "
        f"{data.classes[c]})"
        for c, labels in enumerate(inside)
        if len(labels)
    ]
    return name, f"leans {_listed(leans)}: {name}"


def _taken_for(data: Dataset, codes: Codes) -> str:
    """Which class is taken for which, of more than two: the pairs of most points."""
    if len(data.classes) == 2:
        return ""
    counts = np.zeros((len(data.classes), len(data.classes)), dtype=np.int64)
    np.add.at(counts, (data.labels, codes), 1)
    np.fill_diagonal(counts, 0)
    most = np.argsort(-counts, axis=None, kind="stable")[:_FEW]
    pairs = [
        f"{counts[of, as_]} of class {data.classes[of]} taken for {data.classes[as_]}"
        for of, as_ in zip(*np.unravel_index(most, counts.shape), strict=True)
        if counts[of, as_]
    ]
    if not pairs:
        return ""
    return f"; {'' if np.count_nonzero(counts) <= _FEW else 'most often '}{', '.join(pairs)}"


def _listed(words: Sequence[str]) -> str:
    """Words as a list: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
