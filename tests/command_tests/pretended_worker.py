"""What a Dask worker loads, by `--preload`, to pretend to train as `pretended` does."""

from __future__ import annotations

from search.running import worker_process
from tests.command_tests import pretended


def dask_setup(worker: object) -> None:
    """Dask calls this as the worker starts."""
    worker_process.prepare = pretended.prepare
    worker_process.train = pretended.train
