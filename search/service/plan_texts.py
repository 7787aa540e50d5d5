"""A plan as what people type: a command, a plan file, a request by curl."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from search.problem.names import number_text
from search.problem.plan_fields import PlanFields
from search.problem.plan_files import to_toml

_OF_FILES = ("data", "validation_data")


def with_files(fields: PlanFields, suffixes: Mapping[str, str]) -> PlanFields:
    """The fields with the names of files in place of those of uploads.

    Args:
        fields: The fields.
        suffixes: Of the uploads, by their names.
    """
    named = {field: getattr(fields, field) for field in _OF_FILES}
    return fields.model_copy(
        update={
            field: f"{name}{suffixes[name]}" for field, name in named.items() if name in suffixes
        }
    )


def as_command(fields: PlanFields) -> str:
    """The command that launches the plan."""
    return shlex.join(["multirestart", "launch", *_options(fields)])


def as_toml(fields: PlanFields) -> str:
    """The plan file."""
    return to_toml(fields)


def as_curl(plan: Mapping[str, Any], service: str, has_keys: bool) -> str:
    """The request that submits the plan.

    Args:
        plan: Its fields as JSON.
        service: Address of the service, with a slash at the end.
        has_keys: Whether a key is to be given.
    """
    fields = {field: value for field, value in plan.items() if field != "study"}
    name = quote(str(plan.get("study") or "NAME"), safe="")
    words = ["curl", "-X", "PUT", f"{service}api/studies/{name}"]
    key = ' -H "Authorization: Bearer $KEY"' if has_keys else ""
    body = ["-H", "Content-Type: application/json", "-d", json.dumps(fields, ensure_ascii=False)]
    return f"{shlex.join(words)}{key} {shlex.join(body)}"


def _options(fields: PlanFields) -> Iterator[str]:
    for field, value in fields.model_dump(exclude_none=True).items():
        option = f"--{field.replace('_', '-')}"
        if field == "vary":
            for name, values in value.items():
                yield from (option, f"{name}={_text(values)}")
        elif field == "use_bias":
            yield option if value else "--no-bias"
        else:
            text = _text(value)
            # An option's value that begins with a dash is no other option only behind "=".
            yield from (f"{option}={text}",) if text.startswith("-") else (option, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):  # a range
        return f"{_text(value['low'])}:{_text(value['high'])}"
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return number_text(value) if isinstance(value, float) else str(value)
