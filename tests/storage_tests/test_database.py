"""Databases that are damaged, foreign, older or newer: one clear line, and the file untouched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import (
    LATEST_VERSION,
    open_for_reading,
    open_if_there,
    shown,
)
from storage.errors import RecordError, RecordFailedError
from storage.optuna_storage import open_optuna_storage
from storage.orphans import count_orphans, remove_orphans
from storage.updating import bring_up_to_date, open_for_writing
from tests.conftest import ROOT
from tests.storage_tests.test_record import ADAM, Record, restart
from tests.storage_tests.test_updating import older


def test_a_newer_record_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = older(tmp_path / "s.db")
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("UPDATE multirestart_version SET version_num = '0099'")
    before = (tmp_path / "s.db").read_bytes()
    for opener in (open_for_reading, open_for_writing, open_if_there, bring_up_to_date):
        with pytest.raises(
            RecordError, match=f"a newer version .record 0099, known up to {LATEST_VERSION}"
        ):
            opener(url)
    assert (tmp_path / "s.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]


@pytest.mark.parametrize("keep", [100, 4096, 30_000])
def test_a_truncated_file_is_named_and_left_alone(tmp_path: Path, keep: int) -> None:
    record = Record(tmp_path / "s.db")
    record.add(ADAM, *(restart(seed) for seed in range(300)))
    record.close()
    path = tmp_path / "s.db"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match=r"malformed|not a database|disk image|no multirestart"):
        _read_all(record.url)
    assert path.stat().st_size == keep


def _read_all(url: str) -> None:
    database = open_for_reading(url)
    try:
        with database.transaction() as connection:
            connection.exec_driver_sql("SELECT sum(length(weights)) FROM restarts").all()
    finally:
        database.close()


def test_what_fails_in_use_is_told_from_what_cannot_be_opened(tmp_path: Path) -> None:
    record = Record(tmp_path / "s.db")
    with (
        pytest.raises(RecordFailedError, match="no such table: nowhere"),
        record.database.transaction() as c,
    ):
        c.exec_driver_sql("SELECT * FROM nowhere")
    record.close()


def test_orphans_are_counted_and_removed(tmp_path: Path) -> None:
    """Left by a program that deletes without triggers and foreign keys."""
    gone, kept = Record(tmp_path / "s.db", "gone"), Record(tmp_path / "s.db", "kept")
    for record in (gone, kept):
        record.add(ADAM, restart(1), restart(2))
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        assert len(names) == 4
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM trials WHERE study_id = 1")
        connection.execute("DELETE FROM studies WHERE study_id = 1")
    with kept.database.transaction() as transaction:
        found = count_orphans(transaction)
        assert {table: count for table, count in found.items() if count} == {
            "restarts": 2,
            "claims": 1,
            "configurations": 1,
            "problems": 1,
            "trial_params": 1,
            "trial_values": 1,
            "trial_user_attributes": 1,
            "study_directions": 1,
        }
        remove_orphans(transaction)
        assert set(count_orphans(transaction).values()) == {0}
    assert kept.rows() == 2
    gone.close()
    kept.close()


def test_what_no_plain_file_is_named_by_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.db").symlink_to(tmp_path / "loop.db")
    for url, message in (
        (f"sqlite:///{tmp_path / 'loop.db'}", "it is a link to itself"),
        ("sqlite:///s.db?timeout=abc", "must be a plain file for SQLite, without options"),
        ("sqlite:///file:s.db?mode=ro&uri=true", "must be a plain file for SQLite"),
        ("sqlite:///\udcff.db", "must be in UTF-8"),
    ):
        for opener in (open_for_reading, open_if_there, bring_up_to_date):
            with pytest.raises(RecordError, match=message):
                opener(url)


def test_a_path_that_no_file_can_have_is_named() -> None:
    for opener in (open_for_reading, open_for_writing, open_if_there, open_optuna_storage):
        with pytest.raises(RecordError, match="File name too long"):
            opener(f"sqlite:///{'x' * 10_000}")


def test_a_password_is_not_shown() -> None:
    text = shown("postgresql+psycopg://me:secret@host/studies")
    assert text == "postgresql+psycopg://me:***@host/studies"
    assert shown("no url") == "no url"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv(1)")
def test_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    """Root may write anything, so the reader is deprived of what lets root do so."""
    folder = tmp_path / "read only"
    folder.mkdir()
    record = Record(folder / "s [1].db")
    record.add(ADAM, restart(1), restart(2))
    record.close()
    folder.chmod(0o555)
    code = (
        "import os\n"
        "from storage.database import open_for_reading\n"
        "from storage.reading import study_summaries\n"
        f"print(os.access({str(folder)!r}, os.W_OK))\n"
        f"print(study_summaries(open_for_reading({record.url!r}))[0].restarts)\n"
    )
    deprived = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run(
        [*(deprived if os.geteuid() == 0 else []), sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o755)
    assert done.stdout == "False\n2\n", done.stderr


@pytest.mark.parametrize("replace", [False, True], ids=["removed", "replaced"])
def test_a_file_that_is_removed_or_replaced_in_use_is_an_error(
    tmp_path: Path, replace: bool
) -> None:
    record = Record(tmp_path / "s.db")
    record.add(ADAM, restart(1))
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "s.db", copy)
    (tmp_path / "s.db").unlink()
    if replace:
        copy.rename(tmp_path / "s.db")
    with pytest.raises(RecordFailedError, match="the file was removed or replaced"):
        record.add(ADAM, restart(2))
    record.close()
