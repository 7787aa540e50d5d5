"""The service on PostgreSQL, with two workers that pretend to train, one of them killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from search.service.app import create_app
from search.service.keys import new_key
from storage.opening import open_for_writing
from storage.values import Limits, Scope
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


@pytest.mark.slow
def test_two_services_at_once_let_a_key_have_no_more_than_it_may(postgresql: Server) -> None:
    url = postgresql.new()
    text, key = new_key("anna", Scope.SUBMIT, None, time.time(), Limits(most_studies=3))
    with closing(open_for_writing(url)) as store:
        store.add_key(key)
    headers = {"Authorization": f"Bearer {text}"}
    with TestClient(create_app(url)) as one, TestClient(create_app(url)) as other:
        # FastAPI makes its routes with the first request, and has the threads' warnings silent
        # meanwhile: two applications of one process must not do so at once.
        assert [each.get("/healthz").status_code for each in (one, other)] == [200, 200]

        def at_once(method: str, path: str, body: object) -> Counter[int]:
            """The statuses of a request for eight studies, by turns to each service."""
            found: Counter[int] = Counter()

            def ask(number: int) -> None:
                client = (one, other)[number % 2]
                answer = client.request(
                    method, path.format(f"s{number}"), json=body, headers=headers
                )
                found[answer.status_code] += 1

            threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return found

        assert at_once("PUT", "/api/studies/{}", PLAN) == {201: 3, 429: 5}
        assert at_once("POST", "/api/studies/{}/pause", None) == {200: 3, 404: 5}
        assert at_once("PUT", "/api/studies/{}", PLAN) == {200: 3, 201: 3, 429: 2}
        assert at_once("POST", "/api/studies/{}/pause", None) == {200: 6, 404: 2}
        assert at_once("POST", "/api/studies/{}/resume", None) == {200: 3, 429: 3, 404: 2}
