"""How many workers this machine has cores for."""

from __future__ import annotations

import os

from joblib import cpu_count

from search.problem.arguments import Arguments
from search.problem.errors import UserError
from search.problem.names import quoted

MOST_WORKERS = 1024


def worker_count(asked: int | None) -> int:
    """The worker processes asked for, or one per core that this process may use.

    Raises InvalidValuesError unless 1 to 1024 are asked for, UserError if LOKY_MAX_CPU_COUNT, by
    which joblib is told the cores, is no number.
    """
    if asked is not None:
        arguments = Arguments()
        count = arguments.whole("workers", asked, 1, MOST_WORKERS)
        arguments.raise_any()
        return count
    try:
        return int(cpu_count())
    except ValueError:
        raise UserError(
            "the environment variable LOKY_MAX_CPU_COUNT must be a whole number of at least 1, "
            f"received {quoted(os.environ.get('LOKY_MAX_CPU_COUNT', ''))}"
        ) from None
