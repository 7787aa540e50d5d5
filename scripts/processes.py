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


def family(parent: int) -> list[int]:
    """A process and all that it started, and these started, and so on."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                )
    found = [parent]
    for process in found:  # which grows meanwhile
        found += [child for child, of in parents.items() if of == process]
    return found


def memory_mb(parent: int) -> float:
    """Memory of a process and its family in MB; what they share is counted once."""
    kilobytes = 0
    for process in family(parent):
        with suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def cpu_seconds(parent: int) -> float:
    """CPU time that a process and its family have taken so far."""
    ticks = 0
    for process in family(parent):
        with suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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
