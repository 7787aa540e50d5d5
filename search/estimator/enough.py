"""How many restarts are enough, where that is not said beforehand. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from search.estimator.settings import Settings
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


def ended_early(settings: Settings, rate: EscapeRate) -> str:
    """What to tell where `n_init="auto"` ended at `max_n_init`; "" where it came to its end.

    Args:
        settings: Of the fit.
        rate: Of all its restarts.

    Returns:
        A sentence.
    """
    precision = settings.precision
    if settings.n_init is not None or is_enough(rate, precision):
        return ""
    ended = f"n_init='auto' ended at max_n_init={rate.restarts}: {rate} escaped"
    low, high = rate.interval
    if precision is not None:
        return f"{ended}, and the 95% interval is {high - low:.4f} wide, not {precision:g}"
    needed = restarts_needed(low)
    if needed is None:
        return ""  # none escaped, which is told anyhow
    return (
        f"{ended}, and by the lower end of the interval an escape with 99% certainty takes "
        f"{needed:,} restarts"
    )
