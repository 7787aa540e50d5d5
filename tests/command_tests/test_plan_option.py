"""`launch` with plan files: read, overridden, saved, and refused in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from search.problem.configuration import SearchSpace
from search.problem.data.sources import load_data
from search.problem.dimensions import LogRange
from search.problem.plan import Plan
from search.problem.plan_files import read_plan
from search.problem.problem import Problem
from storage.opening import open_if_there
from tests.conftest import Launched, environment, run_command

POINTS = "x,class\n" + "".join(f"{x},{'in' if 3 < x < 7 else 'out'}\n" for x in range(11))
TINY = "epochs = 3\nrestarts = 5\ntrials = 1\n"


def plan_in(folder: Path, name: str) -> Plan | None:
    store = open_if_there(f"sqlite:///{folder / 'multirestart.db'}")
    found = store.find_study(name) if store else None
    return Plan.from_record(name, found.record) if found else None


def test_a_plan_file_is_launched_and_options_override_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        f'{TINY}study = "filed"\nhidden = [4]\nlearning_rate = {{low = 0.01, high = 1}}'
    )
    run_command("launch", "plan.toml", "--restarts", "2", cwd=tmp_path, pretend=0)
    expected = Plan(
        "filed",
        Problem(hidden=(4,), epochs=3),
        SearchSpace(learning_rates=LogRange(0.01, 1.0)),
        restarts=2,
        trials=1,
    )
    assert plan_in(tmp_path, "filed") == expected
    done = run_command("launch", "plan.toml", cwd=tmp_path, pretend=0, code=2)
    assert done.stderr == (
        "multirestart: study 'filed' exists with other settings: restarts is 2, not 5. "
        "Give the new one another name, or leave these out to go on with it\n"
    )


@pytest.mark.slow
def test_a_saved_plan_makes_the_same_study_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / "plans").mkdir(parents=True)
        (folder / "points.csv").write_text(POINTS)
    options = ("--data", "points.csv", "--target", "class", "--epochs", "3", "--restarts", "5")
    more = ("--sampler", "grid", "--optimizer", "adam", "--save-plan", "plans/points.toml")
    run_command("launch", *options, *more, cwd=here, pretend=0)
    made = plan_in(here, "points")
    assert made == Plan(
        problem=Problem(load_data(str(here / "points.csv"), "class"), epochs=3),
        space=SearchSpace(optimizers=("adam",)),
        restarts=5,
        sampler="grid",
        trials=4,
    )
    saved = here / "plans" / "points.toml"
    assert 'data = "../points.csv"\ntarget = "class"\n' in saved.read_text()
    assert read_plan(saved).plan() == made
    assert "nothing to do" in run_command("launch", str(saved), cwd=here, pretend=0).stderr
    (there / "plans" / "points.toml").write_text(saved.read_text())
    run_command("launch", "plans/points.toml", cwd=there, pretend=0)
    assert plan_in(there, "points") == made


@pytest.mark.slow
def test_what_is_left_out_is_saved_as_the_study_has_it(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(POINTS)
    data = ("--data", "points.csv", "--target", "class")
    tiny = ("--epochs", "3", "--restarts", "5", "--trials", "1")
    run_command("launch", *data, *tiny, cwd=tmp_path, pretend=0)
    going_on = ("launch", "--study", "points", "--trials", "2", "--save-plan", "points.toml")
    done = run_command(*going_on, cwd=tmp_path, pretend=0, code=2)
    assert done.stderr == (
        "multirestart: study 'points' keeps the points of its data 'points' but not the file that "
        "they came from: name the CSV file and its target column\n"
    )
    assert not (tmp_path / "points.toml").exists()
    made = plan_in(tmp_path, "points")
    assert made is not None
    assert made.trials == 1
    run_command(*going_on, *data, cwd=tmp_path, pretend=0)
    assert read_plan(tmp_path / "points.toml").plan() == plan_in(tmp_path, "points")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(TINY)
    done = run_command("launch", "plan.toml", "--save-plan", "plan.toml", cwd=tmp_path, code=2)
    assert done.stderr == (
        "multirestart: plan.toml is there already: save the plan under another name\n"
    )
    assert path.read_text() == TINY
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs=-1",), "--epochs must be at least 0, received -1"),
        (("--save-plan", "no/plan.toml"), "cannot write no/plan.toml: No such file or directory"),
        (("--storage", "here"), None),
        (("--storage", "sqlite:///no/here.db"), None),
    ],
)
def test_a_launch_that_is_refused_saves_no_plan(
    tmp_path: Path, options: tuple[str, ...], message: str | None
) -> None:
    done = run_command("launch", "--save-plan", "plan.toml", *options, cwd=tmp_path, code=2)
    assert done.stderr.count("\n") == 1
    assert message is None or done.stderr == f"multirestart: {message}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_the_study_refuses_is_not_saved(launched: Launched, tmp_path: Path) -> None:
    study = ("launch", "--storage", launched.url, "--study", "grid")
    done = run_command(*study, "--epochs", "41", "--save-plan", "plan.toml", cwd=tmp_path, code=2)
    assert "epochs is 40, not 41" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("epochs = '3'", (), "plan.toml: epochs must be a whole number, received '3'"),
        (
            "epochs = -1\nrestarts = 0",
            ("--restarts", "-1"),
            "plan.toml: epochs must be at least 0, received -1; "
            "--restarts must be at least 1 and at most 1000000, received -1",
        ),
        (
            'study = "\\u001b[31m"',
            (),
            r"plan.toml: study must be a printable name, received '\x1b[31m'",
        ),
        (None, (), "cannot read plan.toml: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    tmp_path: Path, content: str | None, options: tuple[str, ...], message: str
) -> None:
    if content is not None:
        (tmp_path / "plan.toml").write_text(content)
    before = list(tmp_path.iterdir())
    done = run_command("launch", "plan.toml", *options, cwd=tmp_path, code=2)
    assert done.stderr == f"multirestart: {message}\n"
    assert list(tmp_path.iterdir()) == before


def test_of_the_commands_only_launch_loads_pydantic(launched: Launched) -> None:
    code = (
        "import sys\n"
        "from search.commands import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as error: assert not error.code, error.code\n"
        "sys.stderr.write(str('pydantic' in sys.modules))"
    )
    for arguments in (
        ("--help",),
        ("launch", "--help"),
        ("best", "--storage", launched.url),
        ("studies", "--storage", launched.url),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "False"


@pytest.mark.slow
def test_a_plan_can_be_saved_from_the_defaults(tmp_path: Path) -> None:
    tiny = ("--trials", "1", "--restarts", "2", "--epochs", "3")
    run_command("launch", *tiny, "--save-plan", "plan.toml", cwd=tmp_path, pretend=0)
    expected = Plan(problem=Problem(epochs=3), restarts=2, trials=1)
    assert read_plan(tmp_path / "plan.toml").plan() == expected == plan_in(tmp_path, "bands")
