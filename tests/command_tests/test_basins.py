"""`basins`: what it says of the launched grid, its formats, and its mistakes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from search.problem.data.datasets import bands
from search.problem.network import Network
from search.problem.scaling import scale
from search.statistics.endings.ending import ending_keys
from tests.conftest import ROOT, Launched, run_command


def test_basins_as_json_account_for_every_restart(launched: Launched, tmp_path: Path) -> None:
    done = run_command("basins", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    best = run_command("best", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert done.stderr == ""
    assert [list(row) for row in rows] == [list(ending_keys(2))] * len(rows)
    names = ("scaling", "optimizer", "learning_rate")
    for standing in json.loads(best.stdout):
        mine = [row for row in rows if all(row[name] == standing[name] for name in names)]
        assert sum(row["restarts"] for row in mine) == standing["restarts"]
        assert {row["of"] for row in mine} == {standing["restarts"]}
        escaped = sum(row["restarts"] for row in mine if row["outcome"] in ("solved", "escaped"))
        unnamed = sum(row["restarts"] for row in mine if row["kind"] == "others")
        assert escaped <= standing["escaped"] <= escaped + unnamed
        assert all(
            row["ci_low"] < row["share"] < row["ci_high"] or row["share"] == 1 for row in mine
        )


def test_typical_weights_compute_what_the_words_say(launched: Launched, tmp_path: Path) -> None:
    """By a forward pass written out here for 1-2-1."""
    done = run_command("basins", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    data = bands()
    checked = set()
    for row in json.loads(done.stdout):
        if row["weights"] is None:
            continue
        k1, k2, b1, b2, o1, o2, b = row["weights"]
        assert len(row["weights"]) == Network(1).weight_count
        x = scale(row["scaling"], data.features)[:, 0].astype(float)
        p = expit(o1 * expit(k1 * x + b1) + o2 * expit(k2 * x + b2) + b)
        right = (p > 0.5) == (data.labels == 1)
        loss = -np.log(np.where(data.labels == 1, p, 1 - p)).mean()
        assert loss == pytest.approx(row["loss"], abs=1e-5)
        counted = [right[data.labels == 0].sum(), right[data.labels == 1].sum()]
        assert np.abs(np.array([row["right_0"], row["right_1"]]) - counted).max() <= 1
        if row["kind"] == "constant":
            assert p.std() < 0.05
            assert "constant answer" in row["function"]
        if row["kind"] == "solved":
            low, high = row["boundaries"]
            assert abs(low - 10.5) < 1
            assert abs(high - 20.5) < 1
            assert "both boundaries found" in row["function"]
        checked.add(row["kind"])
    assert {"constant", "solved", "found"} <= checked


def test_csv_has_the_same_columns(launched: Launched, tmp_path: Path) -> None:
    done = run_command("basins", "--storage", launched.url, "--format", "csv", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == list(ending_keys(2))
    weights = [json.loads(row["weights"]) for row in rows if row["weights"]]
    assert {len(row) for row in weights} == {7}


def test_the_table_limits_configurations_and_says_so(launched: Launched, tmp_path: Path) -> None:
    done = run_command("basins", "--storage", launched.url, "--top", "2", cwd=tmp_path)
    assert "6 more configurations: --top 8" in done.stdout
    assert "The best constant answer's loss is 0.6365." in done.stdout
    assert "--configuration standard/adam/0.1" in done.stdout
    assert "solved" in done.stdout


def test_the_best_constant_answer_has_a_loss_of_each_kind(tmp_path: Path) -> None:
    space = ("--scaling", "none", "--optimizer", "sgd", "--learning-rate", "0.1")
    options = (*space, "--vary", "loss_function=crossentropy,mse", "--sampler", "grid")
    run_command("launch", *options, "--restarts", "4", "-q", cwd=tmp_path, pretend=0)
    said = run_command("basins", cwd=tmp_path).stdout
    assert "The best constant answer's loss is 0.6365 (crossentropy), 0.2222 (mse)." in said


def test_configurations_are_ranked_by_another_criterion(launched: Launched, tmp_path: Path) -> None:
    names = ("scaling", "optimizer", "learning_rate")
    orders = []
    for command in ("basins", "best"):
        arguments = (command, "--storage", launched.url, "--success", "loss:0.5")
        done = run_command(*arguments, "--format", "json", cwd=tmp_path)
        rows = [tuple(row[name] for name in names) for row in json.loads(done.stdout)]
        orders.append(list(dict.fromkeys(rows)))
    assert orders[0] == orders[1]
    arguments = ("basins", "--storage", launched.url, "--success", "loss:0.5")
    assert "success: " in run_command(*arguments, cwd=tmp_path).stdout.split("\n")[0]


def test_one_configuration_in_full(launched: Launched, tmp_path: Path) -> None:
    arguments = ("basins", "--storage", launched.url, "--configuration", "standard/adam/1e-1")
    done = run_command(*arguments, cwd=tmp_path)
    assert "class 1 between 10." in done.stdout
    assert "points: · class 0, █ class 1" in done.stdout
    assert "weights   hidden" in done.stdout
    assert "standard adam 0.01" not in done.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adam", "unknown configuration 'adam': "),
        ("standard/adamm/0.1", "unknown configuration 'standard/adamm/0.1': did you mean standard"),
        ("standard/adam/0.2", "unknown configuration 'standard/adam/0.2': did you mean standard"),
    ],
)
def test_a_configuration_that_is_not_there_is_one_line(
    launched: Launched, tmp_path: Path, name: str, message: str
) -> None:
    arguments = ("basins", "--storage", launched.url, "--configuration", name)
    done = run_command(*arguments, cwd=tmp_path, code=2)
    assert done.stderr.startswith(f"multirestart: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_neither_tensorflow_nor_optuna_is_imported(launched: Launched, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from search.commands import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'keras', 'optuna', 'alembic'}\n"
        "    print(heavy & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "basins", "--storage", launched.url],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "set()\n"
