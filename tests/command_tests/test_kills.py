"""Nothing lost, nothing twice: real launches, killed, starved, doubled and read while they run."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import optuna
import pytest

from scripts.processes import workers_of
from search.dashboard.optuna_storage import open_optuna_storage
from tests.command_tests.pretended import NONE_KILLS
from tests.command_tests.processes import (
    assert_whole,
    launching,
    query,
    trials,
    wait_until,
)
from tests.command_tests.test_scripts import fetch, serving
from tests.conftest import run_command

pytestmark = pytest.mark.slow

GRID = ("--sampler", "grid", "--restarts", "64", "--workers", "1")
SHORT = (*GRID, "--epochs", "4000")  # about half a second a trial, really trained
LONG = 1000.0  # seconds a trial, where workers pretend to train


def has_moved(folder: Path, before: int, process: subprocess.Popen[str]) -> bool:
    return trials(folder, "complete") > before or process.poll() is not None


def last_said(stderr: str) -> str:
    """The last line of the command itself.

    Where workers were killed, the process that keeps count of their semaphores, which outlives the
    command, can warn that one is gone already.
    """
    return [line for line in stderr.splitlines() if line.startswith("multirestart: ")][-1]


def check(folder: Path, retrain: int = 0) -> None:
    done = run_command("check", "--retrain", str(retrain), cwd=folder)
    assert done.stdout == "Nothing is wrong.\n"


def test_killed_at_any_moment_the_same_command_finishes(tmp_path: Path) -> None:
    """At moments drawn by a seed, from the making of tables on; nothing is pretended."""
    draw = random.Random(1)
    for _ in range(3):
        with launching(tmp_path, *SHORT) as process:
            if draw.random() < 0.5:  # early: while it opens, claims and starts its workers
                time.sleep(draw.uniform(0.5, 4))
            else:
                before = trials(tmp_path, "complete")
                wait_until(partial(has_moved, tmp_path, before, process))
                time.sleep(draw.uniform(0, 1))
            os.kill(process.pid, signal.SIGKILL)
    run_command("launch", *SHORT, cwd=tmp_path)
    assert_whole(tmp_path, 8, 64)
    check(tmp_path, retrain=1)  # by plain Keras, which takes long for so many epochs


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_interrupted_it_gives_back_what_runs_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with launching(tmp_path, *GRID, pretend=LONG) as process:
        wait_until(lambda: trials(tmp_path, "running") >= 2)
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code
    assert said.splitlines()[-1].startswith("multirestart: interrupted; the same command goes on")
    assert "Traceback" not in said
    assert trials(tmp_path, "running") == 0
    assert trials(tmp_path, "waiting") >= 2
    assert not list(tmp_path.glob("*launcher*"))


def test_interrupted_twice_it_ends_at_once(tmp_path: Path) -> None:
    with launching(tmp_path, *GRID, pretend=LONG) as process:
        wait_until(lambda: trials(tmp_path, "running") >= 2)
        with closing(sqlite3.connect(tmp_path / "multirestart.db")) as lock:
            lock.execute("BEGIN IMMEDIATE")  # so that giving the trials back has to wait
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            began = time.monotonic()
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(timeout=10) == 130
            assert time.monotonic() - began < 5
            lock.rollback()
    assert trials(tmp_path, "running") >= 2


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with launching(tmp_path, *GRID, pretend=LONG) as process:
        wait_until(lambda: trials(tmp_path, "running") >= 2)
        wait_until(lambda: workers_of(process.pid))
        workers = workers_of(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 60)


def test_a_worker_that_dies_is_replaced_and_its_trial_run_again(tmp_path: Path) -> None:
    """Nothing is pretended."""
    with launching(tmp_path, *SHORT, "--optimizer", "sgd", "--trials", "3") as process:
        wait_until(lambda: trials(tmp_path, "complete") >= 1)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    assert "its worker died (SIGKILL(-9)); it is trained again." in said
    assert query(tmp_path, "SELECT DISTINCT attempt FROM multirestart_trials") == [(1,)]
    assert_whole(tmp_path, 3, 64)


def test_after_three_deaths_a_trial_is_given_up_and_the_study_goes_on(tmp_path: Path) -> None:
    # The second and last trial is so long that each kill is sure to hit it.
    options = ("--sampler", "random", "--trials", "2", "--restarts", "64", "--workers", "1")
    with launching(tmp_path, *options, pretend=3) as process:
        wait_until(lambda: trials(tmp_path, "complete") >= 1)
        killed: set[int] = set()
        while len(killed) < 3:
            assert process.poll() is None
            for worker in set(workers_of(process.pid)) - killed:
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
            time.sleep(0.01)
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    reason = "its worker died (SIGKILL(-9)), 3 times"
    told = "SELECT reason FROM multirestart_trials WHERE state = 'given up'"
    assert query(tmp_path, told) == [(reason,)], said
    assert reason in [trial.user_attrs.get("reason") for trial in published(tmp_path).trials]
    assert "it is given up" in said
    assert "1 trial was given up" in said
    assert trials(tmp_path, "complete") == 1
    again = run_command("launch", *options, cwd=tmp_path)
    assert "nothing to do" in again.stderr


def test_launchers_of_one_study_reach_its_size_together(tmp_path: Path) -> None:
    """Three at once from nothing, `best` in a loop, one launcher killed half-way."""
    options = ("--sampler", "random", "--trials", "24", *GRID[2:])
    with (
        launching(tmp_path, *options, pretend=0.3) as first,
        launching(tmp_path, *options, pretend=0.3) as second,
        launching(tmp_path, *options, pretend=0.3) as doomed,
    ):
        wait_until(lambda: trials(tmp_path, "complete") >= 2)
        for _ in range(5):
            run_command("best", "--format", "json", cwd=tmp_path)
        os.killpg(doomed.pid, signal.SIGKILL)
        for process in (first, second):
            _, said = process.communicate(timeout=300)
            assert process.returncode == 0, said
            assert "locked" not in said
    assert_whole(tmp_path, 24, 64)
    check(tmp_path)


def test_a_dashboard_that_is_clicked_disturbs_nothing(tmp_path: Path) -> None:
    """The real dashboard, asked and written to as its pages do it, ten times a second."""
    run_command("launch", *GRID, "--trials", "1", cwd=tmp_path, pretend=0)
    with serving(cwd=tmp_path) as (port, _):
        (study,) = json.loads(fetch(port, "/api/studies"))["study_summaries"]
        path = f"/api/studies/{study['study_id']}"
        clicks, accepted = 0, 0
        with launching(tmp_path, *GRID, "--trials", "10", pretend=0.3) as process:
            while process.poll() is None:
                shown = json.loads(fetch(port, f"{path}?after=0"))["note"]
                note = {"body": f"click {clicks}", "version": shown["version"] + 1}
                clicks += 1
                # The dashboard refuses a note that the launch has changed since the page was read.
                with suppress(AssertionError):
                    fetch(port, f"{path}/note", method="PUT", body=note)
                    accepted += 1
                time.sleep(0.1)
            _, said = process.communicate()
            assert process.returncode == 0, said
    assert clicks > 3
    assert accepted > 3
    assert_whole(tmp_path, 10, 64)


def published(folder: Path) -> optuna.Study:
    """Optuna's copy of the study."""
    url = f"sqlite:///{folder / 'multirestart.db'}"
    return optuna.load_study(study_name="bands", storage=open_optuna_storage(url))


