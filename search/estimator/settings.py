"""The parameters of an estimator, checked when it is fitted, as scikit-learn has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from numbers import Integral, Real
from typing import Any

from search.problem.dimensions import DIMENSIONS, FULL, check_count
from search.problem.errors import Faults, InvalidValuesError
from search.problem.names import shown
from search.problem.outcome import Bars

AUTO = "auto"
"""The `n_init` that goes on until enough is known."""
LOSS, VALIDATION_LOSS = "loss", "validation_loss"
SELECTIONS = (LOSS, VALIDATION_LOSS)
"""What the best restart has the lowest of."""
TRAINED = (
    "hidden",
    "activation",
    "scaling",
    "optimizer",
    "learning_rate",
    "batch_size",
    "loss_function",
    "initializer",
    "bias_initializer",
    "use_bias",
    "l2",
)
"""Parameters that are dimensions of training, by their names there."""


class InvalidParametersError(InvalidValuesError, ValueError):
    """Parameters of an estimator that break their rules, all of them at once."""


@dataclass(frozen=True)
class Settings:
    """Checked parameters.

    `trained` has those of `TRAINED` as a problem holds them; `n_init` is None for "auto".
    """

    trained: Mapping[str, Any]
    epochs: int
    n_init: int | None
    max_n_init: int
    precision: float | None
    select: str
    validation_fraction: float | None
    margin: float
    solved_at: float

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Settings:
        """Check the parameters of an estimator.

        Args:
            parameters: By name; others than these fields are passed over.

        Returns:
            The settings.

        Raises:
            InvalidParametersError: If any of them breaks its rule; it names all that do.
        """
        faults = Faults()
        trained = {
            name: faults.built(partial(DIMENSIONS[name].check, parameters[name]))
            for name in TRAINED
        }
        epochs = faults.built(partial(check_count, "epochs", parameters["epochs"], least=0))
        n_init = parameters["n_init"]
        is_auto = isinstance(n_init, str) and n_init == AUTO
        if isinstance(n_init, str):
            rule = f"must be a whole number or {AUTO!r}"
            faults.require(is_auto, "n_init", rule, shown(n_init))
            restarts = None
        else:
            restarts = faults.built(partial(check_count, "n_init", n_init))
        most = faults.built(partial(check_count, "max_n_init", parameters["max_n_init"]))
        _check_shares(parameters, faults)
        n_jobs = parameters["n_jobs"]
        is_whole = isinstance(n_jobs, Integral) and not isinstance(n_jobs, bool) and n_jobs != 0
        rule = "must be a whole number other than 0, or None"
        faults.require(n_jobs is None or is_whole, "n_jobs", rule, shown(n_jobs))
        select, fraction = parameters["select"], parameters["validation_fraction"]
        rule = f"must be one of {', '.join(SELECTIONS)}"
        faults.require(select in SELECTIONS, "select", rule, shown(select))
        rule = f"must be a share between 0 and 1, like 0.2, for select={VALIDATION_LOSS!r}"
        is_missing = select == VALIDATION_LOSS and fraction is None
        faults.require(not is_missing, "validation_fraction", rule, "None")
        try:
            faults.raise_any()
        except InvalidValuesError as error:
            raise InvalidParametersError(error.faults) from None
        return cls(
            trained={name: DIMENSIONS[name].held(value) for name, value in trained.items()},
            epochs=epochs or 0,
            n_init=restarts,
            max_n_init=most or 1,
            precision=parameters["precision"],
            select=select,
            validation_fraction=fraction,
            margin=float(parameters["margin"]),
            solved_at=float(parameters["solved_at"]),
        )

    def step_points(self, points: int) -> int:
        """Points in a step on so many."""
        size = self.trained["batch_size"]
        return points if size == FULL else min(int(size), points)

    def bars(self, majority: int, points: int) -> Bars:
        """Points that a restart has to classify correctly to have escaped, and to have solved.

        Where the largest class leaves no room for the margin, that is all of them.
        """
        above = majority + math.floor(Fraction(repr(self.margin)) * points) + 1
        escaped = min(above, points)
        return Bars(escaped, max(escaped, math.ceil(Fraction(repr(self.solved_at)) * points)))


def _check_shares(parameters: Mapping[str, Any], faults: Faults) -> None:
    for name, may_be_none in (
        ("precision", True),
        ("validation_fraction", True),
        ("margin", False),
        ("solved_at", False),
    ):
        value = parameters[name]
        is_share = isinstance(value, Real) and not isinstance(value, bool)
        is_share = is_share and 0 <= float(value) <= 1
        if name in ("precision", "validation_fraction"):
            is_share = is_share and 0 < float(value) < 1
        rule = "must be a share between 0 and 1" + (", or None" if may_be_none else "")
        holds = (value is None and may_be_none) or is_share
        faults.require(holds, name, rule, shown(value))
