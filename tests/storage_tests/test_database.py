"""Databases that are damaged, foreign, older or newer: one clear line, and the file untouched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from search.dashboard.optuna_storage import open_optuna_storage
from storage.contract import Store
from storage.database import Database, read_only
from storage.errors import RecordError, RecordFailedError
from storage.opening import open_for_reading, open_for_writing, open_if_there
from storage.url import shown
from storage.values import AccessKey, Limits, Scope, StoredStudy
from tests.conftest import ROOT
from tests.storage_tests.made import ADAM, RECORD, add, restart


@pytest.mark.parametrize("keep", [100, 4096, 30_000])
def test_a_truncated_file_is_named_and_left_alone(tmp_path: Path, keep: int) -> None:
    url, store, study = recorded(tmp_path / "s.db")
    add(store, study, ADAM, *(restart(seed) for seed in range(300)))
    store.close()
    path = tmp_path / "s.db"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match=r"malformed|not a database|disk image|no multirestart"):
        _read_all(url)
    assert path.stat().st_size == keep


def _read_all(url: str) -> None:
    store = open_for_reading(url)
    try:
        for study in store.studies():
            assert len(list(store.restarts(study.study_id))) == 300
    finally:
        store.close()


def recorded(path: Path) -> tuple[str, Store, StoredStudy]:
    """A store in a new file, and a study in it."""
    url = f"sqlite:///{path}"
    store = open_for_writing(url)
    return url, store, store.add_study("s", RECORD)


def test_what_fails_in_use_is_told_from_what_cannot_be_opened(tmp_path: Path) -> None:
    url, store, _ = recorded(tmp_path / "s.db")
    store.close()
    database = Database(url, writing=False)
    with (
        pytest.raises(RecordFailedError, match="no such table: nowhere"),
        database.transaction() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")
    database.close()
    with pytest.raises(RecordError) as raised, read_only(url) as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert not isinstance(raised.value, RecordFailedError)


def test_what_no_plain_file_is_named_by_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.db").symlink_to(tmp_path / "loop.db")
    for url, message in (
        (f"sqlite:///{tmp_path / 'loop.db'}", "it is a link to itself"),
        ("sqlite:///s.db?timeout=abc", "must be a plain file for SQLite, without options"),
        ("sqlite:///file:s.db?mode=ro&uri=true", "must be a plain file for SQLite"),
        ("sqlite:///\udcff.db", "must be in UTF-8"),
    ):
        for opener in (open_for_reading, open_if_there, open_for_writing):
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
    url, store, study = recorded(folder / "s [1].db")
    add(store, study, ADAM, restart(1), restart(2))
    store.close()
    folder.chmod(0o555)
    code = (
        "import os\n"
        "from storage.opening import open_for_reading\n"
        f"print(os.access({str(folder)!r}, os.W_OK))\n"
        f"print(open_for_reading({url!r}).study_summaries()[0].restarts)\n"
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


def test_a_record_of_an_earlier_version_is_read_as_it_is_and_brought_up_to_write(
    tmp_path: Path,
) -> None:
    """Version 2 lacks the kinds of machines, version 3 the states of studies and the keys, version
    4 the limits of keys, whose key a study counts for, and links.
    """
    url, store, study = recorded(tmp_path / "s.db")
    add(store, study, ADAM, restart(1), restart(2))
    half_way = store.add_study("half way", replace(RECORD, search={"trials": 2}))
    add(store, half_way, ADAM, restart(1))
    sized = store.add_study("sized", replace(RECORD, search={"trials": 1}))
    add(store, sized, ADAM, restart(1))
    store.close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        new = ("limits", "submitters", "shares")
        for table in (*new, "machines", "queue", "keys", "audit", "uploads"):
            connection.execute(f"DROP TABLE multirestart_{table}")
        connection.execute("UPDATE multirestart_version SET version_num = '2'")
    reader = open_for_reading(url)
    assert reader.study_summaries()[0].restarts == 2
    assert reader.machines(study.study_id) == {}
    assert reader.entry(study.study_id) is None
    assert reader.entries() == []
    assert reader.access_keys() == []
    reader.close()
    store = open_for_writing(url)
    add(store, study, ADAM, restart(7))
    assert store.machines(study.study_id) == {1: "a kind"}
    assert store.study_summaries()[0].restarts == 3
    states = {entry.name: entry.state for entry in store.entries()}
    assert states == {"s": "settled", "half way": "paused", "sized": "settled"}
    assert store.access_keys() == []
    store.close()


def test_keys_of_a_version_before_limits_are_read_as_they_are_and_have_none(
    tmp_path: Path,
) -> None:
    url, store, study = recorded(tmp_path / "s.db")
    key = AccessKey("anna", "a" * 64, Scope.SUBMIT, 1.0, limits=Limits(3, 10**12, 2**20))
    store.add_key(key)
    store.close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        for table in ("limits", "submitters", "shares"):
            connection.execute(f"DROP TABLE multirestart_{table}")
        connection.execute("UPDATE multirestart_version SET version_num = '4'")
    for opener in (open_for_reading, open_for_writing, open_for_reading):
        with closing(opener(url)) as opened:
            assert opened.access_keys() == [replace(key, limits=Limits())]
            assert [entry.name for entry in opened.entries()] == ["s"]
    with closing(open_for_writing(url)) as store:
        assert store.queued_by("anna", 0) == 0
        store.set_submitter(study.study_id, "anna")
        assert store.queued_by("anna", 0) == 1


@pytest.mark.parametrize("replace", [False, True], ids=["removed", "replaced"])
def test_a_file_that_is_removed_or_replaced_in_use_is_an_error(
    tmp_path: Path, replace: bool
) -> None:
    _, store, study = recorded(tmp_path / "s.db")
    add(store, study, ADAM, restart(1))
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "s.db", copy)
    (tmp_path / "s.db").unlink()
    if replace:
        copy.rename(tmp_path / "s.db")
    with pytest.raises(RecordFailedError, match="the file was removed or replaced"):
        add(store, study, ADAM, restart(2))
    store.close()


def test_a_store_for_writing_leaves_no_import_of_sqlalchemy_to_a_thread(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from storage.opening import open_for_writing\n"
        f"url = 'sqlite:///{tmp_path / 's.db'}'\n"
        "open_for_writing(url).close()\n"
        "print('sqlalchemy.orm' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
