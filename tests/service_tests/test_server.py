"""A real server and a real worker, which only pretends to train: submitted, watched, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.command_tests.processes import query, running, trials, wait_until
from tests.command_tests.test_work import TRAINED

pytestmark = pytest.mark.slow

PLAN = {"sampler": "random", "trials": 12, "restarts": 4, "learning_rate": "0.01:1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def ask(port: int, method: str, path: str, body: object = None) -> Any:
    """The JSON that a request is answered by; it is repeated until the server is there."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read()!r}") from error
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_submitted_watched_paused_cancelled_and_killed_nothing_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    port = free_port()
    options = ("--port", str(port), "--workers", "1")
    with running(tmp_path, "serve", *options, pretend=0.3) as server:
        assert ask(port, "PUT", "/api/studies/one", PLAN)["created"]
        assert not ask(port, "PUT", "/api/studies/one", PLAN)["created"]
        assert ask(port, "PUT", "/api/studies/two?priority=1", PLAN)["study"]["place"] == 1
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies/two/events") as stream:
            seen: list[Any] = []
            while len(seen) < 3:
                line = stream.readline().decode()
                if line.startswith("data: "):
                    seen.append(json.loads(line.removeprefix("data: ")))
        settled = [event["trials"]["settled"] for event in seen]
        assert settled == sorted(settled)
        wait_until(lambda: ask(port, "GET", "/api/studies/two")["trials"]["settled"] >= 2)
        # Between two trials it is queued for a moment.
        wait_until(lambda: ask(port, "GET", "/api/studies/two")["state"] == "running", 5)
        assert ask(port, "POST", "/api/studies/two/pause")["state"] == "paused"
        # Within 2 s of the end of the trial under way, which takes 0.3 s.
        wait_until(lambda: not ask(port, "GET", "/api/studies/two")["trials"]["running"], 2.3)
        paused = ask(port, "GET", "/api/studies/two")["trials"]
        wait_until(lambda: ask(port, "GET", "/api/studies/one")["trials"]["settled"] >= 2)
        assert ask(port, "GET", "/api/studies/two")["trials"] == paused
        assert ask(port, "POST", "/api/studies/one/kill")["state"] == "cancelled"
        wait_until(lambda: trials(tmp_path, "running") == 0, seconds=2)
        ask(port, "POST", "/api/studies/one/resume")
        wait_until(lambda: trials(tmp_path, "running") > 0)
        os.kill(server.pid, signal.SIGKILL)  # its worker ends with it
        wait_until(lambda: trials(tmp_path, "running") == 0, seconds=30)
    with running(tmp_path, "serve", *options, pretend=0.1) as server:
        ask(port, "POST", "/api/studies/two/resume")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        pids = [server.pid, *map(int, children)]
        nice = [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids]
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert nice == [min(own + 5, 19), own], "it yields to training"
        wait_until(
            lambda: [row["state"] for row in ask(port, "GET", "/api/studies")] == ["settled"] * 2
        )
        assert len(ask(port, "GET", "/api/studies/one/restarts")) == 48
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/events") as stream:
            assert stream.readline()
            os.kill(server.pid, signal.SIGTERM)
            stream.read()  # it comes to its end
        logged, said = server.communicate(timeout=60)
        assert server.returncode == 0, said
        assert json.loads(logged.splitlines()[-1])["path"] == "/api/events"
        assert "Traceback" not in said
        assert said.splitlines()[-1] == "Stopped."
    assert query(tmp_path, TRAINED) == [("one", 48, 48), ("two", 48, 48)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["multirestart.db"]
