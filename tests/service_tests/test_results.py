"""What a study says, over HTTP: the rows of the commands, conditionally; the report; events."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from fastapi import Request

from search.service.events import _look
from search.studies.ordering import order
from storage.values import AccessKey, Scope
from tests.command_tests.processes import wait_until
from tests.conftest import run_command
from tests.service_tests.conftest import Served


@pytest.mark.parametrize("command", ["best", "times", "effects", "basins", "restarts"])
@pytest.mark.parametrize("output", ["json", "csv"])
def test_rows_are_those_of_the_commands(served: Served, command: str, output: str) -> None:
    said = run_command(
        *(command, "--storage", served.url, "--format", output), cwd=served.folder
    ).stdout
    answer = served.client.get(f"/api/studies/s/{command}?format={output}")
    assert answer.status_code == 200
    assert answer.text == said
    assert answer.text.count("\n") > 4
    media_type = {"json": "application/json", "csv": "text/csv; charset=utf-8"}[output]
    assert answer.headers["content-type"] == media_type


def test_criteria_and_choices_are_those_of_the_commands(served: Served) -> None:
    def rows(path: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = served.client.get(f"/api/studies/s/{path}").json()
        return found

    assert [row["solved"] for row in rows("best?success=solved&top=2")] == [2, 2]
    assert len(rows("times?top=3")) == 3
    assert len(rows("basins?configuration=standard/adam/0.1")) == 1
    restarts = rows("restarts?configuration=none/sgd/0.01")
    assert [row["outcome"] for row in restarts] == ["solved", "not escaped"]
    for path, field in (
        ("best?success=often", "success"),
        ("best?top=0", "top"),
        ("best?format=xml", "format"),
        ("times?success=loss:0.1", "success"),
        ("restarts?configuration=a/b/c", "configuration"),
    ):
        refused = served.client.get(f"/api/studies/s/{path}")
        assert refused.status_code == 422, path
        assert refused.headers["content-type"] == "application/problem+json"
        assert field in refused.text


def test_what_has_not_changed_is_not_sent_again(served: Served) -> None:
    def ask(path: str, etag: str = "") -> tuple[int, str]:
        answer = served.client.get(f"/api/studies/s/{path}", headers={"If-None-Match": etag})
        return answer.status_code, answer.headers["etag"]

    _, etag = ask("best")
    assert ask("best", etag) == (304, etag)
    assert ask("best", f'"other", W/{etag}') == (304, etag)
    assert ask("best?top=1", etag)[0] == 200
    assert ask("times", etag)[0] == 200
    order(served.launcher.store, "s", "pause")
    assert ask("best", etag)[0] == 200


@pytest.mark.slow
def test_the_report_is_the_page_of_the_command(served: Served) -> None:
    answer = served.client.get("/api/studies/s/report")
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("<!doctype html>")
    assert "8 configurations" in answer.text or "16 restarts" in answer.text
    etag = {"If-None-Match": answer.headers["etag"]}
    assert served.client.get("/api/studies/s/report", headers=etag).status_code == 304


def test_a_study_without_complete_trials_has_empty_rows_and_no_report(served: Served) -> None:
    served.client.put("/api/studies/new", json={"trials": 2})
    assert served.client.get("/api/studies/new/best").json() == []
    assert served.client.get("/api/studies/new/restarts?format=csv").text.count("\n") == 1
    refused = served.client.get("/api/studies/new/report")
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "study 'new' has no complete trials yet",
    )


def events(served: Served, path: str, last: str | None = None) -> list[dict[str, str]]:
    """The events of a stream until it ends."""
    headers = {} if last is None else {"Last-Event-ID": last}
    found, event = [], {}
    for line in served.client.get(path, headers=headers).text.splitlines():
        if line.startswith(":"):
            continue
        if line:
            field, _, value = line.partition(": ")
            event[field] = value
        elif event:
            found.append(event)
            event = {}
    return found


def test_events_tell_each_change_and_go_on_after_the_last_that_was_seen(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/studies/new/events"
    served.client.put("/api/studies/new", json={"trials": 2})
    told = []

    def look(*given: Any) -> Any:
        found = _look(*given)
        if found[1] is not None:
            told.append(found[1])
        return found

    monkeypatch.setattr("search.service.events._look", look)

    def change() -> None:
        wait_until(lambda: len(told) == 1)
        order(served.launcher.store, "new", "pause")
        wait_until(lambda: len(told) == 2)
        served.client.delete("/api/studies/new")

    other = threading.Thread(target=change)
    other.start()
    first, second, last = events(served, path)
    other.join()
    assert [event["event"] for event in (first, second, last)] == ["study", "study", "deleted"]
    assert [json.loads(event["data"])["state"] for event in (first, second)] == [
        "queued",
        "paused",
    ]
    assert first["id"] != second["id"]
    # Whoever comes again with the last id hears nothing of what it knows.
    (only,) = events(served, path, second["id"])
    assert only["event"] == "deleted"


def test_events_end_with_the_key(served: Served) -> None:
    store = served.launcher.store
    store.add_key(AccessKey("anna", "0" * 64, Scope.READ, time.time()))
    service = served.client.app.state.service  # type: ignore[attr-defined]
    scope = {"type": "http", "app": served.client.app, "method": "GET", "headers": []}
    _, event = _look(service, Request(scope), None, None)
    assert event is not None
    assert (event.event, event.data) == ("closed", "the key has ended")
