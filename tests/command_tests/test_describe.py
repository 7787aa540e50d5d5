"""`launch --describe`, what a launch warns of, and data of nearly one class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import run_command

ROWS = [(number, (number * 37) % 30 / 7, "a" if number % 3 else "b") for number in range(30)]
POINTS = "id,x,class\n" + "".join(f"{number},{x!r},{label}\n" for number, x, label in ROWS)
DATA = ("--data", "points.csv", "--target", "class")
TINY = ("--trials", "1", "--restarts", "2", "--epochs", "3", "--workers", "1")
ID = (
    "Warning: column 'id' has another value in each row, in the order of the rows: if it is an id, "
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "points.csv").write_text(POINTS)
    return tmp_path


def test_data_are_described_and_nothing_is_written(folder: Path) -> None:
    done = run_command("launch", *DATA, "--describe", cwd=folder, pretend=0)
    lines = done.stdout.splitlines()
    assert lines[0] == "points: 30 points, 2 features, plateau 0.6667"
    assert lines[3].split() == ["id", "0", "29", "30"]
    assert lines[4].split() == ["x", "0", "4.14286", "30"]
    assert lines[5:] == [
        "Classes: a (20 of 30, label 0), b (10 of 30, label 1)",
        f"{ID}leave it out by --drop id.",
        "One point of 30 is worth 0.03333, more than the margin of 0.01: a restart escapes by one "
        "point; see best --success solved.",
    ]
    assert done.stderr == ""
    assert [path.name for path in folder.iterdir()] == ["points.csv"]


def test_the_advice_goes_on_from_the_columns_that_are_taken(folder: Path) -> None:
    text = POINTS.replace("id,x,", "id,x,y,").replace(",a", ",7.5,a").replace(",b", ",7,b")
    (folder / "points.csv").write_text(text)
    for option, advice in (("--drop=y", "by --drop y,id"), ("--features=id,x", "of --features")):
        done = run_command("launch", *DATA, option, "--describe", cwd=folder, pretend=0)
        assert f"{ID}leave it out {advice}." in done.stdout.splitlines()


def test_describing_saves_no_plan(folder: Path) -> None:
    options = (*DATA, "--describe", "--save-plan", "plan.toml")
    done = run_command("launch", *options, cwd=folder, code=2)
    assert done.stderr == "multirestart: --describe writes nothing: leave --save-plan out\n"


def test_a_launch_warns_before_it_trains_and_goes_on_with_its_columns(folder: Path) -> None:
    done = run_command("launch", *DATA, *TINY, "--study", "all", cwd=folder, pretend=0)
    assert done.stderr.startswith(f"{ID}leave it out by --drop id.\n")
    done = run_command("launch", *DATA, *TINY, "--drop", "id", cwd=folder, pretend=0)
    assert "Warning" not in done.stderr
    assert done.stdout.startswith("points: 1-2-1 sigmoid network, 30 points")
    for again in (("--study", "points"), DATA):
        assert "nothing to do" in run_command("launch", *again, cwd=folder, pretend=0).stderr
        done = run_command("launch", *again, "--describe", cwd=folder, pretend=0)
        assert done.stdout.startswith("points: 30 points, 1 feature, ")
    done = run_command("launch", *DATA, "--features", "id", cwd=folder, code=2)
    assert "exists with other settings: data is points (" in done.stderr


def test_data_of_nearly_one_class_can_be_launched_as_told(folder: Path) -> None:
    rows = "".join(f"{number * 37 % 200 / 7},{int(number == 5)}\n" for number in range(200))
    (folder / "points.csv").write_text(f"x,class\n{rows}")
    done = run_command("launch", *DATA, *TINY, cwd=folder, code=2)
    assert done.stderr.endswith("received 0.01; try --margin 0.001 --solved-at 1\n")
    done = run_command("launch", *DATA, "--describe", cwd=folder, pretend=0)
    assert "A launch is refused as it stands: --margin must be at least 0" in done.stdout
    fits = ("--margin", "0.001", "--solved-at", "1")
    done = run_command("launch", *DATA, *TINY, *fits, cwd=folder, pretend=0)
    assert "200 points, plateau 0.9950" in done.stdout
