"""The dimensions of training: what each may be, whether a problem holds it or a space searches it.

A value of a dimension is plain: text, a number or a bool, so that JSON, Optuna and a table can hold
it. To add a dimension is to add it to `DIMENSIONS`, and to `Problem` if a problem can hold it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from search.problem.batch_orders import BATCH_ORDERS
from search.problem.errors import Fault, InvalidValuesError, check_known
from search.problem.initializers import BiasInitializer, Initializer
from search.problem.losses import LOSSES
from search.problem.names import shown
from search.problem.network import ACTIVATIONS
from search.problem.optimizers import canonical_optimizer
from search.problem.scaling import SCALINGS

Value = str | int | float | bool

MAX_HIDDEN_UNITS = 256
"""Hidden layers are written out unit by unit: 256 units compile for 10 s and need 1.5 GB."""
MAX_COUNT = 10**9
"""Of epochs, and of points in a batch."""
_MOST_DIGITS = 20
"""Of a number as text; that of more is no number of anything, and Python converts no such text."""
FULL = "full"
"""The batch size of all points."""


@dataclass(frozen=True)
class LogRange:
    """Numbers between two bounds, drawn uniformly in the logarithm.

    Raises InvalidValuesError unless both are positive and finite, and the first is the smaller.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            _positive("range", end, "the ends of a range")
        if self.low >= self.high:
            raise _refused("range", "must be LOW:HIGH with LOW below HIGH", repr(str(self)))

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}"


Choices = tuple[Value, ...] | LogRange
"""What a space offers of a dimension: a list of values, or a range of numbers."""


@dataclass(frozen=True)
class Dimension:
    """One of the dimensions.

    name: in plans, columns and options; check: makes a value plain, and raises InvalidValuesError
    if it breaks the rule; parse: makes text of the command line a value, for `check`; has_range:
    whether a space may offer a range; held: the value as a field of `Problem` holds it; heading:
    of a column, in two lines.
    """

    name: str
    check: Callable[[Any], Value]
    heading: str
    parse: Callable[[str], Any] = str.strip
    has_range: bool = False
    held: Callable[[Any], Any] = lambda value: value

    @property
    def words(self) -> str:
        """Its heading in one line, as texts and labels name it."""
        return self.heading.replace("\n", " ").strip()

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers alone."""
        return self.has_range

    def values(self, field: str, given: object) -> Choices:
        """What a space offers of it, made plain.

        Args:
            field: What the list is called in a fault.
            given: A list of values or a LogRange.

        Returns:
            The values or the range.

        Raises:
            InvalidValuesError: If it is empty, repeats a value or holds one that breaks the rule.
        """
        if isinstance(given, LogRange):
            if not self.has_range:
                raise _refused(field, "must be a list of values, not a range", str(given))
            return given
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise _refused(field, "must be a list of values", shown(given))
        if not given:
            raise _refused(field, "must name at least one value", shown(given))
        plain = tuple(self.check(value) for value in given)
        if len(set(map(repr, plain))) < len(plain):
            raise _refused(field, "must name each value once", shown(given))
        return plain

    def parsed(self, field: str, text: str) -> Choices:
        """What a space offers of it, as written: `16,32` is a list, `0.001:1` a range.

        Args:
            field: What the list is called in a fault.
            text: What was written.

        Returns:
            The values or the range.

        Raises:
            InvalidValuesError: If a part is no value, or breaks the rule.
        """
        is_range = self.has_range and ":" in text
        parts = text.split(":" if is_range else ",")
        try:
            values = [self.parse(part) for part in parts]
        except ValueError:
            rule = "must be a list like 0.01,0.1"
            if self.has_range:
                rule += " or a range like 0.001:1"
            raise _refused(field, rule, repr(text)) from None
        if not is_range:
            return self.values(field, values)
        if len(values) != 2:
            raise _refused(field, "must be LOW:HIGH", repr(text))
        return range_of(field, *values)


def range_of(field: str, low: float, high: float) -> LogRange:
    """The range between two bounds. Raises InvalidValuesError that names the field."""
    try:
        return LogRange(low, high)
    except InvalidValuesError:
        rule = "must be LOW:HIGH, both positive and LOW the smaller"
        raise _refused(field, rule, f"{low:g}:{high:g}") from None


def check_layers(sizes: object) -> tuple[int, ...]:
    """The sizes of hidden layers.

    Args:
        sizes: A size, several of them, or text like `4-4`.

    Returns:
        One whole number for each layer.

    Raises:
        InvalidValuesError: If they are none, or too large together.
    """
    given = sizes
    if isinstance(given, str):
        given = [_whole_or_text(part) for part in given.split("-")]
    if isinstance(given, Integral):
        given = [given]
    if not isinstance(given, Sequence) or not all(_is_whole(size) for size in given):
        raise _refused("hidden", "must be layer sizes like 2 or 4-4", shown(sizes))
    if not given or min(given) < 1:
        raise _refused("hidden", "must be layer sizes of at least 1", shown(sizes))
    if sum(given) > MAX_HIDDEN_UNITS:
        rule = f"must have at most {MAX_HIDDEN_UNITS} units in all"
        raise _refused("hidden", rule, shown(sum(given)))
    return tuple(map(int, given))


def check_count(name: str, value: object, least: int = 1) -> int:
    """A whole number up to `MAX_COUNT`, of epochs or points. Raises InvalidValuesError."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise _refused(name, "must be a whole number", shown(value))
    count = int(value)
    if count < least:
        raise _refused(name, f"must be at least {least}", shown(count))
    if count > MAX_COUNT:
        raise _refused(name, f"must be at most {MAX_COUNT:,}", f"{count:,}")
    return count


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _layers_text(sizes: object) -> str:
    return "-".join(map(str, check_layers(sizes)))


