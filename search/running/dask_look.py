"""Asking a Dask worker, before it is given anything to train, what it has."""

from __future__ import annotations

import inspect
from typing import Any

from search.running import machine

# Text, and Python's own `eval` to read it: a function would have to be importable where it is
# sent, by the very code that is asked for, or be bytecode of the same version of Python.
LOOK = "exec(source, names) or names['look']()"
"""What `eval` is sent to evaluate, with `look_names`, to what `machine.look` returns."""


def look_names() -> dict[str, Any]:
    """The names that `LOOK` uses."""
    return {"source": inspect.getsource(machine), "names": {}}


def refusal(here: dict[str, str], there: dict[str, str], *, is_taken: bool) -> str:
    """Why a worker may not train; "" if it may.

    Args:
        here: Versions of the launcher.
        there: Versions of the worker.
        is_taken: Whether other work has loaded TensorFlow into the worker.
    """
    missing = [name for name in here if not there[name]]
    if missing:
        return f"it has no {' and no '.join(missing)}: install what the launcher has"
    other = [
        f"{name} {there[name]} where the launcher has {here[name]}"
        for name in here
        if there[name] != here[name]
    ]
    if other:
        return f"it has {', and '.join(other)}: install the same on all"
    return "other work has loaded TensorFlow into it: restart it" if is_taken else ""
