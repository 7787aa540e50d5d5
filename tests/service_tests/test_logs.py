"""What the service writes of itself: a JSON line a request, and never a secret."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from search.service.keys import new_key
from search.service.logs import REQUESTS, Lines, RequestLog
from storage.values import Scope
from tests.service_tests.conftest import Served


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(Lines().format(record)) for record in caplog.records]


def test_a_request_is_a_line_with_the_name_of_the_key_and_never_the_key(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    text, key = new_key("anna", Scope.READ, None, time.time())
    served.launcher.store.add_key(key)
    given = {"Authorization": f"Bearer {text}"}
    with caplog.at_level(logging.INFO, REQUESTS):
        served.client.get("/api/studies/s/best?top=1", headers=given)
        served.client.get("/api/studies/nothing", headers=given)
        served.client.get("/api/studies")
        served.client.get("/healthz", headers={"Host": "elsewhere.example"})
    found = lines(caplog)
    assert [(one["method"], one["path"], one["status"], one["key"]) for one in found] == [
        ("GET", "/api/studies/s/best", 200, "anna"),
        ("GET", "/api/studies/nothing", 404, "anna"),
        ("GET", "/api/studies", 401, None),
        ("GET", "/healthz", 403, None),
    ]
    for one in found:
        assert list(one) == ["time", "level", "method", "path", "status", "ms", "key"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["time"])
        assert 0 < one["ms"] < 60_000
    assert text not in caplog.text


def test_a_secret_in_a_path_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    app, links = FastAPI(), APIRouter(prefix="/links")
    app.add_middleware(RequestLog)

    @links.get("/{token}/of/{name}")
    def get_link(token: str, name: str) -> str:
        return token + name

    app.include_router(links)
    with caplog.at_level(logging.INFO, REQUESTS):
        TestClient(app).get("/links/a-secret/of/s?and=another-secret")
        TestClient(app).get(f"/links/{secrets.token_urlsafe(32)}/nothing")
    paths = [one["path"] for one in lines(caplog)]
    assert paths == ["/links/{token}/of/s", "/links/***/nothing"]


def test_an_error_is_one_line_with_its_traceback() -> None:
    record = logging.LogRecord(
        "multirestart.service", logging.ERROR, "", 1, "it %s", ("broke",), None
    )
    record.exc_info = (ValueError, ValueError("so"), None)
    (line,) = Lines().format(record).splitlines()
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("error", "it broke")
    assert told["traceback"].endswith("ValueError: so")
