"""Reading commands: formats, exit codes, and what they must not import."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest

from search.problem.configuration import Configuration, SearchSpace
from search.problem.rows import Outcome, RecordedRestart, Restart
from search.problem.success import ESCAPED
from search.reports.tables import show_restarts
from search.statistics.ranking import standing_keys
from tests.conftest import ROOT, Launched, run_command

BEST_KEYS = [
    *("scaling", "optimizer", "learning_rate", "restarts", "escaped", "solved", "diverged"),
    *("escape_rate", "ci_low", "ci_high", "restarts_needed", "expected_epochs"),
    *("best_seed", "best_loss", "best_accuracy", "trials"),
]
RESTART_KEYS = [
    *("trial", "seed", "scaling", "optimizer", "learning_rate", "outcome"),
    *("accuracy", "undecided", "loss", "escape_epoch"),
]


def test_best_as_json_has_the_stable_keys(launched: Launched, tmp_path: Path) -> None:
    done = run_command("best", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert [list(row) for row in rows] == [BEST_KEYS] * 8
    assert list(standing_keys(ESCAPED)) == BEST_KEYS
    assert done.stderr == ""
    last = rows[-1]
    assert (last["escaped"], last["restarts_needed"], last["expected_epochs"]) == (0, None, None)


def test_best_figures_follow_from_the_restarts(launched: Launched, tmp_path: Path) -> None:
    best = run_command("best", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    restarts = run_command("restarts", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    rows = json.loads(restarts.stdout)
    assert [list(row) for row in rows] == [RESTART_KEYS] * 512
    for standing in json.loads(best.stdout):
        names = ("scaling", "optimizer", "learning_rate")
        mine = [row for row in rows if all(row[name] == standing[name] for name in names)]
        escaped = [row for row in mine if row["outcome"] in ("escaped", "solved")]
        spent = sum(row["escape_epoch"] or 40 for row in mine)
        winner = min(mine, key=lambda row: (row["loss"], row["seed"]))
        assert standing["restarts"] == len(mine) == 64
        assert standing["escaped"] == len(escaped)
        assert standing["escape_rate"] == len(escaped) / 64
        assert standing["expected_epochs"] == (spent / len(escaped) if escaped else None)
        assert standing["best_seed"] == winner["seed"]
        assert standing["best_loss"] == winner["loss"]
        assert standing["best_accuracy"] == winner["accuracy"]


@pytest.mark.parametrize("command", ["best", "restarts", "studies"])
def test_csv_says_what_json_says(launched: Launched, tmp_path: Path, command: str) -> None:
    outputs = {
        output: run_command(command, "--storage", launched.url, "--format", output, cwd=tmp_path)
        for output in ("csv", "json")
    }
    from_csv = list(csv.DictReader(io.StringIO(outputs["csv"].stdout)))
    from_json = json.loads(outputs["json"].stdout)
    expected = [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in from_json
    ]
    assert from_csv == expected
    assert outputs["csv"].stderr == ""


def test_top_limits_and_says_how_many_more(launched: Launched, tmp_path: Path) -> None:
    done = run_command("best", "--storage", launched.url, "--top", "2", cwd=tmp_path)
    assert "6 more configurations: multirestart best --top 8" in done.stdout
    assert done.stdout.count(" of 64") == 2
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


@pytest.mark.slow
def test_a_study_without_complete_trials_says_so_and_what_was_not_tried(tmp_path: Path) -> None:
    options = ("--restarts", "2", "--workers", "1", "--sampler", "grid")
    run_command("launch", *options, "--trials", "1", cwd=tmp_path, pretend=-1, code=1)
    for command in ("best", "times", "basins", "restarts"):
        done = run_command(command, cwd=tmp_path)
        assert done.stdout.splitlines()[1:] == ["No trial is complete yet."], command
    run_command("launch", *options, "--trials", "3", cwd=tmp_path, pretend=0)
    done = run_command("best", "--top", "2", cwd=tmp_path)
    assert "1 more configuration: multirestart best --top 3\n" in done.stdout
    assert (
        "5 configurations have no complete trial yet: none adam 0.1, standard sgd 0.01, stand"
        in done.stdout
    )


def test_restarts_as_a_table(launched: Launched, tmp_path: Path) -> None:
    done = run_command("restarts", "--storage", launched.url, "--study", "grid", cwd=tmp_path)
    assert "grid: 512 restarts" in done.stdout
    assert "not escaped" in done.stdout


@pytest.mark.slow
def test_a_table_of_very_many_restarts_is_cut_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = Restart(1, Outcome.SOLVED, 1.0, 0.1, 0.1, 3, None, b"", 300)
    row = RecordedRestart(0, Configuration("none", "sgd", 0.1), one)
    show_restarts("many", SearchSpace(), repeat(row, 2000), 2005)
    out = capsys.readouterr().out
    assert "many: 2005 restarts" in out
    assert "5 more restarts: --format csv has all" in out
    assert out.count("solved") == 2000


def test_studies(launched: Launched, tmp_path: Path) -> None:
    done = run_command("studies", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    (row,) = json.loads(done.stdout)
    escaped = row.pop("escaped")
    assert 0 < escaped < 512
    assert row == {
        "study": "grid",
        "data": "bands",
        "network": "1-2-1",
        "epochs": 40,
        "trials": 8,
        "restarts": 512,
    }


def test_a_study_that_is_not_there_names_those_that_are(launched: Launched, tmp_path: Path) -> None:
    for command in ("best", "restarts"):
        done = run_command(
            command, "--storage", launched.url, "--study", "gird", cwd=tmp_path, code=2
        )
        assert done.stderr == "multirestart: there is no study 'gird'; there are: grid\n"


def test_no_database_is_one_line(tmp_path: Path) -> None:
    for command in ("best", "restarts", "studies", "dashboard"):
        done = run_command(command, cwd=tmp_path, code=2)
        assert "there is no database multirestart.db" in done.stderr
        assert done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        *(("best",), ("restarts",), ("studies",), ("times",), ("effects",)),
        *(("best", "--success", "best:0.1"), ("effects", "--success", "solved")),
        *(("--help",), ("launch", "--help")),
    ],
)
def test_reading_imports_neither_tensorflow_nor_optuna(
    launched: Launched, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code = (
        "import sys\n"
        "from search.commands import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'keras', 'optuna', 'sklearn', 'scipy', 'alembic', 'rich'}\n"
        "    print('heavy:', sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    storage = () if "--help" in arguments else ("--storage", launched.url)
    done = python(code, *arguments, *storage, cwd=tmp_path)
    assert done.stderr == "heavy: []\n"


@pytest.mark.slow
def test_the_parent_of_a_launch_never_imports_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from search.commands import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    print('heavy:', {'tensorflow', 'keras'} & set(sys.modules), file=sys.stderr)\n"
    )
    options = ("--trials", "1", "--restarts", "2", "--epochs", "2", "--workers", "1")
    done = python(code, "launch", *options, cwd=tmp_path)
    assert done.stderr.endswith("heavy: set()\n")


def test_a_pipe_closed_early_is_no_traceback(launched: Launched, tmp_path: Path) -> None:
    command = f"{sys.executable} -m search restarts --format csv --storage {launched.url} | head -1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ",".join(RESTART_KEYS) + "\n"
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("script") is None, reason="needs script(1) for a terminal")
def test_a_narrow_terminal_leaves_columns_out_and_says_so(
    launched: Launched, tmp_path: Path
) -> None:
    command = f"{sys.executable} -m search best --storage {launched.url}"
    done = subprocess.run(
        ["script", "-qec", f"stty cols 80; {command}", "/dev/null"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Left out for want of width:" in done.stdout
    assert "95%" in done.stdout


def python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
