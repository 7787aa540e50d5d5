"""How the configurations of a study stand: pooled restarts, figures, rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import in_order
from search.problem.rows import ConfigurationCounts
from search.problem.success import ESCAPED, Success
from search.statistics.escape import EscapeRate, expected_epochs, restarts_needed

_NEARLY_ALL = 0.95  # of the restarts, have escaped


@dataclass(frozen=True)
class Standing:
    """One configuration's pooled restarts and the figures that follow from them.

    `success` is the criterion by which `counts.successes` counts.
    """

    counts: ConfigurationCounts
    success: Success = ESCAPED

    @property
    def configuration(self) -> Configuration:
        """The configuration that stands here."""
        return self.counts.configuration

    @cached_property
    def escape_rate(self) -> EscapeRate:
        """Escaped of all restarts."""
        return EscapeRate(self.counts.escaped, self.counts.restarts)

    @cached_property
    def solve_rate(self) -> EscapeRate:
        """Solved of all restarts."""
        return EscapeRate(self.counts.solved, self.counts.restarts)

    @cached_property
    def success_rate(self) -> EscapeRate:
        """Successes of all restarts; the escape rate unless another criterion was chosen."""
        return EscapeRate(self.counts.successes, self.counts.restarts)

    @property
    def restarts_needed(self) -> int | None:
        """Restarts for a 99% chance of at least one success, at the measured rate."""
        return restarts_needed(self.success_rate.rate)

    @property
    def restarts_needed_interval(self) -> tuple[int | None, int | None]:
        """The same for both ends of the rate's interval: fewest and most."""
        low, high = self.success_rate.interval
        return restarts_needed(high), restarts_needed(low)

    @property
    def expected_epochs(self) -> float | None:
        """Epochs spent per success at the full budget.

        None if none succeeded, or if no epochs are kept of the criterion.
        """
        spent = self.counts.epochs_to_success
        return None if spent is None else expected_epochs(spent, self.counts.successes)

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names, `standing_keys` of the criterion."""
        low, high = self.success_rate.interval
        of_success: dict[str, Any] = {"escape_rate": self.escape_rate.rate}
        if not self.success.is_of_launch:
            of_success = {
                "success": str(self.success),
                "successes": self.counts.successes,
                "success_rate": self.success_rate.rate,
            }
        return {
            **self.configuration.to_json(),
            "restarts": self.counts.restarts,
            "escaped": self.counts.escaped,
            "solved": self.counts.solved,
            "diverged": self.counts.diverged,
            **of_success,
            "ci_low": low,
            "ci_high": high,
            "restarts_needed": self.restarts_needed,
            "expected_epochs": self.expected_epochs,
            "best_seed": self.counts.best_seed,
            "best_loss": self.counts.best_loss,
            "best_accuracy": self.counts.best_accuracy,
            "trials": self.counts.trials,
        }


def standing_keys(success: Success) -> tuple[str, ...]:
    """The stable names of a standing under a criterion, in order."""
    rate = ("escape_rate",) if success.is_of_launch else ("success", "successes", "success_rate")
    return (
        *("scaling", "optimizer", "learning_rate", "restarts", "escaped", "solved", "diverged"),
        *(*rate, "ci_low", "ci_high", "restarts_needed", "expected_epochs"),
        *("best_seed", "best_loss", "best_accuracy", "trials"),
    )


def ranked(counts: Iterable[ConfigurationCounts], success: Success = ESCAPED) -> list[Standing]:
    """Standings by the lower end of the success rate's interval, best first.

    Args:
        counts: Of each configuration, with its successes under the criterion.
        success: The criterion.
    """
    return sorted(
        (Standing(count, success) for count in counts),
        key=lambda one: rank(one.configuration, one.success_rate, one.expected_epochs),
    )


def rank(configuration: Configuration, rate: EscapeRate, cost: float | None) -> tuple[Any, ...]:
    """What configurations are sorted by, the best first.

    The best of many measured rates flatters itself; the lower end asks for evidence too. Equal
    ends are ranked by fewer expected epochs (`cost`), then by name.
    """
    low, high = rate.interval
    return (
        -low,
        -high,
        math.inf if cost is None else cost,
        *map(in_order, configuration.values()),
    )


def pareto_front(standings: Sequence[Standing]) -> list[bool]:
    """For each standing whether none escapes as often at less cost, or more often at no more.

    By the measured rates and expected epochs; one that never escaped costs without end.
    """
    points = [
        (standing.escape_rate.rate, -(standing.expected_epochs or math.inf))
        for standing in standings
    ]
    return [
        not any(
            other != point and other[0] >= point[0] and other[1] >= point[1] for other in points
        )
        for point in points
    ]


def nearly_all_escape(standings: Sequence[Standing]) -> list[Standing]:
    """Those whose rank by escapes says little, for nearly all restarts of each escape.

    Args:
        standings: The best ones.

    Returns:
        Those that escape from at least 95% of their restarts, by solve rate, the lowest first; none
        unless they are at least half.
    """
    alike = [one for one in standings if one.escape_rate.rate >= _NEARLY_ALL]
    if 2 * len(alike) < len(standings):
        return []
    return sorted(alike, key=lambda one: one.solve_rate.rate)


def untried(space: SearchSpace, standings: Iterable[Standing]) -> list[Configuration]:
    """The configurations of a finite space that have no complete trial; none of an infinite one."""
    tried = {standing.configuration for standing in standings}
    return [point for point in space.configurations or () if point not in tried]
