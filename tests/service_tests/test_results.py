"""What a study says, over HTTP: the rows of the commands, conditionally; the report; events."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from typing import Any

import pytest
from fastapi import Request
from fastapi.sse import ServerSentEvent
from starlette.exceptions import HTTPException

from search.service.events import _changes
from search.service.turns import Turns
from search.studies.ordering import order
from storage.values import AccessKey, Scope
from tests.command_tests.processes import wait_until
from tests.conftest import run_command
from tests.service_tests.conftest import Served


@pytest.mark.parametrize("command", ["best", "times", "compare", "effects", "basins", "restarts"])
@pytest.mark.parametrize("output", ["json", "csv"])
def test_rows_are_those_of_the_commands(served: Served, command: str, output: str) -> None:
    said = run_command(
        *(command, "--storage", served.url, "--format", output), cwd=served.folder
    ).stdout
    answer = served.client.get(f"/api/studies/s/{command}?format={output}")
    assert answer.status_code == 200
    assert answer.text == said
    assert len(answer.text) > 200
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

    def noted(**given: Any) -> ServerSentEvent:
        told.append(given)
        return ServerSentEvent(**given)

    monkeypatch.setattr("search.service.events.ServerSentEvent", noted)

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


def test_events_end_with_the_key(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.service.events._SECONDS_BETWEEN_LOOKS_AT_KEYS", -1.0)
    store = served.launcher.store
    store.add_key(AccessKey("anna", "0" * 64, Scope.READ, time.time()))
    service = served.client.app.state.service  # type: ignore[attr-defined]
    scope = {"type": "http", "app": served.client.app, "method": "GET", "headers": []}

    async def first() -> ServerSentEvent:
        return await anext(_changes(service, Request(scope), None, None))

    event = asyncio.run(first())
    assert (event.event, event.data) == ("closed", "the key has ended")


def test_a_report_is_drawn_once_for_all_who_ask_for_the_same(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def draw(*_given: object) -> str:
        time.sleep(0.2)
        drawn.append(threading.get_ident())
        return f"report {len(drawn)}"

    monkeypatch.setattr("search.reports.page.html_page", draw)
    found: Counter[str] = Counter()

    def ask(path: str) -> None:
        answer = served.client.get(path)
        found[answer.text if answer.status_code == 200 else str(answer.status_code)] += 1

    share = served.client.post("/api/studies/s/shares").json()["url"]
    paths = ["/api/studies/s/report", f"/shared/{share.rpartition('/')[2]}/report?x=1"] * 3
    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"report 1": 6}
    assert len(drawn) == 1
    order(served.launcher.store, "s", "pause")
    ask("/api/studies/s/report")
    assert found["report 2"] == 1


def test_few_wait_for_their_turn(served: Served) -> None:
    turns, let_go = Turns("report", 30, most_waiting=2), threading.Event()
    told: Counter[str] = Counter()

    def take() -> None:
        try:
            with turns.turn():
                let_go.wait()
                told["had"] += 1
        except HTTPException as error:
            told[f"{error.status_code} {error.headers}"] += 1

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    refused = "503 {'Retry-After': '30'}"
    wait_until(lambda: told[refused] == 5)
    let_go.set()
    for thread in threads:
        thread.join()
    assert told == {refused: 5, "had": 3}


def test_two_configurations_are_compared_also_of_two_studies(served: Served) -> None:
    one, other = "standard/adam/0.1", "standard/sgd/0.1"
    here = run_command(
        *("compare", one, other, "--storage", served.url, "--format", "json"), cwd=served.folder
    ).stdout
    answer = served.client.get(f"/api/studies/s/compare?first={one}&second={other}")
    assert answer.text == here
    across = served.client.get(f"/api/studies/s/compare?first=s:{one}&second=none:{other}")
    assert (across.status_code, across.json()["detail"]) == (
        404,
        "there is no study 'none'; there are: s",
    )
    single = served.client.get(f"/api/studies/s/compare?first={one}")
    assert single.status_code == 422
    assert served.client.get("/api/studies/s/race").json()["detail"] == "study 's' has no race"


def test_the_program_of_any_restart_is_given_and_what_is_not_there_is_not_found(
    served: Served,
) -> None:
    best = served.client.get("/api/studies/s/networks/best.py")
    assert best.headers["content-disposition"] == 'attachment; filename="best.py"'
    here = run_command("export", "--code", "--storage", served.url, cwd=served.folder).stdout
    assert best.text == here
    (row, *_) = served.client.get("/api/studies/s/restarts").json()
    which = f"trial={row['trial']}&seed={row['seed']}"
    program = served.client.get(f"/api/studies/s/networks/best.py?{which}").text
    assert f"SEED = {row['seed']}" in program
    served.client.put("/api/studies/new", json={"trials": 2})
    for path, status, said in (
        ("new/networks/best.keras", 422, "has no restart that ended without diverging"),
        ("new/networks/best.py", 422, "has no restart that ended without diverging"),
        ("s/networks/best.keras?trial=0", 422, "seed must be given too, for a restart is named by"),
        ("s/networks/best.py?trial=0&seed=0", 404, "trial 0 holds seeds"),
        ("s/networks/best.keras?trial=99&seed=0", 404, "trial 99 has no recorded restarts"),
    ):
        refused = served.client.get(f"/api/studies/{path}")
        assert refused.status_code == status, path
        assert said in refused.json()["detail"]


def test_what_is_kept_is_never_older_than_its_tag(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = served.client.app.state.service  # type: ignore[attr-defined]
    of = service.marks.of

    def grown(study_id: int | None = None) -> Any:
        monkeypatch.setattr(service.marks, "of", of)
        served.client.put("/api/studies/s", json={"trials": 30})  # between the looks of a request
        return of(study_id)

    monkeypatch.setattr(service.marks, "of", grown)
    first = served.client.get("/api/studies/s/report")
    assert "trials = 30" in first.text
    again = served.client.get("/api/studies/s/report")
    assert (again.headers["etag"], again.text) == (first.headers["etag"], first.text)


def test_a_report_by_none_is_no_report_by_what_the_study_seeks(served: Served) -> None:
    assert served.client.get("/api/studies/s/report").status_code == 200
    assert served.client.get("/api/studies/s/report?success=None").status_code == 422


def test_what_is_not_there_has_changed_for_everybody(served: Served) -> None:
    headers = {"If-None-Match": "*"}
    for path, status in (("race", 404), ("networks/best.keras?trial=1", 422), ("best", 200)):
        assert served.client.get(f"/api/studies/s/{path}", headers=headers).status_code == status
