"""A link shows one study with its report to whoever has it, and opens nothing else."""

from __future__ import annotations

import json
import logging
import re
import time

import pytest

from search.service.keys import digest, new_key
from search.service.logs import REQUESTS, Lines
from storage.values import Scope
from tests.conftest import run_command
from tests.service_tests.conftest import Served


def keyed(served: Served, scope: Scope = Scope.SUBMIT) -> dict[str, str]:
    text, key = new_key(scope.value, scope, None, time.time())
    served.launcher.store.add_key(key)
    return {"Authorization": f"Bearer {text}"}


def shared(served: Served, header: dict[str, str], **asked: str) -> str:
    """The path of a new link to the study."""
    answer = served.client.post("/api/studies/s/shares", json=asked or None, headers=header)
    assert answer.status_code == 201, answer.text
    url = answer.json()["url"]
    assert re.fullmatch(r"http://testserver/shared/[\w-]{43}", url), "256 bits in base 64"
    return str(url).removeprefix("http://testserver")


@pytest.mark.slow
def test_a_link_shows_the_study_and_its_report_without_a_key(served: Served) -> None:
    path = shared(served, keyed(served))
    page, report = served.client.get(path), served.client.get(f"{path}/report")
    assert (page.status_code, report.status_code) == (200, 200)
    assert "<strong>queued</strong>, place 1 in the queue" in page.text
    assert "8 of 8 trials, 16 restarts, 12 escaped" in page.text
    assert f'<iframe src="{path}/report"' in page.text
    assert report.text.startswith("<!doctype html>")
    assert "href=" not in page.text
    assert "/api/" not in page.text
    assert "<script" not in page.text
    for answer in (page, report):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
    known = {"If-None-Match": report.headers["etag"]}
    assert served.client.get(f"{path}/report", headers=known).status_code == 304


def test_a_link_opens_nothing_else(served: Served) -> None:
    header = keyed(served)
    served.client.put("/api/studies/other", json={"trials": 2}, headers=header)
    token = shared(served, header).removeprefix("/shared/")
    page = served.client.get(f"/shared/{token}")
    assert "other" not in page.text, "not even that there is another"
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer mr_{token}"},
        {"Cookie": f"multirestart_key={token}"},
    ):
        for path in ("/", "/studies/s", "/api/studies", "/api/studies/s/report", "/metrics"):
            assert served.client.get(path, headers=headers).status_code == 401
    for path in ("best", "events", "networks/best.keras", "shares", "../s"):
        assert served.client.get(f"/shared/{token}/{path}").status_code in (401, 404)
    for path in (f"/shared/{token}x", f"/shared/{token[:-1]}", "/shared/s", "/shared/x/report"):
        nothing = served.client.get(path)
        assert nothing.status_code == 404
        assert "This link opens nothing" in nothing.text
    assert served.client.get("/shared/").status_code == 404
    assert served.client.post(f"/shared/{token}").status_code == 405


def test_a_link_ends_when_it_is_ended_expires_or_its_study_is_deleted(served: Served) -> None:
    header = keyed(served, Scope.ADMIN)
    first, second, third = (shared(served, header) for _ in range(3))
    rows = served.client.get("/api/studies/s/shares", headers=header).json()
    assert [(row["id"], row["by"], row["expires"], row["valid"]) for row in rows] == [
        (number, "admin", None, True) for number in (1, 2, 3)
    ]
    ended = served.client.delete("/api/studies/s/shares/1", headers=header)
    assert ended.status_code == 204
    assert served.client.delete("/api/studies/s/shares/1", headers=header).status_code == 404
    assert served.client.get(first).status_code == 404
    assert served.client.get(f"{first}/report").status_code == 404
    assert served.client.get(second).status_code == 200
    store, now = served.launcher.store, time.time()
    store.add_share(served.launcher.study.study_id, digest("old"), None, now - 9, now - 1)
    assert served.client.get("/shared/old").status_code == 404
    assert not served.client.get("/api/studies/s/shares", headers=header).json()[-1]["valid"]
    served.client.delete("/api/studies/s", headers=header)
    assert served.client.get(third).status_code == 404
    assert served.client.put("/api/studies/s", json={"trials": 2}, headers=header).is_success
    assert served.client.get(third).status_code == 404, "another study of the same name"


def test_how_long_a_link_lasts_is_told_and_checked(served: Served) -> None:
    asked = {"expires": "30d"}
    made = served.client.post("/api/studies/s/shares", json=asked).json()
    assert abs(made["expires"] - made["created"] - 30 * 86400) < 1e-3
    for faulty in ("soon", "0d", "3m"):
        refused = served.client.post("/api/studies/s/shares", json={"expires": faulty})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "expires"
    assert served.client.post("/api/studies/none/shares").status_code == 404
    assert served.client.get("/api/studies/none/shares").status_code == 404


def test_links_are_made_by_who_may_submit_and_only_a_digest_is_kept(served: Served) -> None:
    reader = keyed(served, Scope.READ)
    assert served.client.post("/api/studies/s/shares", headers=reader).status_code == 403
    token = shared(served, keyed(served)).removeprefix("/shared/")
    assert served.client.get("/api/studies/s/shares", headers=reader).status_code == 200
    assert served.client.delete("/api/studies/s/shares/1", headers=reader).status_code == 403
    held = b"".join(path.read_bytes() for path in served.folder.iterdir() if path.is_file())
    assert digest(token).encode() in held
    assert token.encode() not in held
    (line,) = served.launcher.store.audit(1)
    assert (line.key, line.action, line.subject) == ("submit", "shared", "s")


def test_the_log_of_requests_has_no_secret(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    opened = shared(served, keyed(served))
    with caplog.at_level(logging.INFO, REQUESTS):
        for path in (opened, f"{opened}/report?a=b", f"{opened}/nothing", f"{opened}x"):
            served.client.get(path)
    written = [Lines().format(record) for record in caplog.records]
    paths = [json.loads(line)["path"] for line in written]
    assert paths == [
        *("/shared/{token}", "/shared/{token}/report", "/shared/***/nothing", "/shared/{token}")
    ]
    assert opened.removeprefix("/shared/") not in "".join(written)


def test_links_are_made_and_ended_by_commands_too(served: Served) -> None:
    def keys(*arguments: str, code: int = 0) -> str:
        done = run_command(
            "keys", *arguments, "--storage", served.url, cwd=served.folder, code=code
        )
        return done.stdout if code == 0 else done.stderr

    keyed(served)
    first, second = keys("share", "s").strip(), keys("share", "s", "--expires", "1h").strip()
    assert [served.client.get(path).status_code for path in (first, second)] == [200, 200]
    assert keys("unshare", "s") == "2 links to s ended.\n"
    assert [served.client.get(path).status_code for path in (first, second)] == [404, 404]
    actions = [line.action for line in served.launcher.store.audit(9)]
    assert actions == ["shares ended", "shared", "shared"]
    for refused in (("share", "none"), ("unshare", "none"), ("share", "s", "--expires", "soon")):
        assert keys(*refused, code=2).count("\n") == 1
