"""Shared fixtures: the source problem's data in float32, and small problems to train."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from filelock import FileLock
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from search.commands import main
from search.problem.data.datasets import bands
from search.problem.scaling import scale
from tests.browser import browser  # noqa: F401 - a fixture of all tests
from tests.command_tests.pretended import PRETENDED_SECONDS
from tests.engines import InProcess, Pretending, Refused
from tests.postgresql import postgresql  # noqa: F401 - a fixture of all tests

if "PYTEST_XDIST_WORKER" not in os.environ:  # which inherit it
    _caches = tempfile.TemporaryDirectory()
    os.environ["XDG_CACHE_HOME"] = _caches.name
# Machines are shared: how long an example takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for processes that they started."""
    return (os.cpu_count() or 1) + 1


ROOT = Path(__file__).resolve().parent.parent
Points = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture(scope="session")
def standard_bands() -> Points:
    """Standardised features (300, 1) and labels (300,) of the source problem."""
    data = bands()
    return scale("standard", data.features), data.labels.astype(np.float32)


@dataclass(frozen=True)
class Launched:
    """A database that a real launch made, and what the launch said."""

    url: str
    stdout: str
    stderr: str


def module(pretend: float | None) -> str:
    """The module that is the command line, with workers that train or pretend to."""
    return "search" if pretend is None else "tests.command_tests.pretended"


def environment(pretend: float | None = None) -> dict[str, str]:
    """The environment of a command of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), PRETENDED_SECONDS: str(pretend or 0)}


def run_command(
    *arguments: str, cwd: Path, code: int = 0, pretend: float | None = None, workers: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `multirestart` and hold it to an exit code.

    It runs and trains in this process, where TensorFlow and compiled programs are there already;
    one that only reads, or is to be refused, may not start to train. With `workers`, and where
    those are to die, it is a process of its own with worker processes. With `pretend` nothing is
    really trained, and a trial takes so many seconds.
    """
    if workers or "--cluster" in arguments or (pretend or 0) < 0:
        done = subprocess.run(
            [sys.executable, "-m", module(pretend), *arguments],
            cwd=cwd,
            env=environment(pretend),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    else:
        may_train = code != 2 and arguments[0] in ("launch", "race", "reproduce", "work")
        engine = Refused if not may_train else InProcess if pretend is None else Pretending
        done = _in_process(*arguments, cwd=cwd, engine=engine, pretend=pretend or 0)
    assert done.returncode == code, done.stderr
    return done


def _in_process(
    *arguments: str, cwd: Path, engine: type[InProcess], pretend: float
) -> subprocess.CompletedProcess[str]:
    """Run `multirestart` in this process; what it raises, as no command may, is raised."""
    with chdir(cwd), pytest.MonkeyPatch.context() as patch:
        patch.setattr("search.running.workers.LocalWorkers", engine)
        patch.setenv(PRETENDED_SECONDS, str(pretend))
        done = CliRunner().invoke(main, arguments, prog_name="multirestart")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def at_once(*programs: tuple[str, str]) -> list[str]:
    """Run Python programs in processes of their own at one moment; what each printed.

    The first part of each is run beforehand: what it imports takes its time.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"{before}\nprint('ready', flush=True)\ninput()\n{then}"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for before, then in programs
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


GRID = (
    *("--scaling", "none,standard", "--optimizer", "sgd,adam", "--learning-rate", "0.01,0.1"),
    *("--sampler", "grid", "--restarts", "64", "--epochs", "40"),
)


@pytest.fixture(scope="session")
def launched(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Launched:
    """The grid of the source problem, small: 8 configurations, 64 restarts of 40 epochs each.

    Launched once for all processes of the tests, which only read it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "launched"
    with FileLock(f"{folder}.lock"):
        said = folder / "said.json"
        url = f"sqlite:///{folder / 'studies.db'}"
        if not said.exists():
            folder.mkdir()
            # One worker: two would import and compile twice what is trained in a second.
            options = ("--storage", url, "--study", "grid", "--workers", "1", *GRID)
            done = run_command("launch", *options, cwd=folder, workers=True)
            said.write_text(json.dumps([done.stdout, done.stderr]))
        return Launched(url, *json.loads(said.read_text()))
