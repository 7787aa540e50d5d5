"""The form that submits a study: whole without JavaScript, for those alone who may submit."""

from __future__ import annotations

import hashlib
import re
import time
from html import unescape
from typing import Any

import pytest

from search.problem.errors import InvalidValuesError
from search.problem.plan_fields import PlanFields
from search.service.form_fields import form_fields, plan_of
from search.service.keys import new_key
from search.studies.opening import open_study
from storage.values import Limits, Scope
from tests.service_tests.conftest import Served

OWN = {"Origin": "http://testserver"}
FORM: dict[str, Any] = {
    "study": "new",
    "data": "bands2d",
    "scaling": ["standard"],
    "optimizer": ["sgd", "adam"],
    "learning_rate": "0.1",
    "hidden": "3,2",
    "epochs": "10",
    "restarts": "4",
    "trials": "2",
}


def send(served: Served, headers: dict[str, str] | None = None, **changes: object) -> Any:
    form = {**FORM, **changes}
    return served.client.post(
        "/new", data=form, headers={**OWN, **(headers or {})}, follow_redirects=False
    )


def faults(text: str) -> dict[str, str]:
    """What is said by each field of the form, where anything is."""
    found = re.findall(r'id="fault-(\w+)" data-level>(.*?)</p>', text, re.S)
    return {name: unescape(said) for name, said in found if said}


def test_a_form_that_is_filled_in_makes_the_study_and_leads_to_it(served: Served) -> None:
    answer = send(served, first="standard/adam/0.1", l2="0.001", priority="5")
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies/new")
    study = open_study(served.url, "new")
    assert study.problem.data.name == "bands2d"
    assert (study.problem.hidden, study.problem.epochs, study.problem.l2) == ((3, 2), 10, 0.001)
    assert study.space.scalings == ("standard",)
    assert study.record.search["trials"] == 2
    assert served.client.get("/api/studies/new").json()["priority"] == 5
    again = send(served, first="standard/adam/0.1", l2="0.001", priority="5")
    assert again.status_code == 303
    assert len(served.launcher.store.audit(9)) == 1


def test_what_is_wrong_is_said_by_its_field_and_what_was_typed_stays(served: Served) -> None:
    answer = send(served, epochs="-5x", learning_rate="1:0.1", hidden="", priority="high")
    assert answer.status_code == 422
    said = faults(answer.text)
    assert said.keys() == {"epochs", "learning_rate", "priority"}
    assert said["epochs"] == "epochs must be a whole number, received '-5x'"
    assert said["priority"] == "priority must be a whole number from -1000 to 1000, received 'high'"
    assert "3 values are not valid yet" in answer.text
    assert 'value="-5x"' in answer.text
    assert 'value="sgd" checked' in answer.text
    assert 'value="none" checked' not in answer.text
    assert answer.text.count('aria-invalid="true"') == 3
    assert "<details open>" in answer.text, "where the priority stands"
    nameless = send(served, study=" ")
    assert faults(nameless.text) == {"study": "study must be given, received nothing"}
    other = served.client.put("/api/studies/new", json={"restarts": 9})
    assert other.status_code == 201
    differs = send(served)
    assert differs.status_code == 409
    assert "restarts is 9, not 4" in differs.text
    assert [row["name"] for row in served.client.get("/api/studies").json()] == ["s", "new"]


def test_a_check_tells_what_a_plan_comes_to_and_submits_nothing(served: Served) -> None:
    text = send(served, check="", study="").text
    assert faults(text) == {}, "the name is not typed yet"
    assert "2 trials make 8 restarts of 10 epochs" in text
    shown = unescape(re.sub(r"<.*?>", "", text))
    assert "multirestart launch --data bands2d --hidden 3,2 --epochs 10" in shown
    assert "curl -X PUT http://testserver/api/studies/NAME -H" in shown
    assert 'data = "bands2d"' in shown
    assert "goes on" in send(served, check="", study="s", data="bands", **SAME_AS_S).text
    assert [row["name"] for row in served.client.get("/api/studies").json()] == ["s"]


def test_a_file_of_ones_own_is_uploaded_and_chosen(served: Served) -> None:
    points = b"x,kind\n0,a\n1,b\n2,a\n"

    def sent(name: str, content: bytes = points, **changes: object) -> Any:
        form = {**FORM, **changes}
        return served.client.post(
            "/new",
            data=form,
            files={"file": (name, content, "application/octet-stream")},
            headers=OWN,
            follow_redirects=False,
        )

    looked = sent("my points.csv", check="", target="")
    name = f"my-points-{hashlib.sha256(points).hexdigest()[:8]}"
    assert f"<option selected>{name}</option>" in looked.text
    assert "target must name the class column" in faults(looked.text)["target"]
    assert sent("my points.csv", target="kind").status_code == 303
    assert open_study(served.url, "new").problem.data.classes == ("a", "b")
    assert [line.action for line in served.launcher.store.audit(9)] == ["submitted", "uploaded"]
    for file, content in (
        ("points.xlsx", points),
        ("points.csv", b""),
        ("points.csv", b"\0\xff"),
        ("points.csv", b"x\0y"),
        ("points.parquet", points),
    ):
        refused = sent(file, content)
        assert refused.status_code == 422
        said = f"file must be a CSV or Parquet file, received {file!r}"
        assert faults(refused.text)["file"] == said
    assert sent("", b"", target="", study="built-in").status_code == 303, "no file was chosen"
    assert list(served.launcher.store.uploads()) == [name]


