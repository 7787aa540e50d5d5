"""`check`: clean on what a launch made, and finds each kind of damage."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from search.dashboard.optuna_storage import open_optuna_storage
from search.running.machine import kind_of_machine
from tests.conftest import Launched, run_command


@pytest.mark.slow
def test_a_launched_database_is_as_it_must_be(launched: Launched, tmp_path: Path) -> None:
    done = run_command("check", "--storage", launched.url, cwd=tmp_path)
    assert done.stdout == "Nothing is wrong.\n"
    assert done.stderr == (
        "grid: 8 trials with 512 restarts looked at, 32 restarts trained again\n"
    )
    done = run_command("check", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout) == []


ONE = (
    "(configuration_id, seed) = (SELECT configuration_id, seed FROM multirestart_restarts"
    " WHERE outcome = 'not escaped' ORDER BY configuration_id, seed LIMIT 1)"
)
FIRST = "configuration_id = (SELECT min(configuration_id) FROM multirestart_restarts)"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            f"DELETE FROM multirestart_restarts WHERE {ONE}",
            "has 63 restarts recorded, 64 were claimed",
        ),
        (
            f"DELETE FROM multirestart_restarts WHERE {FIRST}",
            "it is complete, but has no restarts recorded",
        ),
        (
            f"UPDATE multirestart_restarts SET seed = seed - 1 WHERE {ONE}",
            "1 restarts stand in no complete trial",
        ),
        (
            f"UPDATE multirestart_restarts SET outcome = 'solved' WHERE {ONE}",
            "its summary says escaped 0, its restarts 1",
        ),
        (
            "UPDATE multirestart_trials SET diverged = 7 WHERE number = 1",
            "its summary says diverged 7, its restarts 0",
        ),
        (
            "UPDATE multirestart_trials SET best_loss = best_loss - 1 WHERE number = 1",
            "its summary says best",
        ),
        (
            "UPDATE multirestart_trials SET tally = '[[3,1]]' WHERE number = 0",
            "its summary says tally ((3, 1),), its restarts ()",
        ),
        (
            "UPDATE multirestart_trials SET objectives = '[0.5]' WHERE number = 1",
            "the sampler was told [0.5], its restarts say",
        ),
        (
            "UPDATE multirestart_trials SET objectives = '[0.5]' WHERE number = 1",
            "the Optuna study shows another result",
        ),
        (
            "UPDATE multirestart_trials SET state = 'given up' WHERE number = 1",
            "64 restarts stand in no complete trial",
        ),
        (
            f"UPDATE multirestart_restarts SET accuracy = 1.0 WHERE {ONE}",
            "points are right and 0 undecided, its accuracy is of 300",
        ),
        (
            "UPDATE multirestart_restarts SET escape_epoch = 1 + escape_epoch % 40",
            "its escape epoch is",
        ),
        pytest.param(
            "UPDATE multirestart_restarts SET last_epoch_loss = last_epoch_loss + 0.01",
            "trained again",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "UPDATE multirestart_restarts SET last_epoch_loss = last_epoch_loss * 1.0000001",
            "trained again on the same kind of machine",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "UPDATE multirestart_restarts SET weights = zeroblob(length(weights))",
            "final weights differ, trained again on the same kind of machine",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "UPDATE multirestart_restarts SET escape_epoch = 39 WHERE escape_epoch > 0",
            "escape epoch is 39",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_damage_is_found(launched: Launched, tmp_path: Path, damage: str, found: str) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    options = ("--format", "csv", "--retrain", "32" if "trained" in found or "39" in found else "0")
    done = run_command("check", "--storage", f"sqlite:///{path}", *options, cwd=tmp_path, code=1)
    assert (
        found in next(iter(csv.reader([done.stdout.replace("\n", " ")])))[-1]
        or found in done.stdout
    )


@pytest.mark.slow
def test_restarts_of_another_kind_of_machine_are_compared_by_outcome(
    launched: Launched, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        kinds = connection.execute("SELECT DISTINCT kind FROM multirestart_machines").fetchall()
        assert kinds == [(kind_of_machine(),)]
        connection.execute("UPDATE multirestart_machines SET kind = 'another'")
        connection.execute("UPDATE multirestart_restarts SET last_epoch_loss = 0.5")
    done = run_command("check", "--storage", f"sqlite:///{path}", cwd=tmp_path)
    assert done.stdout == "Nothing is wrong.\n"
    assert "32 of them of another kind of machine, by outcome" in done.stderr


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM multirestart_levels WHERE trial_id = 2", "they are missing"),
        ("UPDATE multirestart_levels SET levels = x'00' WHERE trial_id = 2", "while decompressing"),
        (
            "UPDATE multirestart_levels SET levels = "
            "(SELECT substr(levels, 1, 9) FROM multirestart_levels WHERE trial_id = 2) "
            "WHERE trial_id = 2",
            "incomplete or truncated stream",
        ),
    ],
)
@pytest.mark.parametrize("command", ["check", "restarts", "best", "times"])
def test_damaged_levels_are_one_line(
    launched: Launched, tmp_path: Path, command: str, damage: str, found: str
) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    by = ("--success", "accuracy:0.9") if command in ("best", "times") else ()
    options = ("--storage", f"sqlite:///{path}", "--format", "csv", *by)
    done = run_command(command, *options, cwd=tmp_path, code=2)
    assert "multirestart: the levels of trial 1 are damaged: " in done.stderr
    assert found in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_trials_that_others_put_into_optunas_copy_are_named_not_counted(
    launched: Launched, tmp_path: Path
) -> None:
    path = tmp_path / "foreign.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    url = f"sqlite:///{path}"
    study = optuna.load_study(study_name="grid", storage=open_optuna_storage(url))
    study.add_trial(study.trials[0])
    study.enqueue_trial({"scaling": "none"})
    done = run_command("check", "--storage", url, "--retrain", "0", cwd=tmp_path)
    assert done.stdout == "Nothing is wrong.\n"
    assert (
        "Trials 8, 9 of the Optuna study were added outside multirestart and ignored; "
        "to try a configuration first, name it by --first." in done.stderr
    )
    assert "8 trials with 512 restarts looked at" in done.stderr
