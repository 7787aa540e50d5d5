"""What is kept of each restart of a fit."""

from __future__ import annotations

from typing import NamedTuple

from search.problem.rows import Outcome


class FittedRestart(NamedTuple):
    """One restart of a fit; a list of them makes a data frame with these columns.

    `loss` and `accuracy` are of all training points under the final weights, the loss with the
    weights of the points and the L2 penalty; `validation_loss` is of the held-out points, None
    without any, and has no penalty. `outcome` is "not escaped", "escaped", "solved" or "diverged";
    `escape_epoch` counts from 1, None if it did not escape. `accuracy` is Keras's; `undecided`
    counts the points at 1/2, or between two classes, which the outcome does not count as right.
    """

    seed: int
    outcome: str
    loss: float
    accuracy: float
    validation_loss: float | None
    escape_epoch: int | None
    undecided: int

    @property
    def has_escaped(self) -> bool:
        """Whether it left the plateau."""
        return Outcome(self.outcome).has_escaped
