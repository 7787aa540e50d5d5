"""What a study searches: configurations, and the space that they are picked from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from itertools import product
from math import prod
from typing import Any

from search.problem.dimensions import (
    ALWAYS_SEARCHED,
    DIMENSIONS,
    HELD,
    Choices,
    LogRange,
    Value,
    is_among,
    shown_value,
)
from search.problem.errors import Faults, check_known
from search.problem.names import shown

MOST_COMBINATIONS = 100_000
"""Of the values that a space lists: they are all held in memory while a study is launched."""


@dataclass(frozen=True, init=False, repr=False)
class Configuration(Mapping[str, Value]):
    """One way to train: a mapping from dimension to value.

    Scaling of the features, optimizer and learning rate are dimensions of every configuration;
    others (`DIMENSIONS` lists all) are there if the space varies them.

    Raises InvalidValuesError if a dimension is unknown or a value breaks its rule.
    """

    _values: tuple[tuple[str, Value], ...]

    def __init__(self, scaling: str, optimizer: str, learning_rate: float, **others: Value) -> None:
        given = dict(zip(ALWAYS_SEARCHED, (scaling, optimizer, learning_rate), strict=True))
        given.update(others)
        faults = Faults()
        for name in others:
            faults.built(partial(check_known, "dimension", name, DIMENSIONS))
        values = [
            (name, faults.built(partial(DIMENSIONS[name].check, given[name])))
            for name in DIMENSIONS
            if name in given
        ]
        faults.raise_any()
        object.__setattr__(self, "_values", tuple(values))  # as in a frozen dataclass's own

    def __getitem__(self, name: str) -> Value:
        for known, value in self._values:
            if known == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        words = [shown_value(self[name]) for name in ALWAYS_SEARCHED]
        return " ".join(words + [f"{name}={shown_value(self[name])}" for name in self.others])

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values)
        return f"Configuration({values})"

    @property
    def scaling(self) -> str:
        """Scaling of the features."""
        return str(self["scaling"])

    @property
    def optimizer(self) -> str:
        """Name of the optimizer."""
        return str(self["optimizer"])

    @property
    def learning_rate(self) -> float:
        """Learning rate of the optimizer."""
        return float(self["learning_rate"])

    @property
    def others(self) -> tuple[str, ...]:
        """The dimensions beside these three."""
        return tuple(name for name, _ in self._values if name not in ALWAYS_SEARCHED)

    @property
    def held(self) -> dict[str, Any]:
        """The values of those as fields of a problem hold them."""
        return {name: DIMENSIONS[name].held(self[name]) for name in self.others}

    def to_json(self) -> dict[str, Any]:
        """Each dimension with its value, as JSON can hold it, for `from_json`."""
        return dict(self._values)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Configuration:
        """The configuration that `to_json` wrote."""
        return cls(**stored)


@dataclass(frozen=True)
class SearchSpace:
    """The values on offer in a study, of each dimension that it searches.

    `SearchSpace()` is what `launch` searches by default.

    Args:
        scalings: Scalings of the features.
        optimizers: Names of optimizers.
        learning_rates: Learning rates, or a `LogRange` of them.
        vary: Other dimensions, each with its values: {"batch_size": (16, 32, "full")}. The problem
            holds those that are left out.

    Raises:
        InvalidValuesError: If a dimension is unknown, offers nothing, repeats a value or holds one
            that breaks its rule; it names all of them.
    """

    scalings: tuple[str, ...] = ("none", "standard")
    optimizers: tuple[str, ...] = ("sgd", "adam")
    learning_rates: tuple[float, ...] | LogRange = (0.01, 0.1)
    vary: Mapping[str, Choices] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        faults = Faults()
        for name, attribute in _FIELDS.items():
            given = getattr(self, attribute)
            plain = faults.built(partial(DIMENSIONS[name].values, attribute, given))
            object.__setattr__(self, attribute, plain)
        if not isinstance(self.vary, Mapping):
            rule = "must be a mapping of dimensions to their values"
            faults.require(False, "vary", rule, shown(self.vary))
            faults.raise_any()
        for name in self.vary:
            faults.built(partial(check_known, "dimension", name, HELD))
        varied = {
            name: faults.built(partial(DIMENSIONS[name].values, name, self.vary[name]))
            for name in HELD
            if name in self.vary
        }
        faults.raise_any()
        object.__setattr__(self, "vary", varied)
        count = prod(1 if isinstance(on, LogRange) else len(on) for on in self.dimensions.values())
        rule = f"must leave at most {MOST_COMBINATIONS:,} combinations of all that is listed"
        field_name = "vary" if self.vary else "learning_rates"
        faults.require(count <= MOST_COMBINATIONS, field_name, rule, f"{count:,}")
        faults.raise_any()

    @property
    def dimensions(self) -> dict[str, Choices]:
        """What is on offer of each dimension that is searched, in their order."""
        always = {name: getattr(self, attribute) for name, attribute in _FIELDS.items()}
        return {**always, **self.vary}

    @property
    def ranges(self) -> dict[str, LogRange]:
        """The dimensions that offer a range."""
        found = self.dimensions.items()
        return {name: offered for name, offered in found if isinstance(offered, LogRange)}

    @cached_property
    def configurations(self) -> tuple[Configuration, ...] | None:
        """All configurations, or None if a dimension offers a range.

        In the order given, the optimizer changing fastest: so the workers of a new launch compile
        the program of one optimizer each, and then find that of the other kept.
        """
        offered = self.dimensions
        if self.ranges:
            return None
        slowest = [name for name in offered if name not in ("learning_rate", "optimizer")]
        order = [*slowest, "learning_rate", "optimizer"]
        lists = [values for name in order if not isinstance(values := offered[name], LogRange)]
        return tuple(
            Configuration.from_json(dict(zip(order, point, strict=True)))
            for point in product(*lists)
        )

    def offers(self, configuration: Configuration) -> bool:
        """Whether a configuration is one of those on offer."""
        offered = self.dimensions
        return offered.keys() == configuration.keys() and all(
            is_among(value, offered[name]) for name, value in configuration.items()
        )

    def to_json(self) -> dict[str, Any]:
        """The space as JSON can hold it, for `from_json`."""
        return {
            name: asdict(offered) if isinstance(offered, LogRange) else list(offered)
            for name, offered in self.dimensions.items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SearchSpace:
        """The space that `to_json` wrote."""
        offered = {
            name: LogRange(**each) if isinstance(each, dict) else tuple(each)
            for name, each in stored.items()
        }
        always: dict[str, Any] = {field: offered.pop(name) for name, field in _FIELDS.items()}
        return cls(**always, vary=offered)


_FIELDS = {"scaling": "scalings", "optimizer": "optimizers", "learning_rate": "learning_rates"}
"""Dimensions that every space searches, and their fields in it."""
