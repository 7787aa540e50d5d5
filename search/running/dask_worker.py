"""What a Dask worker does with a trial. Schedulers import this too: it loads TensorFlow late."""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from search.problem.configuration import Configuration
from search.problem.problem import Problem, Task
from search.problem.rows import Restart
from search.running import worker_process
from search.running.machine import is_taken, kind_of_machine
from search.running.program_cache import CacheFolders, cache_root

_MOST_PROBLEMS = 4
_one_at_a_time = threading.Lock()
"""A process trains one trial at a time, however many threads its worker has."""
_problems: dict[str, Problem] = {}
_prepared: list[bool] = []


@dataclass(frozen=True)
class Trained:
    """The restarts of a trial, the kind of machine that trained it, and how long that took."""

    restarts: tuple[Restart, ...]
    machine: str
    seconds: float


def train(
    key: str,
    problem: bytes | None,
    configuration: Configuration,
    first_seed: int,
    restarts: int,
    *,
    cache: bool,
) -> Trained | None:
    """Train the restarts of a task, in a thread of the worker.

    Args:
        key: Of the problem.
        problem: The problem, pickled; None to take the one that this process was given before.
        configuration: Of the task.
        first_seed: Of the task.
        restarts: Of the task.
        cache: Keep compiled programs in the cache folder of the worker's user.

    Returns:
        What was trained; None if this process has no problem of that key.

    Raises:
        RuntimeError: If other work has loaded TensorFlow into this process.
    """
    with _one_at_a_time:
        began = time.monotonic()
        if problem is not None and key not in _problems:
            while len(_problems) >= _MOST_PROBLEMS:
                del _problems[next(iter(_problems))]
            _problems[key] = pickle.loads(problem)
        if key not in _problems:
            return None
        _prepare(cache=cache)
        task = Task(_problems[key], configuration, first_seed, restarts)
        trained = worker_process.train(task)
        return Trained(trained, kind_of_machine(), time.monotonic() - began)


def _prepare(*, cache: bool) -> None:
    """Import TensorFlow with our settings, once in a process."""
    from distributed import get_worker

    if _prepared:
        return
    if is_taken():
        raise RuntimeError("other work of this Dask worker has loaded TensorFlow: restart it")
    # Dask removes the worker's folder when it ends, and what a killed one left.
    scratch = Path(get_worker().local_directory)
    worker_process.prepare(CacheFolders(cache_root(), scratch) if cache else None)
    _prepared.append(True)
