"""When a queue comes to an end, by how fast its last trials were trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SEEN = 3
"""Trials below which nothing is said."""
_Z = 1.96


@dataclass(frozen=True)
class PastTrial:
    """A trial that was trained: its work (restarts x epochs), and when it began and ended."""

    work: float
    began: float
    ended: float


@dataclass(frozen=True)
class Expected:
    """Unix times at which something is expected to be over: best guess and 95% prediction interval.

    trials: how many of the last trials that goes by.
    """

    at: float
    earliest: float
    latest: float
    trials: int


def expected_finish(
    past: Sequence[PastTrial], left: float, trials_left: int, now: float
) -> Expected | None:
    """When so much work is done, if it goes on as lately.

    The interval is that of a sum of trials that vary as the past ones did, seen through a mean of
    finitely many: it knows nothing of workers that come and go, nor of studies submitted later.

    Args:
        past: The last trials, of all that work at once.
        left: Work that is left.
        trials_left: Trials that it consists of.
        now: The time now.

    Returns:
        The times; None if too few trials were seen, or they took no time.
    """
    if len(past) < LEAST_SEEN or not trials_left:
        return None
    span = max(trial.ended for trial in past) - min(trial.began for trial in past)
    seconds = np.array([(trial.ended - trial.began) / trial.work for trial in past])
    if span <= 0 or seconds.mean() <= 0:
        return None
    needed = left * span / sum(trial.work for trial in past)
    spread = float(seconds.std(ddof=1) / seconds.mean())
    error = min(_Z * spread * math.sqrt(1 / len(past) + 1 / trials_left), 1.0)
    low, high = needed * (1 - error), needed * (1 + error)
    return Expected(now + needed, now + low, now + high, len(past))
