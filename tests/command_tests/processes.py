"""Launches as processes that tests start, watch and kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.conftest import environment, module


@contextmanager
def launching(
    folder: Path,
    *options: str,
    pretend: float | None = None,
    limit: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A launch, as `running` has it."""
    with running(folder, "launch", *options, pretend=pretend, limit=limit) as process:
        yield process


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    pretend: float | None = None,
    limit: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A command in a process group of its own; what is left of it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module(pretend), *arguments],
        cwd=folder,
        env=environment(pretend),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limit,  # noqa: PLW1509 - the tests have no threads
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def query(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """What a statement finds in the database of a launch; nothing while its tables are made."""
    path = folder / "multirestart.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:
            return []


def trials(folder: Path, state: str) -> int:
    """How many trials are in a state."""
    found = query(folder, f"SELECT count(*) FROM multirestart_trials WHERE state = '{state}'")
    return int(str(found[0][0])) if found else 0


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait for a condition; AssertionError if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def assert_whole(folder: Path, complete: int, restarts: int) -> None:
    """The study has its size, each restart once, and Optuna's copy is level with it."""
    assert trials(folder, "complete") == complete
    unsettled = (
        "SELECT count(*) FROM multirestart_trials WHERE state NOT IN ('complete', 'given up')"
    )
    assert query(folder, unsettled) == [(0,)]
    counts = query(
        folder,
        "SELECT count(*), count(DISTINCT configuration_id || '/' || seed)"
        " FROM multirestart_restarts",
    )
    assert counts == [(complete * restarts, complete * restarts)]
    late = "SELECT count(*) FROM multirestart_trials WHERE published_state IS NOT state"
    assert query(folder, late) == [(0,)]
