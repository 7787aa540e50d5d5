"""Shared fixtures: the source problem's data in float32, and small problems to train."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.datasets import bands
from search.scaling import scale

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


def run_command(*arguments: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `multirestart` as a process of its own and hold it to an exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "search", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done


GRID = (
    *("--scaling", "none,standard", "--optimizer", "sgd,adam", "--learning-rate", "0.01,0.1"),
    *("--sampler", "grid", "--restarts", "64", "--epochs", "40"),
)


@pytest.fixture(scope="session")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Launched:
    """The grid of the source problem, small: 8 configurations, 64 restarts of 40 epochs each."""
    folder = tmp_path_factory.mktemp("launched")
    url = f"sqlite:///{folder / 'studies.db'}"
    done = run_command("launch", "--storage", url, "--study", "grid", *GRID, cwd=folder)
    return Launched(url, done.stdout, done.stderr)
