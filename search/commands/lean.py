"""Imports that a command does without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_scikit_learn() -> Iterator[None]:
    """A context in which scikit-learn cannot be imported, unless it was before.

    Publishing imports optuna-dashboard, which imports scikit-learn where it is installed, for
    plots that no launch draws: two seconds of the processor's time. For a process that is the
    command's own; what Optuna imports in here does without scikit-learn as long as it lives.
    """
    is_hidden = "sklearn" not in sys.modules
    if is_hidden:
        sys.modules["sklearn"] = None  # type: ignore[assignment] # as Python has what is not there
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules["sklearn"]
