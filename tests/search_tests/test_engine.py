"""The local workers: what is said where a process cannot be started."""

from __future__ import annotations

import errno

import pytest

from search.problem.errors import LaunchError
from search.running import workers


def test_a_full_shared_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux keeps the locks that processes share in /dev/shm."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workers, "ProcessPoolExecutor", refused)
    with pytest.raises(LaunchError, match=r"cannot start a worker: No space left .* /dev/shm"):
        workers.LocalWorkers(1).start()
