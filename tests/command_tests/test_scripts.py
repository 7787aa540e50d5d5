"""The doors of a checkout, and the dashboard."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, Launched, run_command

SCRIPTS = {"launch_study.py": "launch", "best_trials.py": "best", "dashboard.py": "dashboard"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_its_command(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"Usage: multirestart {SCRIPTS[script]} [OPTIONS]")


@contextmanager
def serving(*arguments: str, cwd: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts" / "dashboard.py"), "--port", str(port)]
    with subprocess.Popen(
        [*command, *arguments], cwd=cwd, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            yield port, server
        finally:
            server.terminate()


def fetch(port: int, path: str) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_the_dashboard_serves_the_study(launched: Launched, tmp_path: Path) -> None:
    with serving("--storage", launched.url, cwd=tmp_path) as (port, server):
        studies = json.loads(fetch(port, "/api/studies"))["study_summaries"]
        assert [study["study_name"] for study in studies] == ["grid"]
        assert b"<html" in fetch(port, "/dashboard").lower()
        assert server.stderr is not None
        assert re.match(r"Dashboard of sqlite:.* at http://127\.0\.0\.1:", server.stderr.readline())


def test_a_port_in_use_is_one_line(launched: Launched, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ("--storage", launched.url, "--port", port)
        done = run_command("dashboard", *options, cwd=tmp_path, code=2)
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in done.stderr


def test_the_dashboard_warns_when_others_can_reach_it(launched: Launched, tmp_path: Path) -> None:
    with serving("--storage", launched.url, "--host", "0.0.0.0", cwd=tmp_path) as (_, server):
        assert server.stderr is not None
        assert "the dashboard has no password" in server.stderr.readline()
