"""`multirestart` with workers that pretend to train. All else is real: processes, database, kills.

For tests of who trains what and what is kept of it: TensorFlow takes seconds to start in each
worker, and what it computes is tested elsewhere. Run as `python -m tests.command_tests.pretended`.
"""

from __future__ import annotations

import os
import signal
import time
import zlib

import numpy as np

from search.problem.configuration import Configuration
from search.problem.problem import Task
from search.problem.rows import Outcome, Restart
from search.running import worker_process
from search.running.program_cache import CacheFolders

PRETENDED_SECONDS = "PRETENDED_SECONDS"
"""Environment variable: how long a trial takes; workers die where it is negative."""
NONE_KILLS = -2.0
"""Of these seconds workers die only over configurations without scaling."""
_CHANCES = {"standard adam 0.1": 0.95, "standard adam 0.01": 0.75, "standard sgd 0.1": 0.3}


def start(parent: int, folders: CacheFolders | None) -> None:
    """A worker as it starts, without TensorFlow."""
    worker_process.tie_to(parent, None if folders is None else folders.scratch)


def prepare(folders: CacheFolders | None) -> None:
    """A Dask worker as it is given its first task, without TensorFlow."""


def train(task: Task) -> tuple[Restart, ...]:
    """Restarts that depend on configuration and seed alone, after the seconds asked for."""
    seconds = float(os.environ[PRETENDED_SECONDS])
    if seconds < 0 and (seconds != NONE_KILLS or task.configuration.scaling == "none"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(max(seconds, 0))
    return tuple(_restart(task, seed) for seed in task.seeds)


def _restart(task: Task, seed: int) -> Restart:
    draw = _draw(task.configuration, seed)
    escaped = draw < _CHANCES.get(str(task.configuration), 0.05)
    epochs, points = task.problem.epochs, task.problem.data.points
    right = points if escaped else task.problem.points_above(0.0) - 1
    epoch = 1 + int(draw * epochs) if escaped else None
    return Restart(
        seed=seed,
        outcome=Outcome.SOLVED if escaped else Outcome.NOT_ESCAPED,
        accuracy=1.0 if escaped else task.problem.data.plateau,
        loss=draw,
        last_epoch_loss=draw,
        escape_epoch=epoch,
        diverged_epoch=None,
        weights=bytes(4 * task.problem.network.weight_count),
        right=right,
        wrong=points - right,
        levels=np.array([epoch, points], "<u4").tobytes() if escaped else b"",
    )


def _draw(configuration: Configuration, seed: int) -> float:
    return float(np.random.default_rng((zlib.crc32(str(configuration).encode()), seed)).random())


if __name__ == "__main__":
    from search.__main__ import main
    from tests.command_tests import pretended  # by its name, under which workers find it

    worker_process.start, worker_process.train = pretended.start, pretended.train
    main()
