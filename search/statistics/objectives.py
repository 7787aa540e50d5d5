"""The figures of one trial: what Optuna is told of its restarts, and shows of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from search.problem.objectives import OBJECTIVES
from search.problem.rows import Outcome, Restart
from search.statistics.escape import EscapeRate


def escape_rate(restarts: Sequence[Restart]) -> EscapeRate:
    """Escaped of all restarts of a trial."""
    return EscapeRate(sum(restart.outcome.has_escaped for restart in restarts), len(restarts))


def trial_attributes(restarts: Sequence[Restart]) -> dict[str, int | float | None]:
    """What a trial shows in Optuna beside its value."""
    rate = escape_rate(restarts)
    low, high = rate.interval
    escape_epochs = [
        restart.escape_epoch for restart in restarts if restart.escape_epoch is not None
    ]
    outcomes = [restart.outcome for restart in restarts]
    return {
        "restarts": rate.restarts,
        "escaped": rate.escaped,
        "solved": outcomes.count(Outcome.SOLVED),
        "diverged": outcomes.count(Outcome.DIVERGED),
        "ci_low": low,
        "ci_high": high,
        "median_escape_epoch": statistics.median(escape_epochs) if escape_epochs else None,
    }


def objective_values(objective: str, restarts: Sequence[Restart], epochs: int) -> list[float]:
    """A trial's values under an objective, in the order of `OBJECTIVES`.

    Where no restart escaped, the expected epochs are not known; told are all epochs that were
    spent, which is what they would be if the very next restart escaped at once.
    """
    rate = escape_rate(restarts)
    spent = sum(restart.escape_epoch or epochs for restart in restarts)
    values = {"escape rate": rate.rate, "expected epochs": spent / max(rate.escaped, 1)}
    return [values[name] for name, _ in OBJECTIVES[objective]]
