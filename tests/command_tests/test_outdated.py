"""Studies whose restarts an older version trained: read with a warning, never pooled."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.commands import main
from tests.conftest import Launched


@pytest.fixture
def url(launched: Launched, tmp_path: Path) -> str:
    """A database of another training."""
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        (stored,) = connection.execute("SELECT problem FROM multirestart_studies").fetchone()
        problem = json.loads(stored)
        assert problem["training_version"] == 3
        problem["training_version"] = 2
        connection.execute("UPDATE multirestart_studies SET problem = ?", [json.dumps(problem)])
    return f"sqlite:///{tmp_path / 'old.db'}"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="multirestart")


REASON = "its restarts were trained by an older version of multirestart"


@pytest.mark.parametrize("command", [("launch", "--study", "grid", "--trials", "20"), ("race",)])
def test_no_restart_is_pooled_with_them(url: str, command: tuple[str, ...]) -> None:
    done = run(*command, "--storage", url)
    assert done.exit_code == 2
    assert done.stderr.endswith(
        f"multirestart: study 'grid' cannot be gone on with: {REASON}. "
        "Give the new one another name\n"
    )
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("SELECT count(*) FROM multirestart_trials").fetchone() == (8,)


def test_reference_says_why_it_cannot_train_them(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        (seed,) = connection.execute(
            "SELECT first_seed FROM multirestart_trials WHERE number = 0"
        ).fetchone()
    done = run("reference", "--storage", url, "--trial", "0", "--seed", str(seed))
    assert done.exit_code == 2
    assert done.stderr.endswith(f"multirestart: study 'grid' cannot be trained again: {REASON}\n")


def test_check_looks_at_them_and_trains_none_again(url: str) -> None:
    done = run("check", "--storage", url)
    assert done.exit_code == 0
    assert done.stdout == "Nothing is wrong.\n"
    assert f"8 trials with 512 restarts looked at, 0 restarts trained again ({REASON})" in (
        done.stderr
    )
