"""Comparing two configurations of a study: which two, and what is wrong with those asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from search.problem.arguments import Arguments
from search.problem.errors import UserError
from search.problem.naming import find_configuration
from search.statistics.timing import Comparison, Timing


def compared(
    study: str, times: Callable[[], Sequence[Timing]], first: str | None, second: str | None
) -> Comparison:
    """Whether one configuration escapes sooner than another; the two best unless named.

    Args:
        study: Name of the study.
        times: Gives how soon its configurations escape, the best first.
        first: A configuration like "standard/adam/0.1".
        second: Another; both or neither must be given.

    Returns:
        The comparison.

    Raises:
        UserError: If there are not two configurations, one is unknown, or both are the same.
    """
    arguments = Arguments()
    for name, given in (("first", first), ("second", second)):
        rule = "must be a configuration's name like 'standard/adam/0.1'"
        arguments.check(given is None or isinstance(given, str), name, rule, given)
    arguments.raise_any()
    timings = times()
    if len(timings) < 2:
        raise UserError(
            f"study {study!r} has restarts of {len(timings)} configurations: there must "
            "be two to compare"
        )
    if first is None and second is None:
        return Comparison(timings[0], timings[1], picked_from=len(timings))
    if first is None or second is None:
        raise UserError("compare takes two configurations, or none for the two best")
    by_key = {timing.configuration: timing for timing in timings}
    one, other = (by_key[find_configuration(name, list(by_key))] for name in (first, second))
    if one is other:
        raise UserError(f"compare takes two different configurations, received {one.name} twice")
    return Comparison(one, other)
