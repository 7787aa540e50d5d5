"""The kinds of a plan's fields as people write them: strict, but for a single value as a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from search.problem.errors import Fault, InvalidValuesError, unknown_name
from search.problem.names import quoted

_LONGEST_SHOWN = 60


def _listed(value: object) -> object:
    """A single value as a list of one. Strict pydantic takes nothing but a tuple for a tuple."""
    if isinstance(value, list):
        return tuple(value)
    return value if value is None or isinstance(value, tuple) else (value,)


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Range(BaseModel):
    """A log-uniform range, as a table."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    low: float
    high: float


# What a field must be, in words, is its description.
Text = Annotated[str | None, Field(description="text")]
Whole = Annotated[int | None, Field(description="a whole number")]
Number = Annotated[float | None, Field(description="a number")]
Switch = Annotated[bool | None, Field(description="true or false")]
Sizes = Annotated[
    tuple[int, ...] | None,
    BeforeValidator(_listed),
    Field(description="a list of whole numbers like [4, 4]"),
]
Names = Annotated[
    tuple[str, ...] | None, BeforeValidator(_listed), Field(description="a list of names")
]
Rates = Annotated[
    float | str | tuple[float, ...] | Range | None,
    BeforeValidator(_tuple),
    Field(
        description="a number, a list like [0.01, 0.1], text like 0.01,0.1 or 0.001:1, "
        "or a table like {low = 0.001, high = 1.0}"
    ),
]
BatchSize = Annotated[
    int | Literal["full"] | None, Field(description='a whole number, or "full" for all points')
]
_Varied = Annotated[
    bool | int | float | str | tuple[bool | int | float | str, ...] | Range, BeforeValidator(_tuple)
]
Varied = Annotated[
    dict[str, _Varied] | None,
    Field(description='a table of dimensions with their values like {batch_size = [16, "full"]}'),
]


def in_our_words(
    error: ValidationError, values: Mapping[str, Any], fields: Mapping[str, FieldInfo]
) -> InvalidValuesError:
    """One fault for each field that pydantic has something against."""
    faults = []
    for field in dict.fromkeys(str(found["loc"][0]) for found in error.errors()):
        if field in fields:
            rule = f"must be {fields[field].description}"
            faults.append(Fault(field, rule, _received(values[field])))
        else:
            (fault,) = unknown_name("field", field, fields).faults
            faults.append(replace(fault, field=field))
    return InvalidValuesError(faults)


def _received(value: object) -> str:
    """A value as plan files write it, in quotes if it is text, and cut if it is long."""
    if isinstance(value, str):
        return quoted(value)
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
