"""The space that is asked for, as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from search.problem.configuration import SearchSpace
from search.problem.dimensions import ALWAYS_SEARCHED, DIMENSIONS, HELD, Choices, range_of
from search.problem.errors import Fault, Faults, InvalidValuesError, check_known
from search.problem.field_kinds import Range


def asked_space(
    base: SearchSpace, searched: Mapping[str, object], vary: Mapping[str, object] | None
) -> SearchSpace:
    """A space with what is asked for in place of its own.

    Args:
        base: What is on offer unless something else is asked for.
        searched: Scaling, optimizer and learning rate, those of them that are asked for.
        vary: The other dimensions; None if nothing is said of them.

    Returns:
        The space.

    Raises:
        InvalidValuesError: If a dimension is unknown or a value breaks its rule; it names all.
    """
    faults = Faults()
    offered: dict[str, Choices] = {}
    for name, asked in searched.items():
        made = faults.built(partial(_choices, name, f"{name}s", asked))
        if made is not None:
            offered[f"{name}s"] = made
    varied = base.vary
    if vary is not None:
        found = {name: faults.built(partial(_varied, name, asked)) for name, asked in vary.items()}
        varied = {name: made for name, made in found.items() if made is not None}
    space = faults.built(lambda: replace(base, vary=varied, **offered))  # type: ignore[arg-type]
    faults.raise_any()
    assert space is not None, "without faults there is a space"
    return space


def _varied(name: str, asked: object) -> Choices:
    """What is asked for of a dimension among those that are varied; faults say that it is there."""
    if name in ALWAYS_SEARCHED:
        rule = "must be given by itself, for it is always searched"
        raise InvalidValuesError([Fault(name, rule, f"{asked!r} in vary")])
    check_known("dimension", name, HELD)
    try:
        return _choices(name, name, asked)
    except InvalidValuesError as error:
        faults = [replace(fault, field=f"vary {name}") for fault in error.faults]
        raise InvalidValuesError(faults) from None


def _choices(name: str, field: str, asked: object) -> Choices:
    """What is asked for of a dimension: text, a value, a list of them, or a range as a table."""
    if isinstance(asked, str):
        return DIMENSIONS[name].parsed(field, asked)
    if isinstance(asked, Range):
        return range_of(field, asked.low, asked.high)
    listed = asked if isinstance(asked, tuple) else (asked,)
    return DIMENSIONS[name].values(field, listed)
