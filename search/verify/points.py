"""Checking a restart in itself: its points, its levels, its outcome and its escape epoch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from search.problem.levels import first_epoch, steps
from search.problem.problem import Problem
from search.problem.rows import Outcome, Restart


def wrong_with_points(problem: Problem, restart: Restart) -> str | None:
    """What does not agree between the points, levels, outcome and escape epoch of a restart.

    Args:
        problem: What its study holds fixed.
        restart: As it is recorded.

    Returns:
        The first that is found, in words; None if all agree.
    """
    if restart.outcome is Outcome.DIVERGED:
        return "it diverged, but has levels" if restart.levels else None
    return next(_of_points(problem, restart), None) or next(_of_levels(problem, restart), None)


def _of_points(problem: Problem, restart: Restart) -> Iterator[str]:
    points, right, undecided = problem.data.points, restart.right, restart.undecided
    correct = round(restart.accuracy * points)
    if not right <= correct <= right + undecided:
        yield f"{right} points are right and {undecided} undecided, its accuracy is of {correct}"
    if right + max(undecided, restart.wrong) > points:
        yield f"{right} points are right, {undecided} undecided, {restart.wrong} wrong of {points}"


def _of_levels(problem: Problem, restart: Restart) -> Iterator[str]:
    plateau, bars = problem.points_above(0.0) - 1, problem.bars
    epochs, points = steps(restart.levels).astype(np.int64).T
    first, last = min(1, problem.epochs), int(points[-1]) if len(points) else plateau
    if (np.diff(epochs, prepend=first - 1, append=problem.epochs + 1) <= 0).any():
        yield f"its levels are of epochs {epochs.tolist()} of {problem.epochs}"
    if (np.diff(points, prepend=plateau) <= 0).any():
        yield f"its levels do not ascend above {plateau} points"
    if last != max(restart.right, plateau):
        yield f"its levels end at {last} points, {restart.right} are right"
    escape_epoch = first_epoch(restart.levels, bars.escaped)
    if escape_epoch != restart.escape_epoch:
        yield f"its escape epoch is {restart.escape_epoch}, its levels say {escape_epoch}"
    has_solved = first_epoch(restart.levels, bars.solved) is not None
    if has_solved != (restart.outcome is Outcome.SOLVED):
        yield f"its outcome is {restart.outcome}, its levels say {last} points at the end"
    if (escape_epoch is not None) != restart.outcome.has_escaped:
        yield f"its outcome is {restart.outcome}, its levels say escape epoch {escape_epoch}"
