"""The pages: whole without JavaScript, live with it, and empty for whoever has no key."""

from __future__ import annotations

import time
from urllib.parse import quote

from search.service.keys import new_key
from storage.values import Scope
from tests.service_tests.conftest import Served


def keyed(served: Served) -> str:
    text, key = new_key("anna", Scope.READ, None, time.time())
    served.launcher.store.add_key(key)
    return text


def test_the_list_and_a_study_tell_how_they_stand(served: Served) -> None:
    page = served.client.get("/")
    assert page.status_code == 200
    assert '<a href="/studies/s">s</a></td><td>queued</td><td>1</td><td>8 of 8</td>' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    study = served.client.get("/studies/s").text
    assert "<strong>queued</strong>, place 1 in the queue" in study
    assert '<iframe id="report" src="/api/studies/s/report"' in study
    gone = served.client.get("/studies/none", follow_redirects=False)
    assert (gone.status_code, gone.headers["location"]) == (303, "/")


def test_names_are_text_and_no_markup(served: Served) -> None:
    name = '<script>alert(1)<\\script> & "co"'
    assert served.client.put(f"/api/studies/{quote(name)}", json={"trials": 2}).is_success
    for path in ("/", f"/studies/{quote(name)}"):
        text = served.client.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "/studies/%3Cscript%3E" in text


def test_without_a_key_a_page_shows_a_form_and_nothing_else(served: Served) -> None:
    text = keyed(served)
    for path in ("/", "/studies/s", "/studies/none"):
        page = served.client.get(path)
        assert page.status_code == 401
        assert '<form method="post" action="/login">' in page.text
        assert "/studies/s" not in page.text
    refused = served.client.post("/login", data={"key": "mr_wrong"})
    assert refused.status_code == 401
    assert "That key is not valid" in refused.text
    assert "set-cookie" not in refused.headers
    opened = served.client.post("/login", data={"key": text}, follow_redirects=False)
    cookie = opened.headers["set-cookie"].lower()
    assert opened.status_code == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "/studies/s" in served.client.get("/").text
    assert served.client.get("/api/studies/s/report").status_code == 200
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert served.client.post("/login", data={"key": text}, headers=elsewhere).status_code == 403
    served.launcher.store.revoke_key("anna")
    assert served.client.get("/").status_code == 401
