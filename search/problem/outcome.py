"""What became of a restart, judged from its history."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.rows import Outcome


@dataclass(frozen=True)
class Bars:
    """Points that a restart has to classify correctly to have escaped, and to have solved.

    Whole counts, so that no rounding of an accuracy decides.
    """

    escaped: int
    solved: int


def judge(
    *,
    correct: NDArray[np.int64],
    finite: NDArray[np.bool_],
    final_correct: int,
    final_loss: float,
    bars: Bars,
) -> tuple[Outcome, int | None, int | None]:
    """The outcome of one restart, its escape epoch and its diverged epoch, both counted from 1.

    correct and finite: (epochs,); final_correct: points on the right side under the final weights,
    those that are undecided left out. The escape epoch is the first from which the epoch's accuracy
    stays above the threshold to the end. An epoch's accuracy is counted while its weights still
    move, so a restart can escape by its final weights though its last epoch was not above; it has
    then escaped within the last epoch. A final loss that is not finite counts as the last epoch's.
    Without epochs both are 0.
    """
    epochs = len(correct)
    if not finite.all():
        return Outcome.DIVERGED, None, int(np.argmin(finite)) + 1
    if not math.isfinite(final_loss):
        return Outcome.DIVERGED, None, epochs
    if final_correct < bars.escaped:
        return Outcome.NOT_ESCAPED, None, None
    below = np.flatnonzero(correct < bars.escaped)
    after_last_below = int(below[-1]) + 2 if below.size else 1
    outcome = Outcome.SOLVED if final_correct >= bars.solved else Outcome.ESCAPED
    return outcome, min(after_last_below, epochs), None
