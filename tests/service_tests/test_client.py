"""The client of the service, from Python: over a real server, and over one that loses answers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import multirestart as mr
from search.client.connection import Connection
from search.client.refusals import RefusedError
from search.service.keys import new_key
from search.studies.opening import open_study
from storage.values import Scope
from tests.conftest import ROOT, environment
from tests.search_tests.launchers import Launcher
from tests.service_tests.serving import losing, serving


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    """A database with the complete study "s"."""
    made = Launcher(tmp_path)
    made.run(lambda one: 1.0 if one.optimizer == "adam" else 0.5)
    yield made
    made.kill()
    made.store.close()


@pytest.fixture
def client(launcher: Launcher) -> Iterator[mr.Client]:
    with serving(launcher.url) as url, mr.Client(url) as made:
        yield made


def test_a_study_says_what_it_says_in_its_database(client: mr.Client, launcher: Launcher) -> None:
    study = open_study(launcher.url)
    assert [found["name"] for found in client.studies()] == ["s"]
    assert client.study("s")["trials"] == {"settled": 8, "complete": 8, "running": 0, "of": 8}
    assert client.best("s") == [row.to_json() for row in study.best()]
    assert client.best("s", "solved", 2) == [row.to_json() for row in study.best("solved")[:2]]
    assert client.times("s", top=1) == [study.times()[0].to_json()]
    assert client.effects("s") == study.effects().to_json()
    assert [row["seed"] for row in client.restarts("s", "none/adam/0.1")] == [
        row.restart.seed for row in study.restarts() if str(row.configuration) == "none adam 0.1"
    ]
    weighted = client.restarts("s", weights=True)
    assert (len(weighted), weighted[0]["weight_6"]) == (16, 0.0)
    best = study.best()[0].configuration
    assert client.basins("s", top=1) == [ending.to_json() for ending in study.basins(best)]


def test_what_is_submitted_is_made_once_and_what_is_refused_is_an_error(client: mr.Client) -> None:
    plan = mr.Plan("one", trials=3, restarts=4)
    made = client.submit(plan, priority=5)
    assert (made["created"], made["changes"], made["study"]["priority"]) == (True, [], 5)
    moved = client.submit(plan, priority=6)
    assert (moved["created"], moved["changes"]) == (False, ["priority: 5 before, 6 now"])
    again = client.submit(plan)
    assert (again["created"], again["changes"], again["study"]["priority"]) == (False, [], 6)
    more = client.submit({"study": "one", "trials": 6})
    assert (more["created"], more["changes"]) == (False, ["trials: 3 before, 6 now"])
    with pytest.raises(RefusedError, match="study 'one' exists with other settings") as other:
        client.submit({"study": "one", "restarts": 8})
    assert other.value.differences == ("restarts is 4, not 8",)
    with pytest.raises(mr.InvalidValuesError) as wrong:
        client.submit({"study": "two", "restarts": 0, "sampler": "grd"})
    assert [fault.field for fault in wrong.value.faults] == ["restarts", "sampler"]
    with pytest.raises(mr.InvalidValuesError, match="epochs must be"):
        client.submit({"epochs": "many"})  # seen before anything is sent
    with pytest.raises(mr.MultirestartError, match="there is no study 'two'"):
        client.best("two")
    with pytest.raises(mr.MultirestartError, match="must have a name without /"):
        client.best("a/b")
    client.cancel("one")
    with pytest.raises(RefusedError, match="study 'one' is cancelled: there is nothing to pause"):
        client.pause("one")
    assert [found["name"] for found in client.studies()] == ["s", "one"]


def test_points_of_ones_own_are_uploaded_and_are_the_same_ones(
    client: mr.Client, launcher: Launcher, tmp_path: Path
) -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(60, 2))
    labels = np.where(x[:, 0] > 0.5, "right", np.where(x[:, 1] > 0, "class 10", "class 9"))
    points = mr.Dataset.of(x, labels, name="own points")
    for name, data in (
        ("whole", points),
        ("split", points.hold_out(0.25)),
        ("apart", points.with_validation(x[:5] / 3, labels[:5])),
    ):
        plan = mr.Plan(name, problem=mr.Problem(data=data), trials=2)
        assert client.submit(plan)["created"], name
        assert not client.submit(plan)["created"], name
        kept = open_study(launcher.url, name).problem.data
        assert kept.name.startswith("own-points-")
        assert kept.classes == data.classes
        np.testing.assert_array_equal(kept.features, data.features)
        np.testing.assert_array_equal(kept.labels, data.labels)
        if data.validation is None:
            assert kept.validation is None
        else:
            assert kept.validation is not None
            np.testing.assert_array_equal(kept.validation.features, data.validation.features)
            np.testing.assert_array_equal(kept.validation.labels, data.validation.labels)
    file = tmp_path / "points.csv"
    file.write_text("x,class\n0,a\n1,b\n2,a\n")
    name = client.upload(file)
    fields = {"target": "class", "trials": 2}
    assert client.submit({"data": str(file), **fields})["study"]["data"] == name
    assert client.submit({"data": name, "study": "by name", **fields})["created"]
    file.write_text("x,class\n0,a\n1,b\n2,b\n")  # other points have another name
    with pytest.raises(RefusedError, match="study 'points' exists with other settings"):
        client.submit({"data": str(file), **fields})


def test_a_request_whose_answer_is_lost_is_repeated_and_makes_one_study(
    client: mr.Client, launcher: Launcher
) -> None:
    told: list[str] = []
    with losing(client.url, 1) as url, mr.Client(url, on_lost=told.append) as other:
        made = other.submit({"study": "one", "trials": 3})
    assert (made["created"], made["changes"]) == (False, [])  # the lost answer said that it was
    assert len(told) == 1
    with losing(client.url, 1) as url, mr.Client(url, on_lost=told.append) as other:
        other.delete("one")
    assert len(told) == 2
    assert [study.name for study in launcher.store.studies()] == ["s"]
    with (
        losing(client.url, 100) as url,
        mr.Client(url, patience=0.3, on_lost=told.append) as other,
        pytest.raises(mr.MultirestartError, match=f"^cannot reach the service at {url}: "),
    ):
        other.studies()
    assert len(told) == 3


def test_a_wrong_key_is_one_clear_error(
    client: mr.Client, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, key = new_key("anna", Scope.READ, None, time.time())
    launcher.store.add_key(key)
    at = client.url
    with pytest.raises(RefusedError, match=f"^the service at {at} wants a key: set MULTIRESTART_K"):
        client.studies()
    with (
        mr.Client(at, "mr_wrong") as other,
        pytest.raises(RefusedError, match="it is unknown, revoked or expired") as no,
    ):
        other.studies()
    assert no.value.status == 401
    monkeypatch.setenv("MULTIRESTART_KEY", text)
    with mr.Client(at) as other:
        assert [found["name"] for found in other.studies()] == ["s"]
        with pytest.raises(RefusedError, match="only allows read; this needs submit"):
            other.submit({"study": "one"})
    for wrong in ("lab.example", "ftp://lab", "http://", "http://anna:secret@lab", "http://l?k=1"):
        with pytest.raises(mr.InvalidValuesError) as raised:
            mr.Client(wrong)
        assert [fault.field for fault in raised.value.faults] == ["server"]
        assert "secret" not in str(raised.value)
    with pytest.raises(mr.InvalidValuesError, match="key must be a key as it was made"):
        mr.Client(at, "mr_a\nHost: b")


def test_what_is_no_service_is_said_to_be_none(launcher: Launcher) -> None:
    with (
        serving(launcher.url) as url,
        mr.Client(f"{url}/elsewhere") as client,
        pytest.raises(mr.MultirestartError) as raised,
    ):
        client.studies()
    said = f"what answers at {url}/elsewhere is no service of multirestart: 404 Not Found"
    assert str(raised.value) == said


def test_a_study_is_watched_and_waited_for(client: mr.Client) -> None:
    client.submit({"study": "one", "trials": 3})
    with pytest.raises(TimeoutError, match=r"study 'one' is queued after 0\.3 seconds"):
        client.wait("one", timeout=0.3)
    watched = client.watch("one")
    assert next(watched)["state"] == "queued"
    all_of_them = client.events()
    assert [found["name"] for found in next(all_of_them)] == ["s", "one"]
    assert client.pause("one")["state"] == "paused"
    assert next(watched)["state"] == "paused"
    assert client.wait("one")["state"] == "paused"
    assert client.resume("one")["state"] == "queued"
    assert next(watched)["state"] == "queued"
    assert client.cancel("one")["state"] == "cancelled"
    assert next(watched)["state"] == "cancelled"
    assert client.kill("one")["state"] == "cancelled"
    client.delete("one")
    assert {found["state"] for found in watched} <= {"cancelled"}  # it ends
    with pytest.raises(mr.MultirestartError, match="there is no study 'one'"):
        next(client.watch("one"))


def test_a_study_is_polled_where_events_do_not_come(
    client: mr.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "events", lambda *_given: iter(()))
    monkeypatch.setattr("search.client.client._SECONDS_BETWEEN_POLLS", 0.05)
    client.submit({"study": "one", "trials": 3})
    watched = client.watch("one")
    assert next(watched)["state"] == "queued"
    other = threading.Timer(0.3, client.pause, ["one"])
    other.start()
    assert next(watched)["state"] == "paused"
    other.join()
    client.delete("one")
    assert list(watched) == []


@pytest.mark.slow
def test_the_report_is_written_and_a_network_that_cannot_be_is_refused(
    client: mr.Client, tmp_path: Path
) -> None:
    path = client.report("s", tmp_path / "s.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    client.submit({"study": "new"})
    with pytest.raises(RefusedError, match="study 'new' has no restart that ended without diver"):
        client.network("new", tmp_path / "best.keras")
    assert not (tmp_path / "best.keras").exists()
    with pytest.raises(mr.MultirestartError, match=r"cannot write .*: No such file or directory"):
        client.report("s", tmp_path / "none" / "s.html")


def test_the_example_of_the_documentation_reads_a_service(
    client: mr.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "python.md").read_text()
    example = text.partition("## Ask a service")[2].split("```python\n")[1].partition("```")[0]
    example = example.replace("https://lab.example", client.url).replace('"bands"', '"s"')
    exec(example, {"mr": mr})
    assert capsys.readouterr().out.splitlines() == [
        "s queued 8",
        "none adam 0.01 1.0",
        "none adam 0.1 1.0",
        "standard adam 0.01 1.0",
    ]


def test_a_client_needs_neither_what_trains_nor_what_serves() -> None:
    code = (
        "import sys, multirestart as mr\n"
        "try:\n    mr.Client('http://127.0.0.1:9', patience=0.1).studies()\n"
        "except mr.MultirestartError as error:\n    print(error)\n"
        "heavy = {'tensorflow', 'keras', 'optuna', 'fastapi', 'starlette', 'uvicorn', 'storage'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    said, heavy = done.stdout.splitlines()
    assert said.startswith("cannot reach the service at http://127.0.0.1:9: ")
    assert heavy == "set()"
