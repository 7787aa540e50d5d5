"""The file that a network is to be written to, checked before anything slow is imported."""

from __future__ import annotations

from pathlib import Path

from search.problem.errors import UserError

SUFFIX = ".keras"


def require_new_keras_file(path: Path) -> None:
    """Raise UserError unless a path can be that of a new Keras file."""
    if path.suffix != SUFFIX:
        raise UserError(f"the file must end in {SUFFIX}, received {path.name!r}")
    if path.exists():
        raise UserError(f"{path} is there already: give another name")
