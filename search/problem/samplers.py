"""The samplers that a study can pick configurations by, and which spaces they take."""

from __future__ import annotations

from search.problem.configuration import SearchSpace
from search.problem.errors import Fault, InvalidValuesError, check_known

SAMPLERS = ("tpe", "random", "grid", "qmc")
"""Names on the command line."""


def check_sampler(name: str, space: SearchSpace) -> None:
    """Check that there is a sampler of a name and that it can sample a space.

    Args:
        name: One of `SAMPLERS`.
        space: What it is to pick configurations from.

    Raises:
        InvalidValuesError: If there is none of that name, `grid` is to sample a range, or `qmc`
            lists alone.
    """
    check_known("sampler", name, SAMPLERS)
    for dimension, offered in space.ranges.items():
        if name == "grid":
            rule = "needs lists of values like 0.01,0.1"
            received = f"the range {offered} of {dimension}"
            message = f"the sampler grid {rule}, received {received}"
            raise InvalidValuesError([Fault("sampler", rule, received, message)])
    if name == "qmc" and not space.ranges:
        rule = "needs a range like 0.001:1"
        message = f"the sampler qmc {rule}; lists are for the sampler grid"
        raise InvalidValuesError([Fault("sampler", rule, "lists", message)])
