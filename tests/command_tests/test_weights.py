"""`restarts` of one configuration, with the weights that are kept."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import Outcome, RecordedRestart, Restart
from search.studies.opening import open_study
from search.studies.weights import weight_names, weighted
from tests.conftest import Launched, run_command


def test_weights_are_those_of_the_record(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--configuration", "standard/adam/.1", "--weights")
    done = run_command("restarts", *options, "--format", "csv", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    expected = [
        row
        for row in open_study(launched.url).restarts()
        if str(row.configuration) == "standard adam 0.1"
    ]
    assert len(rows) == len(expected) == 64
    for row, recorded in zip(rows, expected, strict=True):
        assert int(row["seed"]) == recorded.restart.seed
        told = np.array([row[f"weight_{place}"] for place in range(7)], dtype="<f4")
        assert told.tobytes() == recorded.restart.weights
    assert "weight_7" not in rows[0]
    done = run_command("restarts", *options, "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)[0]["weight_0"] == float(rows[0]["weight_0"])
    table = run_command("restarts", *options, cwd=tmp_path).stdout
    assert table.startswith("grid: 64 restarts")


def test_measures_and_weights_go_together(launched: Launched, tmp_path: Path) -> None:
    options = ("--measures", "auc", "--weights", "--format", "csv")
    done = run_command("restarts", "--storage", launched.url, *options, cwd=tmp_path)
    header = done.stdout.splitlines()[0].split(",")
    assert header[-8:] == ["auc", *(f"weight_{place}" for place in range(7))]
    assert len(done.stdout.splitlines()) == 1 + 512


def test_networks_of_several_sizes_leave_cells_empty() -> None:
    sizes = [Configuration("none", "sgd", 0.1, hidden=hidden) for hidden in ("2", "3")]
    names = weight_names(Problem(), sizes)
    assert names == tuple(f"weight_{place}" for place in range(10))  # 1-3-1
    rows = []
    for count, configuration in zip((7, 10), sizes, strict=True):
        weights = np.arange(1, count + 1, dtype="<f4").tobytes()
        restart = Restart(1, Outcome.ESCAPED, 1.0, 0.1, 0.1, 1, None, weights, 300)
        rows.append(RecordedRestart(0, configuration, restart))
    small, large = (row.to_json() for row in weighted(rows, names))
    assert [small["weight_6"], small["weight_7"], small["weight_9"]] == [7.0, None, None]
    assert large["weight_9"] == 10.0


def test_an_unknown_configuration_is_named(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--configuration", "standard/adam/7")
    done = run_command("restarts", *options, cwd=tmp_path, code=2)
    assert "unknown configuration 'standard/adam/7'" in done.stderr
