"""`--vary`: a study that searches other dimensions beside scaling, optimizer and learning rate."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import optuna
import pytest

import multirestart as mr
from search.problem.problem import Task
from search.running.trial import train_trial
from tests.conftest import run_command

LAUNCH = (
    *("launch", "--scaling", "standard", "--optimizer", "adam", "--learning-rate", "0.1"),
    *("--epochs", "20", "--restarts", "16", "--sampler", "grid", "--workers", "1"),
)
VARY = ("--vary", "hidden=1,2", "--vary", "batch_size=32,full")


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("varied")
    run_command(*LAUNCH, *VARY, cwd=folder)
    return folder


def test_each_restart_is_trained_as_its_configuration_says(varied: Path) -> None:
    study = mr.open_study(f"sqlite:///{varied}/multirestart.db")
    rows = list(study.restarts())
    assert len(rows) == 4 * 16
    for row in rows[16:48:16]:
        problem = study.problem.under(row.configuration)
        assert len(row.restart.weights) == 4 * problem.network.weight_count
        held = mr.Problem(
            epochs=20,
            hidden=problem.hidden,
            batch_size=problem.batch_size,
        )
        plain = mr.Configuration("standard", "adam", 0.1)
        assert train_trial(Task(held, plain, row.restart.seed, 1)) == (row.restart,)


def test_tables_show_what_varies(varied: Path) -> None:
    table = run_command("best", cwd=varied).stdout
    assert table.startswith("bands: sigmoid network, 300 points, plateau 0.6667, 20 epochs\n")
    assert "hidden   batch" in table
    assert "standard   adam" in table
    (times, *_) = json.loads(run_command("times", "--format", "json", cwd=varied).stdout)
    assert (times["hidden"], times["batch_size"]) == ("2", 32)
    for command in ("best", "times", "restarts", "basins"):
        text = run_command(command, "--format", "csv", cwd=varied).stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {(row["hidden"], row["batch_size"]) for row in rows} == {
            ("1", "32"),
            ("1", "full"),
            ("2", "32"),
            ("2", "full"),
        }


def test_the_studies_of_a_database_name_what_varies(varied: Path) -> None:
    (row,) = json.loads(run_command("studies", "--format", "json", cwd=varied).stdout)
    assert row["network"] == "1-(1,2)-1"


def test_effects_are_of_every_dimension(varied: Path) -> None:
    rows = json.loads(run_command("effects", "--format", "json", cwd=varied).stdout)
    values = [(row["factor"], row["value"]) for row in rows]
    assert values == [
        ("scaling", "standard"),
        ("optimizer", "adam"),
        ("learning_rate", 0.1),
        ("hidden", "1"),
        ("hidden", "2"),
        ("batch_size", 32),
        ("batch_size", "full"),
        ("interactions", None),
    ]
    assert sum(row["share"] for row in rows if row["value"] in ("standard", "1", 32)) <= 1


def test_the_published_study_has_each_dimension(varied: Path) -> None:
    study = optuna.load_study(study_name="bands", storage=f"sqlite:///{varied}/multirestart.db")
    params = [trial.params for trial in study.trials]
    assert {(each["hidden"], each["batch_size"]) for each in params} == {
        ("1", 32),
        ("1", "full"),
        ("2", 32),
        ("2", "full"),
    }


def test_a_restart_agrees_with_plain_keras(varied: Path) -> None:
    study = mr.open_study(f"sqlite:///{varied}/multirestart.db")
    row = next(row for row in study.restarts() if row.configuration["batch_size"] == "full")
    key = ("--trial", str(row.trial), "--seed", str(row.restart.seed))
    assert "agrees" in run_command("reference", *key, cwd=varied).stderr


def test_a_configuration_is_named_by_all_its_dimensions(varied: Path) -> None:
    names = ("standard/adam/0.1/hidden=1/batch_size=32", "standard/adam/0.1/2/full")
    assert "standard" in run_command("compare", *names, cwd=varied).stdout
    shown = run_command("basins", "--configuration", names[1], cwd=varied).stdout
    assert "standard adam 0.1 hidden=2 batch_size=full" in shown


def test_going_on_keeps_what_is_varied(varied: Path) -> None:
    failed = run_command("launch", "--vary", "hidden=1,2", cwd=varied, code=2)
    assert "batch_size is 32,full, not 32" in failed.stderr
    failed = run_command("launch", "--batch-size", "8", cwd=varied, code=2)
    assert "--batch-size must be left out, for it is varied, received 8" in failed.stderr
    for values, said in (
        ("hidden=0", "--vary hidden must be layer sizes of at least 1, received '0'"),
        ("l2=0:1", "--vary l2 must be LOW:HIGH, both positive and LOW the smaller, received 0:1"),
        ("learning-rate=1", "--learning-rate must be given by itself, for it is always searched"),
    ):
        failed = run_command("launch", "--vary", values, cwd=varied, code=2)
        assert failed.stderr.startswith(f"multirestart: {said}")
    (varied / "plan.toml").write_text("[vary]\nhidden = [0]\n")
    failed = run_command("launch", "plan.toml", cwd=varied, code=2)
    assert "plan.toml: vary hidden must be layer sizes of at least 1" in failed.stderr
    failed = run_command("launch", "--vary", "batch-size", cwd=varied, code=2)
    assert "is not NAME=VALUES" in failed.stderr
    failed = run_command("launch", "--vary", "hidden=1", "--vary", "hidden=2", cwd=varied, code=2)
    assert "--vary must name hidden once, with all its values" in failed.stderr