def delete_studies(port: int) -> int:
    """How many studies the dashboard showed; each of them is deleted there."""
    shown = json.loads(fetch(port, "/api/studies"))["study_summaries"]
    for study in shown:
        fetch(port, f"/api/studies/{study['study_id']}", method="DELETE")
    return len(shown)


def test_a_study_deleted_in_the_dashboard_while_it_runs_loses_nothing(tmp_path: Path) -> None:
    """What is deleted is Optuna's copy; the next launch makes it again."""
    with launching(tmp_path, *GRID, "--trials", "6", pretend=4) as process:
        wait_until(
            lambda: query(tmp_path, "SELECT * FROM multirestart_trials WHERE published_number = 0")
        )
        with serving(cwd=tmp_path) as (port, _):
            # Optuna's delete is undone in silence where a trial is added to the study meanwhile.
            wait_until(lambda: delete_studies(port) == 0)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert said.count("Could not update the Optuna study") == 1
    assert "the published study was deleted" in said
    assert trials(tmp_path, "complete") == 6
    again = run_command("launch", *GRID, "--trials", "6", cwd=tmp_path, pretend=0)
    assert "nothing to do" in again.stderr
    assert_whole(tmp_path, 6, 64)
    assert [trial.number for trial in published(tmp_path).trials] == list(range(6))
    check(tmp_path)


