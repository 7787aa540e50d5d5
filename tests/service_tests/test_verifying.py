"""A recorded restart trained again over HTTP, by plain Keras in a process of its own."""

from __future__ import annotations

import json
import math
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from search.problem.errors import LaunchError, UserError
from search.problem.rows import Outcome, Restart
from search.service.app import create_app
from search.service.children import Children
from search.service.retraining import compared
from search.studies.opening import open_study
from tests.command_tests.processes import wait_until
from tests.conftest import Launched
from tests.service_tests.conftest import Served


@pytest.mark.slow
def test_a_restart_agrees_with_plain_keras(launched: Launched) -> None:
    with TestClient(create_app(launched.url)) as client:
        rows = client.get("/api/studies/grid/restarts").json()
        row = next(row for row in rows if row["outcome"] == "not escaped")
        found = client.post(f"/api/studies/grid/restarts/{row['trial']}/{row['seed']}:verify")
    assert found.status_code == 200, found.text
    told = found.json()
    assert (told["trial"], told["seed"]) == (row["trial"], row["seed"])
    assert told["configuration"]["optimizer"] == row["optimizer"]
    assert told["agrees"]
    recorded, retrained = told["recorded"], told["retrained"]
    assert recorded["outcome"] == retrained["outcome"] == "not escaped"
    assert (recorded["loss"], recorded["escape_epoch"]) == (row["loss"], None)
    assert abs(recorded["last_epoch_loss"] - retrained["last_epoch_loss"]) < 1e-4


def test_what_disagrees_and_is_not_finite_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = served.client.get("/api/studies/s/restarts").json()[0]
    recorded = open_study(served.url, "s").restart(row["trial"], row["seed"]).restart
    fresh = replace(
        recorded,
        outcome=Outcome.DIVERGED,
        loss=math.inf,
        last_epoch_loss=math.nan,
        diverged_epoch=2,
    )
    compared_with: list[tuple[Restart, Restart]] = []

    def compare(one: Restart, other: Restart) -> SimpleNamespace:
        compared_with.append((one, other))
        return SimpleNamespace(agrees=False)

    plain_keras = SimpleNamespace(retrain=lambda _task: fresh, compare=compare)
    monkeypatch.setitem(sys.modules, "search.verify.reference", plain_keras)
    asked = {"storage": served.url, "study": "s", "trial": row["trial"], "seed": row["seed"]}
    told = json.loads(compared(asked))
    assert compared_with == [(recorded, fresh)]
    assert not told["agrees"]
    assert told["recorded"]["outcome"] == recorded.outcome
    assert told["retrained"] == {
        "outcome": "diverged",
        "accuracy": recorded.accuracy,
        "loss": "inf",
        "last_epoch_loss": "nan",
        "escape_epoch": recorded.escape_epoch,
        "diverged_epoch": 2,
    }


def test_what_is_not_there_is_not_found(served: Served) -> None:
    for path, said in (
        ("none/restarts/0/1", "there is no study 'none'"),
        ("s/restarts/99/1", "trial 99 has no recorded restarts"),
        ("s/restarts/0/1", "trial 0 holds seeds"),
    ):
        answer = served.client.post(f"/api/studies/{path}:verify")
        assert answer.status_code == 404, answer.text
        assert said in answer.json()["detail"]
    for path in ("s/restarts/-1/1", "s/restarts/0/x", f"s/restarts/0/{2**32}"):
        assert served.client.post(f"/api/studies/{path}:verify").status_code == 422


def test_one_at_a_time_and_the_wait_is_bounded(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = served.client.app.state.service.verifications  # type: ignore[attr-defined]
    monkeypatch.setattr(turns, "_seconds", 0.01)
    row = served.client.get("/api/studies/s/restarts").json()[0]
    verify = f"/api/studies/s/restarts/{row['trial']}/{row['seed']}:verify"
    with turns.turn():
        busy = served.client.post(verify)
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "30")
    assert "one verification is made at a time" in busy.json()["detail"]


def test_a_child_that_refuses_fails_takes_too_long_or_ends_with_the_service_is_told_apart(
    tmp_path: Path,
) -> None:
    (tmp_path / "child_of_a_test.py").write_text(
        "import sys, time\n"
        "from search.problem.errors import UserError\n"
        "from search.service.children import reply\n"
        "def make(asked):\n"
        "    if asked['what'] == 'refuse': raise UserError('it is outdated')\n"
        "    time.sleep(asked['seconds'])\n"
        "    return str(1 / asked['by'])\n"
        "sys.exit(reply(make))\n"
    )

    children = Children()

    def ask(what: str = "", seconds: float = 0.0, by: int = 2, limit: float = 60) -> str:
        asked = {"what": what, "seconds": seconds, "by": by}
        return children.answer_of("child_of_a_test", asked, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
        assert ask() == "0.5"
        with pytest.raises(UserError, match="it is outdated"):
            ask("refuse")
        with pytest.raises(LaunchError, match="ended with 1: ZeroDivisionError"):
            ask(by=0)
        with pytest.raises(HTTPException, match="it took more than 1 s"):
            ask(seconds=30, limit=1)
        ended: list[str] = []

        def wait() -> None:
            with pytest.raises(HTTPException, match="the service ends"):
                ask(seconds=60)
            ended.append("it")

        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_until(lambda: children._running)
        children.end()
        waiting.join(timeout=20)
        assert ended == ["it"]
        with pytest.raises(HTTPException, match="the service ends"):
            ask()
