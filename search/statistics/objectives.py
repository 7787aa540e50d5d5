"""A trial's restarts, counted, and what the sampler is told and Optuna shows of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median

from search.problem.objectives import OBJECTIVES
from search.problem.rows import BestRestart, Outcome, Restart, TrialSummary
from search.statistics.escape import EscapeRate, expected_epochs


def summarize(restarts: Sequence[Restart], epochs: int) -> TrialSummary:
    """Count the restarts of a trial.

    Args:
        restarts: All restarts of the trial.
        epochs: Epochs that a restart is trained for.

    Returns:
        The counts; the best restart is that of the lowest finite loss that did not diverge.
    """
    outcomes = Counter(restart.outcome for restart in restarts)
    tally = Counter(
        restart.escape_epoch for restart in restarts if restart.escape_epoch is not None
    )
    sound = [
        restart
        for restart in restarts
        if math.isfinite(restart.loss) and restart.outcome is not Outcome.DIVERGED
    ]
    best = min(sound, key=lambda restart: (restart.loss, restart.seed), default=None)
    return TrialSummary(
        restarts=len(restarts),
        escaped=outcomes[Outcome.ESCAPED] + outcomes[Outcome.SOLVED],
        solved=outcomes[Outcome.SOLVED],
        diverged=outcomes[Outcome.DIVERGED],
        epochs_spent=sum(restart.escape_epoch or epochs for restart in restarts),
        best=BestRestart(best.seed, best.loss, best.accuracy) if best else None,
        tally=tuple(sorted(tally.items())),
    )


def trial_outcomes(summary: TrialSummary) -> dict[str, int | float | None]:
    """What a trial shows in Optuna beside its values."""
    low, high = EscapeRate(summary.escaped, summary.restarts).interval
    return {
        "restarts": summary.restarts,
        "escaped": summary.escaped,
        "solved": summary.solved,
        "diverged": summary.diverged,
        "ci_low": low,
        "ci_high": high,
        "median_escape_epoch": median_escape_epoch(summary),
    }


def objective_values(objective: str, summary: TrialSummary) -> tuple[float, ...]:
    """A trial's values under an objective, in the order of `OBJECTIVES`.

    Where no restart escaped, the expected epochs are not known; told are all epochs that were
    spent, which is what they would be if the very next restart escaped at once.
    """
    values = {
        "escape rate": summary.escaped / summary.restarts,
        "solve rate": summary.solved / summary.restarts,
        "expected epochs": expected_epochs(summary.epochs_spent, max(summary.escaped, 1)),
    }
    return tuple(float(values[name] or 0.0) for name, _ in OBJECTIVES[objective])


def median_escape_epoch(summary: TrialSummary) -> float | None:
    """The median escape epoch of a trial's restarts that escaped; None if none did."""
    tally = dict(summary.tally)
    return float(median(Counter(tally).elements())) if tally else None
