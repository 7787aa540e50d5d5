"""Standard streams that are closed, and Ctrl-C at odd moments: one line each, never a traceback."""

from __future__ import annotations

import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.command_tests.processes import running
from tests.conftest import environment, module, run_command

TINY = ("--trials", "1", "--restarts", "2", "--workers", "1")


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_closed_output_is_one_line(tmp_path: Path) -> None:
    done = shell(f"{shlex.quote(sys.executable)} -m search studies >&-", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "multirestart: cannot write: standard output is closed\n"


@pytest.mark.slow
def test_a_launch_needs_no_stream_for_what_it_says(tmp_path: Path) -> None:
    """Nor may the database take the number of the stream, and be written into."""
    line = shlex.join([sys.executable, "-m", module(pretend=0), "launch", *TINY])
    done = shell(f"{line} <&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert " of 2 " in done.stdout
    assert "1 trials" in run_command("check", "--retrain", "0", cwd=tmp_path).stderr


def test_ctrl_c_while_modules_load_is_one_line(tmp_path: Path) -> None:
    code = (
        "import runpy, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'search.commands': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "runpy.run_module('search', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr == "multirestart: interrupted\n"


@pytest.mark.slow
def test_ctrl_c_is_answered_while_another_holds_the_write_lock(tmp_path: Path) -> None:
    run_command("launch", *TINY, cwd=tmp_path, pretend=0)
    with closing(sqlite3.connect(tmp_path / "multirestart.db")) as lock:
        lock.execute("BEGIN IMMEDIATE")
        with running(tmp_path, "launch", "--trials", "2", pretend=0) as process:
            assert process.stderr is not None
            assert "has locked the database: waiting" in process.stderr.readline()
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert time.monotonic() - began < 10
        assert said.splitlines()[-1].startswith("multirestart: interrupted; the same command")
        lock.rollback()
