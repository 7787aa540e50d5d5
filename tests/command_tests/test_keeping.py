"""`backup` and `delete`: what is kept of a study, and what is removed with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner

from search.commands import main
from search.dashboard.optuna_storage import open_optuna_storage
from tests.command_tests.processes import launching, query, trials, wait_until
from tests.conftest import run_command

pytestmark = pytest.mark.slow
SMALL = ("--sampler", "random", "--restarts", "64", "--workers", "1")


def test_a_copy_made_while_a_launch_runs_is_whole(tmp_path: Path) -> None:
    with launching(tmp_path, *SMALL, "--trials", "400", pretend=0.1) as process:
        wait_until(lambda: trials(tmp_path, "complete") >= 3)
        done = run_command("backup", "copy.db", cwd=tmp_path)
        assert process.poll() is None
    assert done.stderr.startswith("Copied ")
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    check = run_command("check", "--retrain", "0", "--storage", "sqlite:///copy.db", cwd=tmp_path)
    assert check.stdout == "Nothing is wrong.\n"
    (study,) = json.loads(
        run_command(
            "studies", "--storage", "sqlite:///copy.db", "--format", "json", cwd=tmp_path
        ).stdout
    )
    assert study["trials"] >= 3
    run_command(
        *("launch", "--storage", "sqlite:///copy.db", "--trials", "5"), cwd=tmp_path, pretend=0
    )


def test_after_a_kill_the_file_alone_holds_all_but_the_last_seconds(tmp_path: Path) -> None:
    """What is complete is brought from the log into the file every few seconds."""
    with launching(tmp_path, *SMALL, "--trials", "100", pretend=0.1) as process:
        wait_until(lambda: trials(tmp_path, "complete") >= 70)
        os.kill(process.pid, signal.SIGKILL)
    (tmp_path / "alone").mkdir()
    shutil.copy(tmp_path / "multirestart.db", tmp_path / "alone")
    assert trials(tmp_path / "alone", "complete") >= 1


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    run_command("launch", *SMALL, "--trials", "1", cwd=tmp_path, pretend=0)
    (tmp_path / "kept.db").write_text("all that is left of something")
    done = run_command("backup", "kept.db", cwd=tmp_path, code=2)
    assert "kept.db is there already: give the copy another name" in done.stderr
    assert (tmp_path / "kept.db").read_text() == "all that is left of something"
    (tmp_path / "fresh.db-wal").write_text("the log of another file")
    done = run_command("backup", "fresh.db", cwd=tmp_path, code=2)
    assert "fresh.db-wal is there already" in done.stderr
    for odd in ("what?.db", "file:x.db", "50% #1.db"):
        run_command("backup", odd, cwd=tmp_path)
        assert (tmp_path / odd).stat().st_size > 10_000
    done = run_command("backup", "none/copy.db", cwd=tmp_path, code=2)
    assert "cannot copy" in done.stderr
    done = run_command("backup", "copy.db", "--storage", "sqlite:///none.db", cwd=tmp_path, code=2)
    assert "there is no database none.db. `multirestart launch` makes a study" in done.stderr


@pytest.fixture
def two_studies(tmp_path: Path) -> Path:
    for name in ("bands", "other"):
        run_command("launch", *SMALL, "--trials", "2", "--study", name, cwd=tmp_path, pretend=0)
    return tmp_path


def copies(folder: Path) -> list[str]:
    return optuna.get_all_study_names(
        open_optuna_storage(f"sqlite:///{folder / 'multirestart.db'}")
    )


def test_a_study_is_removed_with_its_copy_and_no_other(two_studies: Path) -> None:
    assert sorted(copies(two_studies)) == ["bands", "other"]
    done = run_command("delete", "--study", "bands", "--yes", cwd=two_studies)
    assert done.stderr == "Removed study 'bands' with 128 restarts.\n"
    assert copies(two_studies) == ["other"]
    assert query(two_studies, "SELECT count(*) FROM multirestart_restarts") == [(128,)]
    assert query(two_studies, "SELECT name FROM multirestart_studies") == [("other",)]
    run_command("check", "--retrain", "0", cwd=two_studies)
    run_command("launch", *SMALL, "--trials", "1", "--study", "bands", cwd=two_studies, pretend=0)
    assert sorted(copies(two_studies)) == ["bands", "other"]


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 2), ("", 2)])
def test_it_asks_before_it_removes(
    two_studies: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.chdir(two_studies)
    done = CliRunner().invoke(main, ["delete", "--study", "bands"], input=answer)
    assert "Remove study 'bands' with 128 restarts?" in done.stderr
    assert (done.exit_code == 0) == (left == 1)
    assert len(query(two_studies, "SELECT name FROM multirestart_studies")) == left


def test_the_launch_of_a_removed_study_ends_with_one_line(tmp_path: Path) -> None:
    with launching(tmp_path, *SMALL, "--trials", "40", pretend=0.3) as process:
        wait_until(lambda: trials(tmp_path, "complete") >= 1)
        run_command("delete", "--study", "bands", "--yes", cwd=tmp_path)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        "multirestart: study 'bands' was deleted while it was being run"
    )
    assert query(tmp_path, "SELECT count(*) FROM multirestart_restarts") == [(0,)]


def test_a_locked_database_is_waited_for_with_a_word(tmp_path: Path) -> None:
    run_command("launch", *SMALL, "--trials", "1", cwd=tmp_path, pretend=0)
    with closing(sqlite3.connect(tmp_path / "multirestart.db")) as lock:
        lock.execute("BEGIN IMMEDIATE")
        with launching(tmp_path, *SMALL, "--trials", "2", pretend=0) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said == "Another program has locked the database: waiting for it.\n"
            lock.rollback()
            process.communicate(timeout=60)
            assert process.returncode == 0
