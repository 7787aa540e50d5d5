"""What events tell: also what is written nowhere, as that a launcher has died."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from search.problem.plan import Plan
from search.service import marks, telling
from search.service.marks import Marks
from search.service.standing import StudyStanding, standings
from search.service.telling import Telling
from search.studies.ordering import order
from search.studies.submitting import submit
from storage.errors import RecordFailedError
from storage.opening import open_for_writing
from tests.command_tests.processes import wait_until
from tests.search_tests.launchers import Launcher
from tests.search_tests.test_raced_search import Racer


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a database that is looked at each time."""
    monkeypatch.setattr(marks, "SECONDS_BETWEEN_LOOKS", -1.0)
    monkeypatch.setattr(telling, "_SECONDS_BETWEEN_LOOKS", -1.0)
    monkeypatch.setattr(telling, "_SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS", -1.0)
    return f"sqlite:///{tmp_path / 's.db'}"


def told(url: str, name: str) -> tuple[str, str, int | None, int]:
    """The mark, and of the row its state, its place and how many of its trials run."""
    store = open_for_writing(url)
    found = Telling(store, store.liveness(), Marks(store)).of(name)
    store.close()
    assert found is not None
    row = json.loads(found.text)
    return found.mark, row["state"], row["place"], row["trials"]["running"]


def test_a_launcher_that_died_is_told(url: str, tmp_path: Path) -> None:
    launcher = Launcher(tmp_path)
    launcher.claim()
    alive = told(url, "s")
    assert alive[1:] == ("running", 1, 1)
    assert told(url, "s") == alive
    launcher.kill()
    dead = told(url, "s")
    assert dead[1:] == ("queued", 1, 0)
    assert dead[0] != alive[0]


def test_a_study_that_moves_up_is_told(url: str) -> None:
    for name in ("one", "two"):
        plan = Plan(name=name, trials=2, restarts=8)
        submit(url, name, lambda _kept, plan=plan: plan)  # type: ignore[misc]
    before = told(url, "two")
    assert before[2] == 2
    store = open_for_writing(url)
    order(store, "one", "cancel")
    store.close()
    after = told(url, "two")
    assert after[2] == 1
    assert after[0] != before[0]


def test_a_study_whose_race_runs_is_running(url: str, tmp_path: Path) -> None:
    racer = Racer(tmp_path)
    for _ in range(8):
        racer.train(racer.claim())
    assert racer.claim().trial.race == 1
    assert told(url, "s")[1:] == ("running", 1, 1)
    racer.kill()


def test_a_study_that_was_just_made_is_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_SECONDS_BETWEEN_LOOKS", 1000.0)
    store = open_for_writing(url)
    there = Telling(store, store.liveness(), Marks(store))
    assert there.of("one") is None
    submit(url, "one", lambda _kept: Plan(name="one"))
    found = there.of("one")
    assert found is not None
    assert json.loads(found.text)["state"] == "queued"
    store.close()


def test_progress_is_looked_at_now_and_then_and_orders_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Launcher(tmp_path)
    there = Marks(launcher.store)
    monkeypatch.setattr(marks, "SECONDS_BETWEEN_LOOKS", 1000.0)
    study_id = launcher.study.study_id
    before = there.of(study_id), there.of()
    launcher.claim()
    assert (there.of(study_id), there.of()) == before
    order(launcher.store, "s", "pause")
    assert there.of(study_id) != before[0]
    assert there.of() != before[1]
    before = there.of(study_id), there.of()
    order(launcher.store, "s", "resume")
    submit(launcher.url, "one", lambda _kept: Plan(name="one"))
    assert there.of() != before[1]
    monkeypatch.setattr(marks, "SECONDS_BETWEEN_LOOKS", -1.0)
    before = there.of(study_id), there.of()
    launcher.claim()
    assert there.of(study_id) != before[0]
    assert there.of() != before[1]
    launcher.kill()
    launcher.store.close()


def test_whoever_waits_for_a_slow_look_takes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Launcher(tmp_path)
    there = Telling(launcher.store, launcher.store.liveness(), Marks(launcher.store))
    looks = []

    def slow(*given: Any) -> list[StudyStanding]:
        looks.append(1)
        time.sleep(0.5)
        return standings(*given)

    monkeypatch.setattr(telling, "standings", slow)
    monkeypatch.setattr(telling, "_SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS", 0.3)
    monkeypatch.setattr(telling, "_SECONDS_TO_WAIT", 0.2)
    refused = []

    def ask() -> None:
        try:
            there.standings()
        except RecordFailedError:
            refused.append(1)

    first = threading.Thread(target=ask)
    first.start()
    wait_until(lambda: looks)
    others = [threading.Thread(target=ask) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in (first, *others):
        thread.join()
    assert (len(looks), len(refused)) == (1, 4), "nobody waits for longer than so"
    monkeypatch.setattr(telling, "_SECONDS_TO_WAIT", 5.0)
    time.sleep(0.4)
    others = [threading.Thread(target=ask) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert (len(looks), len(refused)) == (2, 4)
    launcher.kill()
    launcher.store.close()
