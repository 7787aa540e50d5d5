"""What a study searches: configurations, and the space that they are picked from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any

from search.problem.errors import Fault, Faults, InvalidValuesError, check_known
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import SCALINGS


@dataclass(frozen=True)
class Configuration:
    """One way to train: scaling of the features, optimizer and learning rate.

    Raises InvalidValuesError if a name is unknown or the learning rate no positive finite number.
    """

    scaling: str
    optimizer: str
    learning_rate: float

    def __post_init__(self) -> None:
        check_known("scaling", self.scaling, SCALINGS)
        check_known("optimizer", self.optimizer, OPTIMIZERS)
        _check_learning_rate(self.learning_rate)

    def __str__(self) -> str:
        return f"{self.scaling} {self.optimizer} {self.learning_rate:.4g}"

    def to_json(self) -> dict[str, Any]:
        """Each dimension with its value, as JSON can hold it, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Configuration:
        """The configuration that `to_json` wrote."""
        return cls(**stored)


@dataclass(frozen=True)
class LearningRateRange:
    """Learning rates between two bounds, drawn uniformly in the logarithm."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_learning_rate(self.low)
        _check_learning_rate(self.high)
        if self.low >= self.high:
            raise _no_range("must be LOW:HIGH with LOW below HIGH", str(self))

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}"


@dataclass(frozen=True)
class SearchSpace:
    """The scalings, optimizers and learning rates on offer in a study.

    `SearchSpace()` is what `launch` searches by default. Raises InvalidValuesError if one of them
    is empty, repeats itself or holds an invalid value.
    """

    scalings: tuple[str, ...] = ("none", "standard")
    optimizers: tuple[str, ...] = ("sgd", "adam")
    learning_rates: tuple[float, ...] | LearningRateRange = (0.01, 0.1)

    def __post_init__(self) -> None:
        rates = self.learning_rates
        listed = (rates.low, rates.high) if isinstance(rates, LearningRateRange) else rates
        faults = Faults()
        for field, values in (
            ("scalings", self.scalings),
            ("optimizers", self.optimizers),
            ("learning_rates", listed),
        ):
            faults.require(bool(values), field, "must name at least one value", values)
            is_once = len(set(values)) == len(values)
            faults.require(is_once, field, "must name each value once", values)
        for scaling in self.scalings:
            faults.built(partial(check_known, "scaling", scaling, SCALINGS))
        for optimizer in self.optimizers:
            faults.built(partial(check_known, "optimizer", optimizer, OPTIMIZERS))
        for rate in listed:
            faults.built(partial(_check_learning_rate, rate))
        faults.raise_any()

    @property
    def configurations(self) -> tuple[Configuration, ...] | None:
        """All configurations, or None if the learning rate is a range.

        In the order given, the optimizer changing fastest: so the workers of a new launch compile
        the program of one optimizer each, and then find that of the other kept.
        """
        if isinstance(self.learning_rates, LearningRateRange):
            return None
        return tuple(
            Configuration(scaling, optimizer, rate)
            for scaling, rate, optimizer in product(
                self.scalings, self.learning_rates, self.optimizers
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The space as JSON can hold it, for `from_json`."""
        rates = self.learning_rates
        return {
            "scaling": list(self.scalings),
            "optimizer": list(self.optimizers),
            "learning_rate": asdict(rates) if isinstance(rates, LearningRateRange) else list(rates),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> SearchSpace:
        """The space that `to_json` wrote."""
        rates = stored["learning_rate"]
        return cls(
            tuple(stored["scaling"]),
            tuple(stored["optimizer"]),
            LearningRateRange(**rates) if isinstance(rates, dict) else tuple(rates),
        )


def parse_learning_rates(text: str) -> tuple[float, ...] | LearningRateRange:
    """Learning rates as written on a command line: `0.01,0.1` is a list, `0.001:1` a range.

    Raises InvalidValuesError if a part is no number or the whole is neither form.
    """
    separator = ":" if ":" in text else ","
    try:
        rates = tuple(float(part) for part in text.split(separator))
    except ValueError:
        rule = "must be a list like 0.01,0.1 or a range like 0.001:1"
        raise InvalidValuesError([Fault("learning_rates", rule, repr(text))]) from None
    if separator == ":":
        if len(rates) != 2:
            raise _no_range("must be LOW:HIGH", repr(text))
        return LearningRateRange(*rates)
    return rates


def _no_range(rule: str, received: str) -> InvalidValuesError:
    message = f"a range of learning rates {rule}, received {received}"
    return InvalidValuesError([Fault("learning_rates", rule, received, message)])


def _check_learning_rate(rate: float) -> None:
    if not (math.isfinite(rate) and rate > 0):
        message = f"a learning rate must be a positive number, received {rate:g}"
        fault = Fault("learning_rate", "must be a positive number", f"{rate:g}", message)
        raise InvalidValuesError([fault])
