"""Dask schedulers and workers on 127.0.0.1 as processes that tests start, watch and kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.command_tests.processes import wait_until
from tests.conftest import environment

_HERE = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
PRETENDING = ("--preload", "tests.command_tests.pretended_worker")


@contextmanager
def dask(
    *arguments: str, cwd: Path, pretend: float = 0, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`dask` with its log in `dask.log`, in a process group of its own, killed at the end."""
    with (cwd / "dask.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=cwd,
            env={**environment(pretend), **(env or {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def scheduler(
    folder: Path, *options: str, port: int = 0
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler: its address, once it listens, and its process."""
    told = folder / "scheduler.json"
    told.unlink(missing_ok=True)
    where = (*_HERE, "--port", str(port))
    with dask("scheduler", *where, "--scheduler-file", str(told), *options, cwd=folder) as process:
        wait_until(told.exists)
        yield json.loads(told.read_text())["address"], process


@contextmanager
def workers(
    address: str,
    folder: Path,
    *options: str,
    count: int = 1,
    pretend: float | None = None,
    nanny: bool = False,
    env: Mapping[str, str] | None = None,
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of one thread each, that pretend to train if they are told how long that takes."""
    given = [*_HERE, "--nthreads", "1", "--memory-limit", "0", *options]
    given += [] if nanny else ["--no-nanny"]
    given += [] if pretend is None else PRETENDING
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                dask("worker", address, *given, cwd=folder, pretend=pretend or 0, env=env)
            )
            for _ in range(count)
        ]
