"""Every command on a PostgreSQL database: what it says there is what it says on SQLite."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.command_tests.processes import running, wait_until
from tests.command_tests.test_scripts import fetch, serving
from tests.conftest import Launched, run_command
from tests.postgresql import Server

# Before anything is launched to be copied there.
pytestmark = pytest.mark.usefixtures("postgresql")

WINNER, SECOND = "standard/adam/0.1", "standard/adam/0.01"


@pytest.fixture(scope="module")
def copied(launched: Launched, postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a PostgreSQL database with the launched grid."""
    url, folder = postgresql.new(), tmp_path_factory.mktemp("copied")
    done = run_command("copy", "--from", launched.url, "--to", url, cwd=folder)
    assert "8 complete trials, 512 restarts, nothing is wrong." in done.stderr
    return url


@pytest.mark.parametrize(
    "command",
    [
        ("best", "--format", "json"),
        ("best", "--success", "accuracy:0.9"),
        ("best", "--success", "loss:0.1", "--measures", "balanced_accuracy"),
        ("times", "--format", "csv"),
        ("times", "--success", "solved"),
        ("compare", WINNER, SECOND),
        ("effects",),
        ("basins", "--configuration", WINNER),
        ("restarts", "--format", "csv", "--weights"),
        ("restarts", "--configuration", SECOND),
        ("export", "--code"),
        ("studies",),
        ("check", "--retrain", "0"),
    ],
    ids=lambda command: command[0],
)
def test_what_a_command_prints_is_the_same(
    launched: Launched, copied: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    here = run_command(*command, "--storage", launched.url, cwd=tmp_path)
    there = run_command(*command, "--storage", copied, cwd=tmp_path)
    assert there.stdout.replace(copied, launched.url) == here.stdout
    assert there.stdout


def test_a_copy_that_was_killed_goes_on_and_back_again_it_is_the_study(
    launched: Launched, copied: str, postgresql: Server, tmp_path: Path
) -> None:
    half = postgresql.new()
    database = half.rpartition("/")[2]
    made = "SELECT to_regclass('multirestart_trials') IS NOT NULL"
    some = "SELECT count(*) FROM multirestart_trials WHERE state = 'complete'"
    with running(tmp_path, "copy", "--from", launched.url, "--to", half) as process:
        wait_until(lambda: postgresql.execute(made, database) == [(True,)])
        wait_until(lambda: postgresql.execute(some, database)[0][0] > 0)
        os.kill(process.pid, signal.SIGKILL)
    run_command("copy", "--from", launched.url, "--to", half, cwd=tmp_path)
    back = ("--to", "sqlite:///back.db")
    done = run_command("copy", "--from", half, *back, cwd=tmp_path)
    assert "8 complete trials, 512 restarts, nothing is wrong." in done.stderr
    rows = ("restarts", "--format", "csv", "--weights", "--storage")
    said = run_command(*rows, launched.url, cwd=tmp_path).stdout
    assert run_command(*rows, "sqlite:///back.db", cwd=tmp_path).stdout == said


@pytest.mark.slow
def test_what_writes_and_serves_works_there_too(copied: str, tmp_path: Path) -> None:
    """A report, a race, Optuna's dashboard, a deletion, and what has no backup."""
    at = ("--study", "grid", "--storage", copied)
    run_command("report", *at, cwd=tmp_path)
    assert "standard/adam/0.1" in (tmp_path / "grid.html").read_text()
    rules = ("--top", "2", "--first-round", "64", "--max-restarts", "128", "--confirm", "64")
    raced = run_command("race", *rules, *at, cwd=tmp_path, pretend=0)
    assert "standard adam 0.1 is best" in raced.stdout
    done = run_command("check", "--retrain", "0", *at, cwd=tmp_path)
    assert done.stdout == "Nothing is wrong.\n"
    with serving("--storage", copied, cwd=tmp_path) as (port, _):
        (study,) = json.loads(fetch(port, "/api/studies"))["study_summaries"]
        assert study["study_name"] == "grid"
    refused = run_command("backup", "b.db", "--storage", copied, cwd=tmp_path, code=2)
    assert "copy it by the server's tools (pg_dump)" in refused.stderr
    run_command("delete", "--yes", *at, cwd=tmp_path)
    gone = run_command("best", "--storage", copied, cwd=tmp_path, code=2)
    assert "study" in gone.stderr
