"""Who may use the service: nobody without a key where there are keys, and each by its scope."""

from __future__ import annotations

import json
import re
import time
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from search.service.app import _PARTS
from search.service.keys import digest, new_key, recognised
from storage.errors import RecordError
from storage.opening import open_for_reading, open_for_writing
from storage.values import AccessKey, Scope
from tests.conftest import run_command
from tests.service_tests.conftest import Served

OPEN = {"/healthz", "/readyz"}
"""They tell that the service lives, and nothing else."""


def made(served: Served, name: str, scope: Scope, expires: str | None = None) -> dict[str, str]:
    """The header of a new key."""
    text, key = new_key(name, scope, expires, time.time())
    served.launcher.store.add_key(key)
    return {"Authorization": f"Bearer {text}"}


def routes(served: Served) -> list[tuple[str, str]]:
    """Every method and address of the service, filled with names of what is there."""
    assert isinstance(served.client.app, FastAPI)
    paths = served.client.app.openapi()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [(method, path.replace("{name}", "s")) for method, path in found]


def test_no_key_no_data(served: Served) -> None:
    found = routes(served)
    assert len(found) > 15
    assert {path for _, path in found} > OPEN | {"/openapi.json", "/metrics", "/api/events"}
    made(served, "anna", Scope.ADMIN)
    wrong = {"Authorization": "Bearer mr_wrong"}
    for headers in ({}, wrong, {"Authorization": "Basic YTpi"}, {"Cookie": "multirestart_key=x"}):
        for method, path in found:
            answer = served.client.request(method, path, headers=headers)
            if path in OPEN:
                assert answer.status_code == 200
                assert answer.json() in ({"status": "alive"}, {"status": "ready"})
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert "'s'" not in answer.text
    assert served.client.get("/api/studies/none").status_code == 401
    assert [study.name for study in served.launcher.store.studies()] == ["s"]


PAGES = {
    ("GET", "/"): 401,
    ("GET", "/new"): 401,
    ("POST", "/new"): 401,
    ("POST", "/login"): 401,
    ("GET", "/studies/{name}"): 401,
    ("GET", "/shared/{token}"): 404,
    ("GET", "/shared/{token}/report"): 404,
    ("GET", "/live.js"): 200,
    ("GET", "/new.js"): 200,
}
"""What is answered without a key where the description names no route; scripts hold no data."""


def test_no_page_shows_anything_without_a_key(served: Served) -> None:
    found = {
        (method, route.path)
        for part in _PARTS
        for route in part.routes
        if isinstance(route, APIRoute) and not route.include_in_schema
        for method in route.methods or ()
    }
    assert found == PAGES.keys()
    made(served, "anna", Scope.ADMIN)
    for (method, path), status in PAGES.items():
        address = path.replace("{name}", "s").replace("{token}", "s")
        headers = {"Origin": "http://testserver"}
        answer = served.client.request(method, address, headers=headers)
        assert answer.status_code == status, (method, path)
        assert "bands" not in answer.text
        assert "/studies/s" not in answer.text


def test_each_scope_allows_what_it_says(served: Served) -> None:
    by = {scope: made(served, scope.value, scope) for scope in Scope}
    expected = {
        ("GET", "/api/studies"): (200, 200, 200),
        ("GET", "/api/studies/s/best"): (200, 200, 200),
        ("POST", "/api/studies/s/pause"): (403, 200, 200),
        ("POST", "/api/studies/s/restarts/99/1:verify"): (403, 404, 404),
        ("POST", "/api/plans:check"): (200, 200, 200),
        ("POST", "/api/studies/s/shares"): (403, 201, 201),
        ("GET", "/api/studies/s/shares"): (200, 200, 200),
        ("DELETE", "/api/studies/s/shares/99"): (403, 404, 404),
        ("DELETE", "/api/studies/s"): (403, 403, 204),
    }
    for (method, path), statuses in expected.items():
        for scope, status in zip(Scope, statuses, strict=True):
            body = {"trials": 2} if path == "/api/plans:check" else None
            answer = served.client.request(method, path, json=body, headers=by[scope])
            assert answer.status_code == status, (method, path, scope)
    for scope, status in zip(Scope, (403, 201, 200), strict=True):
        answer = served.client.put("/api/studies/new", json={"trials": 2}, headers=by[scope])
        assert answer.status_code == status


def test_a_cookie_reads_and_orders_nothing(served: Served) -> None:
    header = made(served, "anna", Scope.ADMIN)["Authorization"]
    cookie = {"Cookie": f"multirestart_key={header.removeprefix('Bearer ')}"}
    assert served.client.get("/api/studies", headers=cookie).status_code == 200
    assert served.client.post("/api/studies/s/pause", headers=cookie).status_code == 401


def test_a_key_that_is_revoked_or_has_expired_opens_nothing(served: Served) -> None:
    header = made(served, "anna", Scope.READ)
    assert served.client.get("/api/studies", headers=header).status_code == 200
    served.launcher.store.revoke_key("anna")
    assert served.client.get("/api/studies", headers=header).status_code == 401
    assert served.client.get("/api/studies").status_code == 401, "there was a key once"
    text, key = new_key("ben", Scope.READ, "1h", time.time() - 3601)
    assert recognised([key], text) is None
    assert recognised([key, AccessKey("carl", digest(text), Scope.READ, 0.0)], text) is not None


def test_only_a_digest_of_a_key_is_kept(served: Served) -> None:
    header = made(served, "anna", Scope.READ)
    text = header["Authorization"].removeprefix("Bearer ")
    assert re.fullmatch(r"mr_[\w-]{43}", text), "256 bits in base 64"
    held = b"".join(path.read_bytes() for path in served.folder.iterdir() if path.is_file())
    assert b"anna" in held
    assert text.encode() not in held


