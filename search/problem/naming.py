"""What a configuration is called on the command line: `standard/adam/0.1`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import ALWAYS_SEARCHED, DIMENSIONS, LogRange, Value, shown_value
from search.problem.errors import Fault, InvalidValuesError, UserError, unknown_name
from search.problem.names import quoted

_NAMES_IN_A_MESSAGE = 16


def configuration_name(configuration: Configuration) -> str:
    """The name of a configuration, with numbers in full precision.

    Dimensions beside scaling, optimizer and learning rate are named:
    `standard/adam/0.1/batch_size=16`.
    """
    always = [_exact(configuration[name]) for name in ALWAYS_SEARCHED]
    others = [f"{name}={_exact(configuration[name])}" for name in configuration.others]
    return "/".join(always + others)


def find_configuration(name: str, known: Sequence[Configuration]) -> Configuration:
    """The configuration of a name, whatever its numbers are written like: 0.1, 1e-1 or .1.

    Values stand in the order of the dimensions, with or without the names of these. Numbers may be
    rounded to the four digits that tables show if that tells the configuration apart.

    Args:
        name: Its name.
        known: The configurations there are.

    Returns:
        The one that is meant.

    Raises:
        UserError: If there is none, or there are several; it names the nearest and the known ones.
    """
    parts = [part.strip() for part in name.split("/")]
    for matches in (_is_value, _is_rounded):
        same = [one for one in known if _is_named(one, parts, matches)]
        if len(same) == 1:
            return same[0]
    error = unknown_name("configuration", name, map(configuration_name, known))
    if len(known) > _NAMES_IN_A_MESSAGE:  # a range of learning rates: as many as there are trials
        nearest = str(error).partition("it must be one of")[0]
        raise UserError(f"{nearest}the ranking of all {len(known)} shows them")
    raise error


def parsed_configuration(name: str, space: SearchSpace) -> Configuration:
    """The configuration of a name in a space.

    Args:
        name: Its name; values stand in the order of the dimensions, with or without their names.
        space: What is on offer.

    Returns:
        The configuration.

    Raises:
        InvalidValuesError: If it is no name of one, or not on offer.
    """
    dimensions = tuple(space.dimensions)
    parts = [part.strip() for part in name.split("/")]
    if len(parts) != len(dimensions):
        rule = f"must be configurations like {_example(space)}"
        raise InvalidValuesError([Fault("first", rule, quoted(name))])
    values = {}
    for dimension, part in zip(dimensions, parts, strict=True):
        text = part.removeprefix(f"{dimension}=")
        try:
            values[dimension] = DIMENSIONS[dimension].parse(text)
        except ValueError:
            rule = f"must have a number for {dimension}"
            raise InvalidValuesError([Fault("first", rule, quoted(name))]) from None
    return Configuration.from_json(values)


def _example(space: SearchSpace) -> str:
    values = {
        name: offered.low if isinstance(offered, LogRange) else offered[-1]
        for name, offered in space.dimensions.items()
    }
    return configuration_name(Configuration.from_json(values))


def _is_named(
    configuration: Configuration, parts: Sequence[str], matches: Callable[[str, Value], bool]
) -> bool:
    if len(parts) != len(configuration):
        return False
    for part, (dimension, value) in zip(parts, configuration.items(), strict=True):
        if not matches(part.removeprefix(f"{dimension}="), value):
            return False
    return True


def _is_value(text: str, value: Value) -> bool:
    return text == _exact(value) or (_is_number(value) and _number(text) == value)


def _is_rounded(text: str, value: Value) -> bool:
    return text == _exact(value) or (_is_number(value) and _number(text) == float(f"{value:.4g}"))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _exact(value: Value) -> str:
    if not isinstance(value, float):
        return shown_value(value)
    rate = f"{value:.15g}"
    return rate if float(rate) == value else repr(value)
