"""The service on PostgreSQL, with two workers that pretend to train, one of them killed."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from search.service.app import create_app
from tests.command_tests.processes import running, wait_until
from tests.postgresql import Server

PLAN = {"sampler": "random", "trials": 12, "restarts": 4, "learning_rate": "0.01:1"}


@pytest.mark.slow
def test_two_workers_train_what_many_clients_submit(tmp_path: Path, postgresql: Server) -> None:
    url = postgresql.new()
    work = ("work", "--storage", url, "--workers", "1")
    with TestClient(create_app(url)) as client:
        answers: list[int] = []

        def submit() -> None:
            answers.append(client.put("/api/studies/one", json=PLAN).status_code)

        clients = [threading.Thread(target=submit) for _ in range(8)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        assert sorted(answers) == [200] * 7 + [201]

        def settled() -> int:
            found: int = client.get("/api/studies/one").json()["trials"]["settled"]
            return found

        with (
            running(tmp_path, *work, pretend=0.3) as doomed,
            running(tmp_path, *work, "--until-empty", pretend=0.3) as worker,
        ):
            wait_until(lambda: settled() >= 2)
            assert client.get("/api/studies/one").json()["state"] == "running"
            os.killpg(doomed.pid, signal.SIGKILL)
            _, said = worker.communicate(timeout=120)
            assert worker.returncode == 0, said
        assert client.get("/api/studies/one").json()["state"] == "settled"
        rows = client.get("/api/studies/one/restarts").json()
        kept = {
            (row["scaling"], row["optimizer"], row["learning_rate"], row["seed"]) for row in rows
        }
        assert len(rows) == len(kept) == 48