def test_each_change_is_in_the_audit_by_the_name_of_its_key(served: Served) -> None:
    header = made(served, "anna", Scope.ADMIN)
    for method, path in (
        ("PUT", "/api/studies/new"),
        ("POST", "/api/studies/new/pause"),
        ("POST", "/api/studies/new/pause"),
        ("PUT", "/api/studies/new?priority=3"),
        ("PUT", "/api/studies/new?priority=3"),
        ("DELETE", "/api/studies/new"),
    ):
        body = {"trials": 2} if method == "PUT" else None
        assert served.client.request(method, path, json=body, headers=header).is_success
    served.client.put("/api/studies/new", json={"trials": 0}, headers=header)
    lines = served.launcher.store.audit(9)
    assert [(line.key, line.action, line.subject) for line in lines] == [
        ("anna", "deleted", "new"),
        ("anna", "changed", "new (priority: 0 before, 3 now)"),
        ("anna", "pause", "new"),
        ("anna", "submitted", "new"),
    ]


def test_a_change_without_its_line_of_the_audit_is_none(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_of: object) -> None:
        raise RecordError("the disk is full")

    served.client.put("/api/studies/new", json={"trials": 2})
    with monkeypatch.context() as patch:
        patch.setattr("storage.sql_desk.SqlDesk.add_audit", fail)
        assert served.client.post("/api/studies/new/pause").status_code == 503
        assert served.client.put("/api/studies/new", json={"trials": 3}).status_code == 503
        assert served.client.put("/api/studies/other", json={"trials": 2}).status_code == 503
        assert served.client.put("/api/studies/new?priority=1", json={}).status_code == 503
        assert served.client.delete("/api/studies/new").status_code == 503
    assert served.client.get("/api/studies/new").json()["priority"] == 0
    assert served.client.get("/api/studies/other").status_code == 404
    assert served.client.get("/api/studies/new").json()["trials"]["of"] == 2
    assert served.client.get("/api/studies/new").json()["state"] == "queued"


@pytest.mark.parametrize("header", [{"host": "["}, {"origin": "http://["}])
def test_an_address_that_is_none_is_refused(served: Served, header: dict[str, str]) -> None:
    assert served.client.get("/api/studies", headers=header).status_code == 403


def test_without_a_key_no_long_body_is_read(served: Served) -> None:
    made(served, "anna", Scope.READ)
    answer = served.client.post("/login", content=b"a=1&" * 2**15)
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "a body must be at most 65,536 bytes",
    )
    pieces = iter([b"a=1&" * 2**13] * 4)
    assert served.client.put("/api/data/d.csv", content=pieces).status_code == 401


def test_keys_are_made_listed_and_revoked_by_commands(tmp_path: Path) -> None:
    done = run_command("keys", "add", "anna", "--expires", "30d", cwd=tmp_path)
    url = f"sqlite:///{tmp_path / 'multirestart.db'}"
    with closing(open_for_reading(url)) as store:
        (key,) = store.access_keys()
    assert recognised([key], done.stdout.strip()) == key
    assert key.expires is not None
    assert abs(key.expires - key.created - 30 * 86400) < 1e-3
    assert "anna" in run_command("keys", "list", cwd=tmp_path).stdout
    csv = run_command("keys", "list", "--format", "csv", cwd=tmp_path).stdout
    assert csv.splitlines()[1].startswith("anna,submit,valid,")
    run_command("keys", "revoke", "anna", cwd=tmp_path)
    assert ",revoked," in run_command("keys", "list", "--format", "csv", cwd=tmp_path).stdout
    for refused in (
        ("revoke", "anna"),
        ("add", "anna"),
        ("add", "ben", "--expires", "soon"),
        ("add", "\x1b"),
        ("add", "ben", "--scope", "all"),
    ):
        said = run_command("keys", *refused, cwd=tmp_path, code=2).stderr
        assert said.count("\n") == 1
    with closing(open_for_writing(url)) as store:
        assert [line.action for line in store.audit(9)] == ["key revoked", "key made"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_it_does_not_listen_beyond_this_machine_without_a_key(tmp_path: Path, host: str) -> None:
    said = run_command("serve", "--host", host, cwd=tmp_path, code=2).stderr
    assert "make a key first by `multirestart keys add NAME`" in said
    run_command("keys", "add", "anna", cwd=tmp_path)
    run_command("keys", "revoke", "anna", cwd=tmp_path)
    run_command("serve", "--host", host, cwd=tmp_path, code=2)


def test_without_a_key_no_body_of_a_change_is_looked_at(served: Served) -> None:
    made(served, "anna", Scope.READ)
    for path in ("/api/studies/new", "/api/plans:check", "/api/nothing"):
        answer = served.client.put(path, content=b"{broken")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_audit_is_shown_by_a_command(served: Served) -> None:
    header = made(served, "anna", Scope.ADMIN)
    served.client.put("/api/studies/new", json={"trials": 2}, headers=header)
    served.client.put("/api/studies/new", json={"trials": 4}, headers=header)
    options = ("keys", "audit", "--storage", served.url)
    last = run_command(*options, "--top", "1", "--format", "json", cwd=served.folder).stdout
    (row,) = json.loads(last)
    assert row.keys() == {"time", "key", "action", "subject"}
    assert (row["key"], row["action"]) == ("anna", "changed")
    assert row["subject"] == "new (trials: 2 before, 4 now)"
    shown = run_command(*options, cwd=served.folder).stdout.splitlines()
    assert [line.split()[2:4] for line in shown[-2:]] == [
        ["anna", "changed"],
        ["anna", "submitted"],
    ]
