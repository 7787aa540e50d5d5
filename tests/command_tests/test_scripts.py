"""The scripts of a checkout, and the dashboard."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, Launched, run_command

SCRIPTS = {"launch_study.py": "launch", "best_trials.py": "best", "dashboard.py": "dashboard"}


@pytest.mark.slow
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


def fetch(port: int, path: str, method: str = "GET", body: object = None) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answered: bytes = answer.read()
                return answered
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read()!r}") from error
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.slow
def test_the_dashboard_serves_the_study(launched: Launched, tmp_path: Path) -> None:
    with serving("--storage", launched.url, cwd=tmp_path) as (port, server):
        studies = json.loads(fetch(port, "/api/studies"))["study_summaries"]
        assert [study["study_name"] for study in studies] == ["grid"]
        assert b"<html" in fetch(port, "/dashboard").lower()
        assert server.stderr is not None
        assert re.match(r"Dashboard of sqlite:.* at http://127\.0\.0\.1:", server.stderr.readline())


def reaches(address: str, port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(5)
        return client.connect_ex((address, port)) == 0


def other_addresses_of_this_machine() -> list[str]:
    """An address of the loopback network beside 127.0.0.1, and that of a route to elsewhere.

    Connecting a datagram socket sends nothing; 192.0.2.1 is an address for documentation.
    """
    addresses = ["127.0.0.2"]
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:  # no network
            return addresses
        return [*addresses, probe.getsockname()[0]]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of its own")
def test_the_dashboard_listens_at_no_other_address_unless_told(
    launched: Launched, tmp_path: Path
) -> None:
    others = other_addresses_of_this_machine()
    with serving("--storage", launched.url, cwd=tmp_path) as (port, _):
        fetch(port, "/dashboard")
        assert [address for address in others if reaches(address, port)] == []
    # The same look finds a server that listens everywhere, so it would have found this one.
    with serving("--storage", launched.url, "--host", "0.0.0.0", cwd=tmp_path) as (port, _):
        fetch(port, "/dashboard")
        assert [address for address in others if reaches(address, port)] == others


@pytest.mark.parametrize("host", ["a" * 100, "no such host", "\x1b[31m", "256.0.0.1"])
def test_a_host_that_is_none_is_one_line(launched: Launched, tmp_path: Path, host: str) -> None:
    done = run_command("dashboard", "--storage", launched.url, "--host", host, cwd=tmp_path, code=2)
    assert re.match(r"multirestart: (cannot listen at|--host must be)", done.stderr)
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_a_port_in_use_is_one_line(launched: Launched, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ("--storage", launched.url, "--port", port)
        done = run_command("dashboard", *options, cwd=tmp_path, code=2)
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in done.stderr


@pytest.mark.slow
def test_the_dashboard_warns_when_others_can_reach_it(launched: Launched, tmp_path: Path) -> None:
    with serving("--storage", launched.url, "--host", "0.0.0.0", cwd=tmp_path) as (_, server):
        assert server.stderr is not None
        assert "the dashboard has no password" in server.stderr.readline()
