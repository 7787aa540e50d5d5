"""`launch --validation` and `--validation-data`: points held out, kept, gone on with, measured."""

from __future__ import annotations

import json
import re
from contextlib import chdir
from pathlib import Path

import pytest

import multirestart as mr
from search.problem.data.datasets import bands
from tests.conftest import ROOT, run_command

ROWS = [((number * 37) % 30 / 7, "abb"[number % 3]) for number in range(30)]
DATA = ("--data", "points.csv", "--target", "class")
TINY = ("--trials", "1", "--restarts", "2", "--epochs", "3", "--workers", "1")
OTHER = "class,x\n" + "".join(f"{'ab'[number % 2]},{number / 3!r}\n" for number in range(7))


def text_of(rows: list[tuple[float, str]]) -> str:
    return "x,class\n" + "".join(f"{x!r},{label}\n" for x, label in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "points.csv").write_text(text_of(ROWS))
    (tmp_path / "more").mkdir()
    (tmp_path / "more/other.csv").write_text(OTHER)
    return tmp_path


def held_out(folder: Path, name: str) -> mr.Dataset:
    study = mr.open_study(f"sqlite:///{folder / 'multirestart.db'}", name)
    assert study.problem.data.validation is not None
    return study.problem.data


def test_a_share_is_held_out_and_kept_with_the_study(folder: Path) -> None:
    options = (*DATA, "--validation", "0.2")
    done = run_command("launch", *options, "--describe", cwd=folder, pretend=0)
    assert done.stdout.startswith("points: 24 points, 1 feature, plateau 0.6667\n")
    assert "Held out beside them: 6 points, 2 of class a, 4 of class b\n" in done.stdout
    run_command("launch", *options, *TINY, cwd=folder, pretend=0)
    whole = mr.load_data(str(folder / "points.csv"), "class")
    assert held_out(folder, "points") == whole.hold_out(0.2)
    for again in ((), options):
        assert "nothing to do" in run_command("launch", *again, cwd=folder, pretend=0).stderr
    for other in ((*DATA, "--validation", "0.3"), ("--validation", "0.1")):
        done = run_command("launch", *other, cwd=folder, code=2)
        assert "study 'points' exists with other settings: data is points (" in done.stderr
    # In another order they are the same points, but train in other batches.
    (folder / "points.csv").write_text(text_of(ROWS[::-1]))
    done = run_command("launch", *options, cwd=folder, code=2)
    assert "exists with other settings: data is points (" in done.stderr


def test_points_of_another_file_are_held_out_and_kept(folder: Path) -> None:
    options = (*DATA, "--validation-data", "more/other.csv")
    run_command("launch", *options, *TINY, cwd=folder, pretend=0)
    data = held_out(folder, "points")
    assert data.validation is not None
    assert (data.points, data.validation.points, data.validation.share) == (30, 7, None)
    (folder / "more/other.csv").rename(folder / "gone.csv")
    assert "nothing to do" in run_command("launch", *DATA, cwd=folder, pretend=0).stderr
    for other in ((*DATA, "--validation", "0.2"), ("--validation", "0.2")):
        done = run_command("launch", *other, cwd=folder, code=2)
        assert "exists with other settings: data is points (" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--validation", "1.5"),
            "--validation must be a share between 0 and 1, like 0.2, received",
        ),
        (
            ("--validation", "0.001"),
            "--validation must hold out at least one of 300 points, receiv",
        ),
        (
            ("--validation-data", "points.csv"),
            "--validation-data goes with data from a file; of bu",
        ),
        (
            (*DATA, "--validation", "0.2", "--validation-data", "more/other.csv"),
            "--validation-data must be left out where a share of the data is held out, received",
        ),
        ((*DATA, "--validation-data", "none.csv"), "cannot read none.csv: No such file"),
    ],
)
def test_what_cannot_be_held_out_is_one_line(
    folder: Path, options: tuple[str, ...], message: str
) -> None:
    done = run_command("launch", *options, cwd=folder, code=2)
    assert done.stderr.startswith(f"multirestart: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options", [("--validation", "0.2"), ("--validation-data", "more/other.csv")]
)
def test_a_saved_plan_holds_the_same_points_out(folder: Path, options: tuple[str, ...]) -> None:
    (folder / "plans").mkdir()
    save = ("--save-plan", "plans/plan.toml")
    run_command("launch", *DATA, *TINY, *options, *save, cwd=folder, pretend=0)
    shown = (folder / "plans/plan.toml").read_text()
    assert ("validation = 0.2" in shown) == ("0.2" in options)
    assert ('validation_data = "../more/other.csv"' in shown) == ("0.2" not in options)
    done = run_command("launch", "plans/plan.toml", cwd=folder, pretend=0)
    assert "nothing to do" in done.stderr
    again = ("--study", "again", "--validation", "0.5")
    run_command("launch", "plans/plan.toml", *again, cwd=folder, pretend=0)
    assert held_out(folder, "again").class_sizes == (5, 10)


def test_held_out_points_of_built_in_data_are_measured(tmp_path: Path) -> None:
    options = ("--validation", "0.2", "--scaling", "standard", "--optimizer", "adam")
    run_command("launch", *options, *TINY, "--study", "held", cwd=tmp_path)
    assert held_out(tmp_path, "held") == bands().hold_out(0.2)
    names = "accuracy,validation_accuracy,validation_right_1"
    done = run_command("best", "--measures", names, "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert [row["measure"] for row in rows] == names.split(",")
    assert all(0 <= row["mean"] <= 20 for row in rows)
    study = mr.open_study(f"sqlite:///{tmp_path / 'multirestart.db'}")
    for row in study.measured_restarts(["accuracy"]):
        assert row.measures["accuracy"] == row.recorded.restart.accuracy


@pytest.mark.slow
def test_where_one_class_is_rare_all_escape_and_half_of_it_is_wrong(tmp_path: Path) -> None:
    """The example of docs/commands.md; its figures are of one kind of machine."""
    page = (ROOT / "docs/commands.md").read_text()
    (make,) = re.findall(r"```python\n(.*?)```", page, re.S)
    (launch,) = re.findall(r"^multirestart (launch --data rare.csv .*)$", page, re.M)
    with chdir(tmp_path):
        exec(make, {})
    run_command(*launch.split(), cwd=tmp_path)
    study = mr.open_study(f"sqlite:///{tmp_path / 'multirestart.db'}")
    best = study.best()[0]
    assert best.escape_rate.rate == 1.0
    names = ["right_rare", "right_common", "balanced_accuracy", "validation_right_rare"]
    rare, common, balanced, held_out = study.measures(names, top=1)
    assert 16 <= rare.quantiles[2] <= 18  # type: ignore[operator]
    assert rare.quantiles[4] <= 20  # type: ignore[operator]
    assert common.quantiles[0] >= 590  # type: ignore[operator]
    assert 0.74 < balanced.quantiles[2] < 0.78  # type: ignore[operator]
    assert 4 <= held_out.quantiles[2] <= 6  # type: ignore[operator]
