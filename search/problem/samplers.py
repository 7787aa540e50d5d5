"""The samplers that a study can pick configurations by, and which spaces they take."""

from __future__ import annotations

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.errors import Fault, InvalidValuesError, check_known

SAMPLERS = ("tpe", "random", "grid", "qmc")
"""Names on the command line."""


def check_sampler(name: str, space: SearchSpace) -> None:
    """Check that there is a sampler of a name and that it can sample a space.

    Args:
        name: One of `SAMPLERS`.
        space: What it is to pick configurations from.

    Raises:
        InvalidValuesError: If there is none of that name, `grid` is to sample a range of learning
            rates, or `qmc` a list.
    """
    check_known("sampler", name, SAMPLERS)
    is_range = isinstance(space.learning_rates, LearningRateRange)
    if name == "grid" and is_range:
        rule = "needs a list of learning rates like 0.01,0.1"
        received = f"the range {space.learning_rates}"
        message = f"the sampler grid {rule}, received {received}"
        raise InvalidValuesError([Fault("sampler", rule, received, message)])
    if name == "qmc" and not is_range:
        rule = "needs a range of learning rates like 0.001:1"
        message = f"the sampler qmc {rule}; a list is for the sampler grid"
        raise InvalidValuesError([Fault("sampler", rule, "a list", message)])
