"""Whether the leading configurations of a search are known well enough. Pure: counts in."""

from __future__ import annotations

from collections import Counter

from search.problem.configuration import Configuration
from search.statistics.escape import EscapeRate


class LeadingPrecision:
    """Adds up trials, and tells whether the leading configurations have intervals so narrow.

    Leading are the configuration of the highest lower end of its 95% interval, as `best` ranks
    them, and all whose intervals overlap that one's: any of them may be the best. Nothing is
    reached before so many different configurations were tried: the first alone would lead, and 0 of
    256 restarts is known well.

    Args:
        width: Of a 95% Wilson interval from end to end that is narrow enough.
        least: Different configurations that are tried first.
    """

    def __init__(self, width: float, least: int) -> None:
        self._width = width
        self._least = least
        self._successes: Counter[Configuration] = Counter()
        self._restarts: Counter[Configuration] = Counter()
        self._intervals: dict[Configuration, tuple[float, float]] = {}

    def add(self, configuration: Configuration, successes: int, restarts: int) -> None:
        """Add the restarts of a trial."""
        self._successes[configuration] += successes
        self._restarts[configuration] += restarts
        pooled = EscapeRate(self._successes[configuration], self._restarts[configuration])
        self._intervals[configuration] = pooled.interval

    @property
    def is_reached(self) -> bool:
        """Whether the interval of every leading configuration is narrow enough."""
        if len(self._intervals) < self._least:
            return False
        first, _ = max(self._intervals.values())
        leading = [(low, high) for low, high in self._intervals.values() if high >= first]
        return all(high - low <= self._width for low, high in leading)