def _layers_of(text: str) -> tuple[int, ...]:
    return check_layers(text)


def _known(name: str, known: Sequence[str]) -> Callable[[Any], Value]:
    def check(value: object) -> str:
        if not isinstance(value, str):
            raise _refused(name, "must be a name", shown(value))
        check_known(name, value, known)
        return value

    return check


def _batch_size(value: object) -> int | str:
    if value == FULL and isinstance(value, str):
        return FULL
    if not _is_whole(value):
        raise _refused("batch_size", f"must be a whole number or {FULL}", shown(value))
    return check_count("batch_size", value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused("use_bias", "must be true or false", shown(value))
    return value


def _switch_of(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.strip().lower(), text)


def _l2(value: object) -> float:
    number = _as_float(value)
    if number is None or not 0 <= number < math.inf:
        raise _refused("l2", "must be a number of at least 0", shown(value))
    return number


def _whole_or_text(text: str) -> int | str:
    text = text.strip()
    is_whole = text.lstrip("+-").isdecimal() and len(text) < _MOST_DIGITS
    return int(text) if is_whole else text


def _as_float(value: object) -> float | None:
    """A number, infinite if it is too large for a float; None of what is no number."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _positive(field: str, value: object, what: str) -> float:
    number = _as_float(value)
    if number is None:
        raise _refused(field, "must be a positive number", shown(value))
    if not (math.isfinite(number) and number > 0):
        message = f"{what} must be a positive number, received {number:g}"
        raise InvalidValuesError(
            [Fault(field, "must be a positive number", f"{number:g}", message)]
        )
    return number


def _refused(field: str, rule: str, received: str) -> InvalidValuesError:
    return InvalidValuesError([Fault(field, rule, received)])


_ALL = (
    Dimension("scaling", _known("scaling", tuple(SCALINGS)), "\nscaling"),
    Dimension("optimizer", canonical_optimizer, "\noptimizer"),
    Dimension(
        "learning_rate",
        partial(_positive, "learning_rate", what="a learning rate"),
        "learning\nrate",
        parse=float,
        has_range=True,
    ),
    Dimension("hidden", _layers_text, "hidden\nunits", held=_layers_of),
    Dimension("activation", _known("activation", ACTIVATIONS), "\nactivation"),
    Dimension("batch_size", _batch_size, "batch\nsize", parse=_whole_or_text),
    Dimension("batch_order", _known("batch_order", BATCH_ORDERS), "batch\norder"),
    Dimension("loss_function", _known("loss_function", tuple(LOSSES)), "loss\nfunction"),
    Dimension("initializer", lambda value: str(Initializer.of(value)), "\ninitializer"),
    Dimension(
        "bias_initializer", lambda value: str(BiasInitializer.of(value)), "bias\ninitializer"
    ),
    Dimension("use_bias", _switch, "\nbiases", parse=_switch_of),
    Dimension("l2", _l2, "\nL2", parse=float, has_range=True),
)
DIMENSIONS: Mapping[str, Dimension] = MappingProxyType({each.name: each for each in _ALL})
"""By name, in the order in which a configuration has them."""
ALWAYS_SEARCHED = ("scaling", "optimizer", "learning_rate")
"""Those that every space offers, and that no problem holds."""
HELD = tuple(name for name in DIMENSIONS if name not in ALWAYS_SEARCHED)
"""Those that a problem holds unless the space varies them."""


def dimension(name: str) -> Dimension:
    """The dimension of that name. Raises InvalidValuesError that names the nearest if none is."""
    check_known("dimension", name, DIMENSIONS)
    return DIMENSIONS[name]


def factor_words(name: str) -> str:
    """What tables and figures call a dimension, or anything else that outcomes depend on."""
    return DIMENSIONS[name].words if name in DIMENSIONS else name.replace("_", " ")


def is_among(value: Value, offered: Choices) -> bool:
    """Whether a value is one of those on offer, or in the range."""
    if isinstance(offered, LogRange):
        return not isinstance(value, str) and offered.low <= value <= offered.high
    return value in offered


def in_order(value: Value) -> tuple[bool, Value]:
    """A key that sorts values of one dimension, numbers before names."""
    return isinstance(value, str), value


def shown_value(value: Value) -> str:
    """A value as tables and configurations in words show it: numbers by four digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
