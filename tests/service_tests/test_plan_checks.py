"""A plan is checked before it is submitted: all its faults, and it as command, file and request."""

from __future__ import annotations

import json
import shlex
import tomllib
from typing import Any

import pytest

from search.commands.asked import asked_fields
from search.commands.launch import launch as launch_command
from search.problem.plan_fields import PlanFields
from search.service.plan_texts import as_command, as_toml
from tests.service_tests.conftest import Served

PLANS: list[dict[str, Any]] = [
    {},
    {"study": "a b", "data": "bands2d", "restarts": 4, "epochs": 10, "hidden": [4, 2]},
    {"learning_rate": "0.001:1", "sampler": "qmc", "scaling": ["none", "robust"], "l2": 1e-7},
    {"learning_rate": [0.01, 1], "optimizer": ["adam:beta_2=0.99", "sgd"], "use_bias": False},
    {"learning_rate": {"low": 0.001, "high": 1.0}, "batch_size": "full", "use_bias": True},
    {"vary": {"batch_size": [16, "full"], "hidden": ["2", "4-4"], "l2": {"low": 0.1, "high": 1}}},
    {"vary": {"use_bias": [True, False]}, "margin": 0.02, "trials": 3},
    {"first": ["standard/adam/0.1"], "until_precision": 0.5, "sampler_seed": 7, "race": 3},
    {"study": "-x", "data": "points.csv", "target": "it's", "drop": ["a", "b"], "missing": "drop"},
]


def check(served: Served, **plan: object) -> dict[str, Any]:
    answer = served.client.post("/api/plans:check", json=plan)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("plan", PLANS)
def test_command_and_file_ask_for_the_same_plan(plan: dict[str, Any]) -> None:
    asked = PlanFields(**plan)
    words = shlex.split(as_command(asked))
    assert words[:2] == ["multirestart", "launch"]
    options = launch_command.make_context("launch", words[2:]).params
    given = {name: options[name] for name in PlanFields.model_fields}

    by_command = asked_fields(None, given)
    if plan.get("data") in (None, "bands2d"):
        assert by_command.plan() == asked.plan()
    else:
        assert by_command == asked
    assert PlanFields(**tomllib.loads(as_toml(asked))) == asked


def test_what_a_plan_comes_to_is_told_and_nothing_is_kept(served: Served) -> None:
    found = check(served, study="new", trials=6, restarts=4, epochs=10)
    assert (found["valid"], found["errors"], found["exists"]) == (True, [], False)
    assert [found[name] for name in ("trials", "restarts", "epochs", "work")] == [6, 24, 10, 72_000]
    assert found["command"] == (
        "multirestart launch --study new --epochs 10 --restarts 4 --trials 6"
    )
    assert found["toml"] == 'study = "new"\nepochs = 10\nrestarts = 4\ntrials = 6\n'
    words = shlex.split(found["curl"])
    assert words[:4] == ["curl", "-X", "PUT", "http://testserver/api/studies/new"]
    assert json.loads(words[-1]) == {"trials": 6, "restarts": 4, "epochs": 10}
    assert [row["name"] for row in served.client.get("/api/studies").json()] == ["s"]
    put = served.client.put("/api/studies/new", json=json.loads(words[-1]))
    assert put.status_code == 201
    assert check(served, study="new", trials=6, restarts=4, epochs=10)["exists"]
    other = check(served, study="new", restarts=8)
    assert (other["valid"], other["differences"]) == (True, ["restarts is 4, not 8"])


def test_all_faults_are_told_at_once_also_those_of_data(served: Served) -> None:
    faulty = check(
        served, study="a/b", epochs=-1, optimizer=["adm"], data="/etc/passwd", target="x"
    )
    assert not faulty["valid"]
    fields = [fault["field"] for fault in faulty["errors"]]
    assert fields == ["study", "data", "epochs", "optimizer"]
    assert faulty["errors"][3]["message"].startswith("unknown optimizer 'adm': did you mean adam")
    assert faulty["command"].startswith("multirestart launch --study a/b --data /etc/passwd")
    kinds = check(served, epochs="x", restrats=3, learning_rate="1:0.1")
    fields = [fault["field"] for fault in kinds["errors"]]
    assert fields == ["epochs", "restrats", "learning_rate"], "of kinds and of rules together"
    assert kinds["command"] == kinds["toml"] == kinds["curl"] == ""
    large = check(served, trials=1_000_000, restarts=1_000_000)
    assert [fault["field"] for fault in large["errors"]] == ["trials"]


def test_an_upload_is_named_as_a_file_in_command_and_plan_file(served: Served) -> None:
    points = "x,class\n" + "".join(f"{number},{'ab'[number % 2]}\n" for number in range(40))
    headers = {"Content-Type": "text/csv"}
    served.client.put("/api/data/points", content=points, headers=headers)
    found = check(served, study="new", data="points", target="class")
    assert found["valid"], found
    assert found["command"].endswith("--data points.csv --target class")
    assert 'data = "points.csv"\n' in found["toml"]
    assert json.loads(shlex.split(found["curl"])[-1])["data"] == "points"
    wrong = check(served, study="new", data="points", target="colour")
    assert "points.csv" in wrong["errors"][0]["message"]
    assert "/tmp" not in json.dumps(wrong)
