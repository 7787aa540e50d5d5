"""The store on real SQLite files, beside tables of others and in files of other kinds."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from sqlalchemy import create_engine

from search.problem.rows import StudyRecord
from storage.contract import Store
from storage.errors import RecordError
from storage.opening import open_for_reading, open_for_writing, open_if_there
from storage.schema import metadata
from tests.conftest import at_once
from tests.storage_tests.contract import StoreContract
from tests.storage_tests.made import ADAM, RECORD, add, restart


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[], Store]:
        return lambda: open_for_writing(f"sqlite:///{tmp_path / 's.db'}")

    @pytest.fixture
    def read_store(self, tmp_path: Path) -> Callable[[], Store]:
        return lambda: open_for_reading(f"sqlite:///{tmp_path / 's.db'}")


def test_reading_writes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    store = open_for_writing(url)
    study = store.add_study("s", RECORD)
    add(store, study, ADAM, restart(1))
    store.close()
    before = (tmp_path / "s.db").read_bytes()
    reader = open_for_reading(url)
    assert len(list(reader.restarts(study.study_id))) == 1
    reader.close()
    assert (tmp_path / "s.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]


def test_a_file_holds_all_that_was_written_once_it_is_closed(tmp_path: Path) -> None:
    """Also where another connection keeps SQLite from doing that by itself."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    store, other = open_for_writing(url), open_for_reading(url)
    study = store.add_study("s", RECORD)
    add(store, study, ADAM, restart(1))
    assert other.find_study("s") == study
    store.close()
    shutil.copy(tmp_path / "s.db", tmp_path / "copy.db")
    copy = open_for_reading(f"sqlite:///{tmp_path / 'copy.db'}")
    assert len(list(copy.restarts(study.study_id))) == 1
    copy.close()
    other.close()


def test_the_migration_makes_the_tables_of_the_schema(tmp_path: Path) -> None:
    open_for_writing(f"sqlite:///{tmp_path / 'migrated.db'}").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(engine)
    engine.dispose()

    def schema(name: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            return sorted(
                " ".join(sql.split())
                for (sql,) in connection.execute(
                    "SELECT sql FROM sqlite_master WHERE name LIKE 'multirestart_%'"
                    " AND name <> 'multirestart_version' AND sql IS NOT NULL"
                )
            )

    assert schema("migrated.db") == schema("made.db")


@pytest.mark.slow
def test_launchers_that_begin_together_make_one_new_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    program = f"store = open_for_writing({url!r}); print(len(store.studies())); store.close()"
    said = at_once(*[("from storage.opening import open_for_writing", program)] * 4)
    assert said == ["0\n"] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]


def test_an_early_record_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE multirestart_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO multirestart_version VALUES ('0003')")
    before = path.read_bytes()
    for opener in (open_for_reading, open_for_writing, open_if_there):
        with pytest.raises(RecordError, match=r"record 0003.*keep .* by `multirestart restarts"):
            opener(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_newer_record_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    open_for_writing(url).close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("UPDATE multirestart_version SET version_num = '9999'")
    before = (tmp_path / "s.db").read_bytes()
    for opener in (open_for_reading, open_for_writing, open_if_there):
        with pytest.raises(RecordError, match=r"a newer version \(record 9999, known up to 5\)"):
            opener(url)
    assert (tmp_path / "s.db").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("studies.db", "must be a database URL"),
        ("sqlite://", "needs a database file"),
        ("mssql+pyodbc://here", "must be SQLite or PostgreSQL, received mssql"),
        ("nonsense:///x", "must be SQLite or PostgreSQL, received nonsense"),
        ("sqlite+nonsense:///x", "Can't load plugin"),
        ("postgresql+pg8000://here", "needs the Python package pg8000: install it"),
        ("sqlite:///{folder}/none.db", "there is no database"),
        ("sqlite:///{folder}/text.db", "is not an SQLite database"),
        ("sqlite:///{folder}/optuna.db", "holds no multirestart study"),
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "text.db").write_text("These are my notes, not a database.")
    optuna.create_study(storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    files = sorted(tmp_path.iterdir())
    with pytest.raises(RecordError, match=message):
        open_for_reading(url.format(folder=tmp_path))
    assert sorted(tmp_path.iterdir()) == files


def test_a_copy_without_its_log_says_where_the_rest_is(tmp_path: Path) -> None:
    """What a launch wrote stands in the write-ahead log until it is brought into the file."""
    store = open_for_writing(f"sqlite:///{tmp_path / 's.db'}")
    store.add_study("s", StudyRecord({}, {}, b""))
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        copy.execute("PRAGMA user_version = 1")
        copy.commit()
    with pytest.raises(RecordError, match=r"the rest stands in the original's .*-wal: copy by"):
        open_for_reading(f"sqlite:///{tmp_path / 'copy.db'}")
    store.close()