def test_a_full_disk_is_one_line_and_the_study_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    run_command("launch", *GRID, "--trials", "1", cwd=tmp_path, pretend=0)
    room = max(path.stat().st_size for path in tmp_path.iterdir()) + 10_000

    def starve() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    with launching(tmp_path, *GRID, "--trials", "100", pretend=0, limit=starve) as process:
        _, said = process.communicate(timeout=240)
        assert process.returncode == 1, said
    assert "What is complete is kept: mend this" in said.splitlines()[-1]
    assert "Traceback" not in said
    done = trials(tmp_path, "complete")
    run_command("launch", *GRID, "--trials", str(done + 4), cwd=tmp_path, pretend=0)
    assert_whole(tmp_path, done + 4, 64)
    check(tmp_path)


def test_a_file_that_becomes_read_only_is_one_line(tmp_path: Path) -> None:
    """Root may write anything, so the reason is given by a trigger that refuses every claim."""
    run_command("launch", *GRID, "--trials", "1", cwd=tmp_path, pretend=0)
    with closing(sqlite3.connect(tmp_path / "multirestart.db")) as connection, connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON multirestart_trials"
            " BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END"
        )
    done = run_command("launch", *GRID, "--trials", "3", cwd=tmp_path, pretend=0, code=1)
    assert "attempt to write a readonly database. What is complete" in done.stderr.splitlines()[-1]
    with closing(sqlite3.connect(tmp_path / "multirestart.db")) as connection, connection:
        connection.execute("DROP TRIGGER refuse")
    run_command("launch", *GRID, "--trials", "3", cwd=tmp_path, pretend=0)
    assert_whole(tmp_path, 3, 64)


def test_where_no_worker_can_train_the_launch_says_so_and_gives_all_back(tmp_path: Path) -> None:
    done = run_command("launch", *GRID, cwd=tmp_path, pretend=-1, code=1)
    assert "no worker can train anything: its worker died" in last_said(done.stderr)
    assert "given up" not in done.stderr
    found = query(tmp_path, "SELECT state FROM multirestart_trials")
    assert found.count(("failed",)) >= 3
    assert set(found) <= {("failed",), ("waiting",)}
    run_command("launch", *GRID, cwd=tmp_path, pretend=0)
    assert_whole(tmp_path, 8, 64)


def test_a_study_of_which_nothing_can_be_trained_is_one_line(tmp_path: Path) -> None:
    """Its trials are given up once they have failed two launches."""
    one = (*GRID, "--trials", "1")
    done = run_command("launch", *one, cwd=tmp_path, pretend=-1, code=1)
    assert "no worker can train anything: its worker died" in last_said(done.stderr)
    done = run_command("launch", *one, cwd=tmp_path, pretend=-1, code=1)
    assert "no trial of 'bands' could be trained: its worker died" in last_said(done.stderr)
    done = run_command("launch", *one, cwd=tmp_path, pretend=0, code=1)
    assert "all were given up, as the dashboard tells" in last_said(done.stderr)
    run_command("launch", *GRID, "--trials", "2", cwd=tmp_path, pretend=0)
    assert trials(tmp_path, "complete") == 1


def test_configurations_that_kill_every_worker_cannot_stop_a_study(tmp_path: Path) -> None:
    """The first half of the grid is of `none`, over which all workers die."""
    grid = ("--optimizer", "sgd", "--learning-rate", "0.1,0.2,0.3,0.4", *GRID)
    run_command("launch", *grid, cwd=tmp_path, pretend=NONE_KILLS, code=1)
    run_command("launch", *grid, cwd=tmp_path, pretend=NONE_KILLS)
    assert trials(tmp_path, "complete") == 4
    assert trials(tmp_path, "given up") == 4
    assert "nothing to do" in run_command("launch", cwd=tmp_path).stderr
