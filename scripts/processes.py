"""Processes of this checkout's `multirestart` that a soak starts, watches and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
WAYS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
# A signal that comes before Python has its handlers ends the process by itself.
EXPECTED = (0, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)


def start(
    folder: Path, *arguments: str, stdout: int | IO[str], stderr: int | IO[str]
) -> subprocess.Popen[str]:
    """A command of this checkout, in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "search", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of this checkout, run to its end."""
    process = start(folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, *said)


def workers_of(parent: int) -> list[int]:
    """The worker processes of a launch or of `work`, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                of = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if of == parent and any(b"popen_loky" in word for word in words):
                    found.append(int(entry.name))
    return sorted(found)