SAME_AS_S: dict[str, Any] = {
    "scaling": ["none", "standard"],
    "learning_rate": "0.01,0.1",
    "hidden": "",
    "epochs": "",
    "restarts": "2",
    "trials": "",
}


def test_a_form_that_no_person_fills_in_is_refused(served: Served) -> None:
    assert send(served, study="x" * 65_536).status_code == 413
    assert send(served, scaling=["none"] * 300).status_code == 413


def test_values_are_text_and_no_markup(served: Served) -> None:
    mark = '"><script>alert(1)</script>'
    text = send(served, study=mark, target=mark, optimizer_others=mark, vary=mark).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_only_who_may_submit_sees_or_sends_it_and_only_from_its_own_page(served: Served) -> None:
    def cookie(scope: Scope, **most: int) -> dict[str, str]:
        text, key = new_key(scope.value, scope, None, time.time(), Limits(**most))
        served.launcher.store.add_key(key)
        return {"Cookie": f"multirestart_key={text}"}

    reader, submitter = cookie(Scope.READ), cookie(Scope.SUBMIT, most_studies=1)
    for headers, status in (({}, 401), (reader, 403), (submitter, 200)):
        page = served.client.get("/new", headers=headers)
        assert page.status_code == status
        assert ('<form method="post" action="/new"' in page.text) == (status == 200)
        listed = served.client.get("/", headers=headers)
        assert ('href="/new"' in listed.text) == (status == 200)
        for check in ({}, {"check": ""}):
            if status != 200:
                assert send(served, headers, **check).status_code == status
                file = {"file": ("a.csv", b"x,y\n1,2\n", "text/csv")}
                with_file = served.client.post("/new", files=file, headers={**OWN, **headers})
                assert with_file.status_code == status
    bare = served.client.post("/new", data=FORM, headers=submitter)
    assert bare.status_code == 403, "no browser sends a form without Origin"
    for origin in ("https://elsewhere.example", "null", "http://testserver.example"):
        assert send(served, {**submitter, "Origin": origin}).status_code == 403
    for path in ("/api/studies/s/pause", "/api/plans:check"):
        asked = served.client.post(path, json={}, headers={**OWN, **submitter})
        assert asked.status_code == 401, "the cookie is for the form alone"
    assert len(served.launcher.store.studies()) == 1
    assert send(served, submitter).status_code == 303
    (line,) = served.launcher.store.audit(9)
    assert (line.key, line.action, line.subject) == ("submit", "submitted", "new")
    full = send(served, submitter, study="another")
    assert (full.status_code, full.headers["retry-after"]) == (429, "60")
    assert "has as many studies queued or running as it may at a time, 1" in full.text


def test_a_form_asks_for_what_a_plan_can_say() -> None:
    fields = form_fields(["points"])
    names = {field.name for field in fields}
    assert names - {"optimizer_others", "priority", "file"} == PlanFields.model_fields.keys()
    filled = {
        "learning_rate": [" 0.001:1 "],
        "batch_size": ["full"],
        "use_bias": ["no"],
        "l2": ["nan"],
        "drop": ["a, b"],
        "vary": ["hidden=2,4-4\r\n\r\nbatch-order = fixed"],
        "optimizer": ["sgd"],
        "optimizer_others": ["adam:beta_2=0.9"],
        "epochs": [""],
        "priority": ["3"],
        "unknown": ["x"],
    }
    assert plan_of(filled, fields) == {
        "learning_rate": "0.001:1",
        "batch_size": "full",
        "use_bias": False,
        "l2": "nan",
        "drop": ["a", "b"],
        "vary": {"hidden": "2,4-4", "batch_order": "fixed"},
        "optimizer": ["sgd", "adam:beta_2=0.9"],
    }
    for wrong in ("hidden", "l2=1\nl2=2"):
        with pytest.raises(InvalidValuesError, match="must have lines like batch_size=16,32"):
            plan_of({"vary": [wrong]}, fields)


def test_a_long_file_is_taken_of_whose_key_allows_it(served: Served) -> None:
    text, key = new_key("anna", Scope.SUBMIT, None, time.time(), Limits(most_bytes=200_000))
    served.launcher.store.add_key(key)
    headers = {**OWN, "Cookie": f"multirestart_key={text}"}
    for rows, status in ((20_000, 303), (60_000, 413)):
        points = "x,kind\n" + "".join(f"{row % 7},{'ab'[row % 2]}\n" for row in range(rows))
        files = {"file": ("points.csv", points.encode(), "text/csv")}
        form = {**FORM, "target": "kind"}
        answer = served.client.post(
            "/new", data=form, files=files, headers=headers, follow_redirects=False
        )
        assert answer.status_code == status
