"""The queue over HTTP: studies are submitted once, ordered, deleted; faults are told at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from search.service.app import create_app
from search.studies.opening import open_study
from storage.errors import RecordFailedError
from tests.command_tests.processes import wait_until
from tests.conftest import at_once
from tests.search_tests.launchers import Launcher
from tests.service_tests.conftest import Served

PLAN = {
    "data": "bands",
    "scaling": ["none", "standard"],
    "learning_rate": [0.01, 0.1],
    "trials": 6,
    "restarts": 4,
}


def submit(served: Served, name: str = "new", **changes: object) -> dict[str, object]:
    answer = served.client.put(f"/api/studies/{name}", json={**PLAN, **changes})
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_plan_makes_one_study_however_often_it_is_submitted(served: Served) -> None:
    made = served.client.put("/api/studies/new", json=PLAN)
    assert made.status_code == 201
    study = made.json()["study"]
    assert (study["state"], study["place"], study["priority"]) == ("queued", 2, 0)
    assert study["trials"] == {"settled": 0, "complete": 0, "running": 0, "of": 6}
    again = served.client.put("/api/studies/new", json=PLAN)
    assert (again.status_code, again.json()["created"], again.json()["changes"]) == (200, False, [])
    assert again.json()["study"] == study
    assert [row["name"] for row in served.client.get("/api/studies").json()] == ["s", "new"]
    assert open_study(served.url, "new").record.search["trials"] == 6


def test_another_plan_under_its_name_is_refused_with_the_differences(served: Served) -> None:
    submit(served)
    refused = served.client.put("/api/studies/new", json={**PLAN, "restarts": 8, "hidden": [3]})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["differences"] == ["hidden is 2, not 3", "restarts is 4, not 8"]
    assert submit(served, trials=9)["changes"] == ["trials: 6 before, 9 now"]


def test_all_faults_are_told_at_once_with_their_fields(served: Served) -> None:
    faulty = {**PLAN, "epochs": -1, "optimizer": "adm", "trials": 0, "data": "/etc/passwd"}
    refused = served.client.put("/api/studies/new", json=faulty)
    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json()["errors"]] == ["data"]
    del faulty["data"]
    refused = served.client.put("/api/studies/new", json=faulty)
    assert {fault["field"] for fault in refused.json()["errors"]} == {
        "epochs",
        "optimizer",
        "trials",
    }
    unknown = served.client.put("/api/studies/new", json={"epoch": 3, "restarts": "4"}).json()
    assert [fault["field"] for fault in unknown["errors"]] == ["restarts", "epoch"]
    assert "did you mean epochs" in unknown["detail"]
    for body in ("[]", "nothing", '"text"'):
        answer = served.client.put("/api/studies/new", content=body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"]
    large = {**PLAN, "trials": 1_000_000, "restarts": 1_000_000}
    assert served.client.put("/api/studies/new", json=large).status_code == 422
    assert served.client.put("/api/studies/new", json={**PLAN, "study": "old"}).status_code == 422
    assert [row["name"] for row in served.client.get("/api/studies").json()] == ["s"]


def test_orders_change_the_state_and_are_refused_where_they_cannot_be_followed(
    served: Served,
) -> None:
    submit(served)
    for what, state in (
        ("pause", "paused"),
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("kill", "cancelled"),
        ("resume", "queued"),
    ):
        answer = served.client.post(f"/api/studies/new/{what}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    served.client.post("/api/studies/new/cancel")
    refused = served.client.post("/api/studies/new/pause")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "study 'new' is cancelled: there is nothing to pause"
    assert served.client.post("/api/studies/none/pause").status_code == 404
    assert served.client.post("/api/studies/new/dance").status_code == 404


def test_a_deleted_study_is_gone(served: Served) -> None:
    submit(served)
    assert served.client.delete("/api/studies/new").status_code == 204
    for answer in (
        served.client.delete("/api/studies/new"),
        served.client.get("/api/studies/new"),
        served.client.get("/api/studies/new/best"),
        served.client.get("/api/studies/new/report"),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no study 'new'"


def test_studies_of_higher_priority_stand_before_others(served: Served) -> None:
    served.client.put("/api/studies/late", json=PLAN)
    served.client.put("/api/studies/urgent?priority=5", json=PLAN)
    served.client.post("/api/studies/s/pause")
    found = served.client.get("/api/studies").json()
    assert [(row["name"], row["place"]) for row in found] == [
        ("urgent", 1),
        ("late", 2),
        ("s", None),
    ]
    assert served.client.put("/api/studies/late?priority=1001", json=PLAN).status_code == 422


def test_it_tells_when_studies_are_expected_to_end_while_somebody_works(served: Served) -> None:
    assert submit(served)["study"]["expected_finish"] is None  # type: ignore[index]
    other = Launcher(served.folder, trials=16)
    assert other.claim().number == 8
    (working, waiting) = served.client.get("/api/studies").json()
    assert (working["state"], working["trials"]["running"]) == ("running", 1)
    first, second = working["expected_finish"], waiting["expected_finish"]
    assert first["earliest"] <= first["at"] <= first["latest"]
    assert first["at"] < second["at"]
    assert "the last 8 trials" in first["by"]
    other.kill()
    wait_until(lambda: served.client.get("/api/studies").json()[0]["state"] == "queued")
    (working, waiting) = served.client.get("/api/studies").json()
    assert working["trials"]["running"] == 0
    assert waiting["expected_finish"] is None


def test_a_file_that_is_uploaded_is_the_data_of_plans(served: Served, tmp_path: Path) -> None:
    points = "x,class\n" + "".join(f"{number},{'ab'[number % 2]}\n" for number in range(40))
    put = {"content": points, "headers": {"Content-Type": "text/csv"}}
    assert served.client.put("/api/data/points", **put).status_code == 201  # type: ignore[arg-type]
    assert served.client.put("/api/data/points", **put).status_code == 200  # type: ignore[arg-type]
    assert served.client.get("/api/data").json() == [{"name": "points", "bytes": len(points)}]
    faulty = {**PLAN, "data": "points", "target": "colour"}
    refused = served.client.put("/api/studies/mine", json=faulty)
    assert refused.status_code == 422
    assert "points.csv" in refused.json()["detail"]
    assert "/tmp" not in refused.text
    submit(served, "mine", data="points", target="class")
    assert open_study(served.url, "mine").problem.data.classes == ("a", "b")
    for name, kind, status in (
        ("bands", "text/csv", 422),
        ("other", "application/json", 422),
        ("..", "text/csv", 404),
        ("a%20b", "text/csv", 422),
    ):
        headers = {"Content-Type": kind}
        answer = served.client.put(f"/api/data/{name}", content=points, headers=headers)
        assert answer.status_code == status, name


def test_what_is_too_large_or_comes_from_elsewhere_is_refused(served: Served) -> None:
    with TestClient(create_app(served.url, most_bytes=100)) as small:
        headers = {"Content-Type": "text/csv"}
        assert small.put("/api/data/points", content="x" * 101, headers=headers).status_code == 413
        assert small.put("/api/data/points", content="x" * 100, headers=headers).status_code == 201
        pieces = (b"x" * 50 for _ in range(3))  # without a length beforehand
        assert small.put("/api/data/points", content=pieces, headers=headers).status_code == 413
    order = "/api/studies/s/pause"
    for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "rebound.example"}):
        refused = served.client.post(order, headers=headers)
        assert refused.status_code == 403
    assert served.client.post(order, headers={"Origin": "http://testserver"}).status_code == 200


def test_nothing_of_it_imports_tensorflow(served: Served) -> None:
    (said,) = at_once(
        (
            "from fastapi.testclient import TestClient\n"
            "from search.service.app import create_app\nimport sys",
            f"with TestClient(create_app({served.url!r})) as client:\n"
            f"    client.put('/api/studies/new', json={PLAN!r})\n"
            "    for path in ('best', 'times', 'effects', 'basins', 'restarts'):\n"
            "        assert client.get(f'/api/studies/s/{path}').status_code == 200\n"
            "print([name for name in ('tensorflow', 'keras') if name in sys.modules])",
        )
    )
    assert said == "[]\n"


@pytest.mark.parametrize(
    "plan",
    [
        '{"target": "\\ud800"}',
        '{"drop": ["\\udfff"]}',
        '{"study": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"vary": {"\\ud800": [1]}}',
        '{"vary": {"l2": [%s]}}' % (10**400),
        '{"hidden": "%s"}' % ("9" * 5000),
        '{"vary": {"hidden": "%s"}}' % ("9" * 5000),
    ],
)
def test_what_no_field_can_be_is_a_fault(served: Served, plan: str) -> None:
    headers = {"Content-Type": "application/json"}
    for method, path in (("PUT", "/api/studies/new"), ("POST", "/api/plans:check")):
        refused = served.client.request(method, path, content=plan, headers=headers)
        assert refused.status_code in (200, 422), refused.text
        assert refused.json()["errors"]
    assert served.client.get("/api/studies/new").status_code == 404


def test_a_body_that_is_no_json_is_told_so(served: Served) -> None:
    headers = {"Content-Type": "application/json"}
    for body, expected in ((b"{broken", 422), (b'{"trials": %s}' % (b"9" * 5000), 400)):
        refused = served.client.put("/api/studies/new", content=body, headers=headers)
        assert refused.status_code == expected
        assert refused.headers["content-type"] == "application/problem+json"


def test_a_standing_that_has_not_changed_is_not_sent_again(served: Served) -> None:
    for path in ("/api/studies", "/api/studies/s"):
        etag = served.client.get(path).headers["etag"]
        again = served.client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    served.client.put("/api/studies/s?priority=1", json={})
    for path in ("/api/studies", "/api/studies/s"):
        now = served.client.get(path, headers={"If-None-Match": etag})
        assert now.status_code == 200, "a change of a moment ago is seen"
        row = now.json() if path.endswith("/s") else now.json()[0]
        assert row["priority"] == 1


def test_while_the_database_is_away_every_route_says_when_to_ask_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_of: object) -> None:
        raise RecordFailedError("the server is away")

    monkeypatch.setattr("storage.sql_desk.SqlDesk.access_keys", fail)
    for method, path in (
        ("GET", "/api/studies/s"),
        ("PUT", "/api/studies/s"),
        ("POST", "/api/studies/s/pause"),
        ("DELETE", "/api/studies/s"),
    ):
        answer = served.client.request(method, path, json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path


@pytest.mark.parametrize("name", ["a%00b", "%1b[31m", "a%E2%80%AEb"])
def test_a_name_that_no_study_can_have_is_not_found(served: Served, name: str) -> None:
    for path in ("", "/best", "/report", "/networks/best.keras", "/shares"):
        assert served.client.get(f"/api/studies/{name}{path}").status_code == 404
    assert served.client.delete(f"/api/studies/{name}").status_code == 404
    assert served.client.post(f"/api/studies/{name}/pause").status_code == 404
    refused = served.client.put(f"/api/studies/{name}", json={})
    assert refused.json()["errors"][0]["field"] in ("study", "name")
    check = served.client.post("/api/plans:check", json={"study": "a\0b"}).json()
    assert "study" in [fault["field"] for fault in check["errors"]]


def test_a_nest_that_nobody_can_write_out_is_a_fault(served: Served) -> None:
    headers = {"Content-Type": "application/json"}
    for depth in (10, 500, *range(900, 1000), 5000):
        plan = '{"vary": %s}' % ("[" * depth + "]" * depth)
        for method, path in (("PUT", "/api/studies/new"), ("POST", "/api/plans:check")):
            answer = served.client.request(method, path, content=plan, headers=headers)
            assert answer.status_code in (200, 400, 422), depth


def test_a_server_that_is_told_to_stop_as_it_begins_closes_its_database(tmp_path: Path) -> None:
    app = create_app(f"sqlite:///{tmp_path / 's.db'}")

    async def stopped() -> None:
        async with app.router.lifespan_context(app):
            raise asyncio.CancelledError

    asyncio.run(stopped())
    assert not list(tmp_path.glob("*launcher*"))
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]
