"""`copy`: several databases become one, and a copy that is not the study is said to be none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.conftest import Launched, run_command


def test_databases_become_one_under_names_of_their_own(launched: Launched, tmp_path: Path) -> None:
    to = ("--to", "sqlite:///class.db")
    for name in ("anna", "ben"):
        done = run_command("copy", "--from", launched.url, *to, "--as", name, cwd=tmp_path)
        assert done.stderr == (
            f"Copied grid to {name} in sqlite:///class.db: 8 complete trials, 512 restarts, "
            "nothing is wrong.\n"
        )
    options = ("--format", "csv", "--storage")
    said = run_command("restarts", *options, launched.url, cwd=tmp_path).stdout
    for name in ("anna", "ben"):
        storage = ("sqlite:///class.db", "--study", name)
        assert run_command("restarts", *options, *storage, cwd=tmp_path).stdout == said
    found = run_command("studies", "--storage", "sqlite:///class.db", cwd=tmp_path)
    assert [line.split()[0] for line in found.stdout.splitlines()[-2:]] == ["anna", "ben"]


def test_a_copy_that_was_changed_is_no_copy(launched: Launched, tmp_path: Path) -> None:
    to = ("--from", launched.url, "--to", "sqlite:///copy.db")
    run_command("copy", *to, cwd=tmp_path)
    with sqlite3.connect(tmp_path / "copy.db") as connection:
        connection.execute("UPDATE multirestart_restarts SET weights = zeroblob(28)")
    connection.close()
    done = run_command("copy", *to, cwd=tmp_path, code=1)
    assert "the copy is not the study: trial 0, seed " in done.stdout


def test_a_study_is_not_copied_onto_itself(launched: Launched, tmp_path: Path) -> None:
    run_command("backup", "multirestart.db", "--storage", launched.url, cwd=tmp_path)
    to = ("--to", f"sqlite:///{tmp_path / 'multirestart.db'}")
    done = run_command("copy", *to, cwd=tmp_path, code=2)
    assert "would be the study itself" in done.stderr
    run_command("copy", *to, "--as", "again", cwd=tmp_path)
    done = run_command("copy", "--to", "nonsense", cwd=tmp_path, code=2)
    assert "must be a database URL" in done.stderr
    done = run_command("copy", "--study", "grid", *to, "--as", " ", cwd=tmp_path, code=2)
    assert "--as must be a printable name, received ' '" in done.stderr


def test_a_copy_that_has_gone_on_is_called_that(launched: Launched, tmp_path: Path) -> None:
    to = ("copy", "--from", launched.url, "--to", "sqlite:///copy.db")
    run_command(*to, cwd=tmp_path)
    further = ("launch", "--storage", "sqlite:///copy.db", "--trials", "9", "--workers", "1")
    run_command(*further, cwd=tmp_path, pretend=0.0)
    done = run_command(*to, cwd=tmp_path, code=2)
    assert (
        "there is a copy 'grid' of this study that has gone on by itself: it has 9 trials, not 8. "
        "Give the copy another name"
    ) in done.stderr
    assert "no copy" not in done.stderr
