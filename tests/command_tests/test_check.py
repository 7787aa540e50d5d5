"""`check`: clean on what a launch made, and finds each kind of damage."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Launched, run_command


@pytest.mark.slow
def test_a_launched_database_is_as_it_must_be(launched: Launched, tmp_path: Path) -> None:
    done = run_command("check", "--storage", launched.url, cwd=tmp_path)
    assert done.stdout == "All is as it must be.\n"
    assert done.stderr == (
        "grid: 8 trials with 512 restarts looked at, 32 restarts trained again\n"
    )
    done = run_command("check", "--storage", launched.url, "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout) == []


ONE = "rowid = (SELECT min(rowid) FROM restarts WHERE outcome = 'not escaped')"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (f"DELETE FROM restarts WHERE {ONE}", "has 63 restarts recorded, 64 were claimed"),
        (
            "DELETE FROM restarts WHERE trial_id = 2",
            "it is complete, but has no restarts recorded",
        ),
        (f"UPDATE restarts SET seed = seed - 1 WHERE {ONE}", "seeds of its restarts are not those"),
        (f"UPDATE restarts SET outcome = 'solved' WHERE {ONE}", "Optuna was told [0.0], its"),
        (
            "UPDATE trial_user_attributes SET value_json = '7' WHERE key = 'diverged'"
            " AND trial_id = 1",
            "its attribute diverged is 7, its restarts say 0",
        ),
        ("UPDATE trial_values SET value = 0.5 WHERE trial_id = 1", "Optuna was told [0.5]"),
        (
            "UPDATE trials SET state = 'FAIL' WHERE trial_id = 1",
            "it is FAIL, but has 64 restarts recorded",
        ),
        (
            "UPDATE configurations SET learning_rate = 0.5 WHERE configuration_id = 1",
            "but recorded under none sgd 0.5",
        ),
        pytest.param(
            "UPDATE restarts SET last_epoch_loss = last_epoch_loss + 0.01",
            "trained again",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "UPDATE restarts SET escape_epoch = 39 WHERE escape_epoch > 0",
            "escape epoch is 39",
            marks=pytest.mark.slow,
        ),
        ("INSERT INTO claims VALUES (99, 'x', 1, NULL, 1, NULL)", "1 rows of claims belong to no"),
    ],
)
def test_damage_is_found(launched: Launched, tmp_path: Path, damage: str, found: str) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    options = ("--format", "csv", "--retrain", "32" if "trained" in found or "39" in found else "0")
    done = run_command("check", "--storage", f"sqlite:///{path}", *options, cwd=tmp_path, code=1)
    assert found in done.stdout
