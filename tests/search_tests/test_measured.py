"""Measures of a study's restarts: those of the record, and by their names."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import multirestart as mr
from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands
from search.problem.errors import InvalidValuesError
from search.problem.problem import Problem
from search.problem.rows import Outcome, RecordedRestart, Restart
from search.problem.scaling import scaler
from search.statistics.measured import Measuring, measures_of, summarised
from search.studies.measuring import measured_restarts
from tests.conftest import Launched, run_command

NAMES = ("accuracy", "loss", "balanced_accuracy", "auc", "right_0", "right_1")
ADAM = Configuration("standard", "adam", 0.1)
SOLVED = np.array([4.0, 4.0, 4.0, -4.0, 9.0, -9.0, -4.0], dtype=np.float32)
"""Weights of 1-2-1 that are high in the middle of standardised `bands`."""


@pytest.fixture
def study(launched: Launched) -> mr.Study:
    return mr.open_study(launched.url)


def test_accuracy_and_loss_are_those_of_the_record(study: mr.Study) -> None:
    rows = list(study.measured_restarts(NAMES))
    assert len(rows) == 512
    assert {row.recorded.restart.outcome for row in rows} >= {Outcome.NOT_ESCAPED, Outcome.SOLVED}
    for row in rows:
        restart, found = row.recorded.restart, row.measures
        assert found["accuracy"] == restart.accuracy
        assert found["loss"] == pytest.approx(restart.loss, abs=1e-6)
        right = found["right_0"], found["right_1"]
        assert all(isinstance(count, int) for count in right)
        assert right[0] + right[1] == round(restart.accuracy * 300)  # type: ignore[operator]
        assert found["balanced_accuracy"] == pytest.approx(
            right[0] / 400 + right[1] / 200  # type: ignore[operator]
        )


def test_a_configuration_is_summed_up_over_its_restarts(study: mr.Study) -> None:
    values = defaultdict(list)
    for one in study.measured_restarts(NAMES):
        for name, value in one.measures.items():
            values[one.recorded.configuration, name].append(value)
    rows = study.measures(NAMES)
    assert [(row.configuration, row.measure) for row in rows] == [
        (standing.configuration, name) for standing in study.best() for name in NAMES
    ]
    for row in rows:
        of_row = np.array(values[row.configuration, row.measure], dtype=np.float64)
        assert (row.restarts, row.diverged) == (64, 0)
        assert row.mean == pytest.approx(of_row.mean())
        assert row.sd == pytest.approx(of_row.std(ddof=1))
        assert row.quantiles == pytest.approx(np.quantile(of_row, [0.05, 0.25, 0.5, 0.75, 0.95]))
    assert study.measures(["auc"], "solved", top=2) == study.measures(["auc"], "solved")[:2]


def test_measures_are_a_data_frame(study: mr.Study) -> None:
    pytest.importorskip("pandas")
    frame = study.measures(["auc", "right_1"]).to_frame()
    assert list(frame.columns[3:]) == [
        *("measure", "restarts", "diverged", "mean", "sd"),
        *("q05", "q25", "median", "q75", "q95"),
    ]
    assert len(frame) == 16
    frame = study.measured_restarts(["auc"]).to_frame()
    assert frame["auc"].between(0, 1).all()


def test_the_order_is_that_of_the_restarts(study: mr.Study) -> None:
    measured = [row.recorded for row in study.measured_restarts(["auc"])]
    assert measured == list(study.restarts())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["balance"],
            r"measures must be of accuracy, .* \(did you mean balanced_accuracy\?\), rec",
        ),
        (["right_2"], "right_0, right_1"),
        ([], "must be at least one of accuracy, loss, balanced_accuracy, auc, right_0, right_1"),
        (["auc", "loss", "auc"], "must be named once each, received 'auc'"),
        (["validation_auc"], "must be of points that are there: the study holds none out"),
        ([3], "received 3"),
    ],
)
def test_names_of_measures_are_checked(study: mr.Study, names: list[str], message: str) -> None:
    for read in (study.measures, study.measured_restarts):
        with pytest.raises(InvalidValuesError, match=message):
            read(names)


def restart(seed: int, weights: np.ndarray[tuple[int], np.dtype[np.float32]]) -> RecordedRestart:
    is_finite = bool(np.isfinite(weights).all())
    outcome = Outcome.SOLVED if is_finite else Outcome.DIVERGED
    kept = Restart(
        seed, outcome, 0.0, 0.0, 0.0, None, None, weights.astype("<f4").tobytes(), right=0
    )
    return RecordedRestart(0, ADAM, kept)


def test_restarts_that_diverged_are_counted_and_nothing_else() -> None:
    problem = Problem(bands())
    measures = measures_of(NAMES, problem.data)
    some = [restart(0, SOLVED * np.nan), restart(1, SOLVED), restart(2, SOLVED * np.nan)]
    rows = list(measured_restarts(some, problem, measures))
    assert [row.measures["auc"] is None for row in rows] == [True, False, True]
    assert rows[0].to_json()["right_1"] is None
    found = np.array([[1.0, 0.25, 0, 0, 0, 0], [0.5, 0.75, 0, 0, 0, 0]])
    accuracy, loss, *_ = summarised(ADAM, measures, found, diverged=3)
    assert (accuracy.restarts, accuracy.diverged, accuracy.mean) == (5, 3, 0.75)
    assert loss.sd == pytest.approx(np.sqrt(0.125))
    assert loss.quantiles == pytest.approx((0.275, 0.375, 0.5, 0.625, 0.725))
    for count in (0, 1):
        accuracy, *_ = summarised(ADAM, measures, found[:count], diverged=1)
        assert (accuracy.restarts, accuracy.sd) == (1 + count, None)
        assert (accuracy.mean, accuracy.quantiles) == ((1.0, (1.0,) * 5), (None, (None,) * 5))[
            1 - count
        ]


def test_held_out_points_are_scaled_as_the_training_points_are() -> None:
    data = bands().hold_out(0.3)
    assert data.validation is not None
    problem = Problem(data)
    names = [*NAMES, *(f"validation_{name}" for name in NAMES)]
    found = Measuring(problem, ADAM, measures_of(names, data))(SOLVED[None])[0]
    to_scale = scaler("standard", data.features)
    for part, of_part in ((data, found[:6]), (data.validation, found[6:])):
        x = to_scale(part.features)[:, 0].astype(np.float64)
        hidden = [1 / (1 + np.exp(-(SOLVED[i] * x + SOLVED[2 + i]))) for i in (0, 1)]
        received = SOLVED[4] * hidden[0] + SOLVED[5] * hidden[1] + SOLVED[6]
        answer = received > 0
        right = [(answer[part.labels == label] == label).sum() for label in (0, 1)]
        sizes = np.bincount(part.labels)
        ones, zeros = received[part.labels == 1], received[part.labels == 0]
        side = np.where(part.labels == 1, -received, received)
        assert of_part == pytest.approx(
            [
                sum(right) / len(x),
                np.logaddexp(0, side).mean(),
                (right / sizes).mean(),
                (ones[:, None] > zeros).mean(),
                *right,
            ],
            rel=1e-5,
        )
    assert found[0] != found[6]


def test_held_out_points_without_a_class_have_no_area() -> None:
    data = bands().with_validation([1.0, 2.0], [0, 0])
    assert [one.is_validation for one in measures_of(["validation_accuracy"], data)] == [True]
    with pytest.raises(InvalidValuesError, match="needs held-out points of every class: there are"):
        measures_of(["validation_auc"], data)


def test_blocks_of_any_size_measure_the_same() -> None:
    data = Dataset.of(np.linspace(0, 30, 40_000), np.arange(40_000) // 13_000 % 2)
    weights = SOLVED * np.linspace(0.1, 1, 17, dtype=np.float32)[:, None]
    measure = Measuring(Problem(data), ADAM, measures_of(NAMES, data))
    alone = np.concatenate([measure(row[None]) for row in weights])
    assert (measure(weights) == alone).all()
    assert measure(weights[:0]).shape == (0, 6)


def test_the_table_has_a_row_for_each_configuration_and_measure(
    launched: Launched, tmp_path: Path
) -> None:
    options = ("--storage", launched.url, "--measures", "balanced_accuracy,right_1")
    lines = run_command("best", *options, "--top", "3", cwd=tmp_path).stdout.splitlines()
    assert lines[0].startswith("grid: 1-2-1 sigmoid network")
    assert lines[1].split()[:4] == ["configuration", "measure", "restarts", "diverged"]
    assert [line.split()[1] for line in lines[3:9]] == ["balanced_accuracy", "right_1"] * 3
    assert lines[9:] == [
        "5 more configurations: multirestart best --measures balanced_accuracy,right_1 --top 8"
    ]


def test_json_and_csv_have_the_same_figures(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--measures", "auc,loss")
    rows = json.loads(run_command("best", *options, "--format", "json", cwd=tmp_path).stdout)
    assert len(rows) == 16
    text = run_command("best", *options, "--format", "csv", cwd=tmp_path).stdout
    cells = list(csv.DictReader(io.StringIO(text)))
    assert [{key: str(value) for key, value in row.items()} for row in rows] == cells


def test_restarts_have_measures_as_columns(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--measures", "accuracy,right_1")
    text = run_command("restarts", *options, "--format", "csv", cwd=tmp_path).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [*rows[0]][-3:] == ["loss", "escape_epoch", "right_1"]
    assert all(row["right_1"].isdigit() for row in rows)
    table = run_command("restarts", *options, cwd=tmp_path).stdout.splitlines()
    assert table[1].split()[-2:] == ["right", "1"]
    assert table[3].split()[-1] == rows[0]["right_1"]


@pytest.mark.parametrize("command", ["best", "restarts"])
def test_an_unknown_measure_is_one_line(launched: Launched, tmp_path: Path, command: str) -> None:
    options = ("--storage", launched.url, "--measures", "aux")
    done = run_command(command, *options, cwd=tmp_path, code=2)
    assert done.stderr.startswith("multirestart: --measures must be of accuracy, loss, ")
    assert done.stderr.count("\n") == 1


def test_the_recorded_loss_stands_where_both_are_asked_for() -> None:
    problem = Problem(bands())
    (row,) = measured_restarts([restart(3, SOLVED)], problem, measures_of(["loss"], problem.data))
    assert row.to_json()["loss"] == 0.0
    assert row.measures["loss"] != 0.0
    assert replace(row) == row
