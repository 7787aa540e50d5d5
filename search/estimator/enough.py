"""How many restarts are enough, where that is not said beforehand. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from search.statistics.escape import EscapeRate, restarts_needed


def looks(first: int, most: int) -> Iterator[range]:
    """The restarts between one look at the rate and the next: twice as many each time.

    Args:
        first: Restarts before the first look.
        most: Restarts in all.

    Yields:
        Their numbers, from 0 on without a gap.
    """
    done = 0
    while done < most:
        until = min(max(2 * done, first), most)
        yield range(done, until)
        done = until


def is_enough(rate: EscapeRate, precision: float | None) -> bool:
    """Whether the restarts so far answer what was asked.

    Args:
        rate: Of the restarts so far.
        precision: Width that the 95% interval of the rate may have; None asks only that a restart
            escapes with 99% certainty, by the lower end of that interval.

    Returns:
        Whether they do.
    """
    low, high = rate.interval
    if precision is not None:
        return high - low <= precision
    needed = restarts_needed(low)
    return needed is not None and needed <= rate.restarts
