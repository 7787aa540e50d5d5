"""An older record is updated whole or not at all, once, with a copy beside it that stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from storage.database import open_for_reading
from storage.errors import RecordError
from storage.migrate import upgrade
from storage.optuna_storage import open_optuna_storage
from storage.updating import bring_up_to_date, open_for_writing
from tests.conftest import at_once


def older(path: Path) -> str:
    """A database as version 0001 made it: one study with a trial that failed, but has a restart."""
    url = f"sqlite:///{path}"
    storage = open_optuna_storage(url)
    study = optuna.create_study(study_name="old", storage=storage)
    study.tell(study.ask(), state=TrialState.FAIL)
    with storage.engine.begin() as connection:
        upgrade(connection, "0001")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("INSERT INTO problems VALUES (1, '{}', '{}', x'')")
        file.execute("INSERT INTO configurations VALUES (1, 1, 'none', 'sgd', 0.1)")
        file.execute(
            "INSERT INTO restarts VALUES (1, 7, 1, 'solved', 1, 0.1, 'finite', 0.1, 'finite', 3,"
            " NULL, x'00')"
        )
    storage.engine.dispose()
    return url


def test_an_older_record_is_updated_with_a_copy_beside_it(tmp_path: Path) -> None:
    url = older(tmp_path / "s.db")
    with pytest.raises(RecordError, match=r"older version \(record 0001\): the next launch"):
        open_for_reading(url)
    copy = bring_up_to_date(url)
    assert copy == tmp_path / "s.db.backup-0001"
    open_for_reading(url).close()
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version = connection.execute("SELECT version_num FROM multirestart_version")
        assert version.fetchone() == ("0001",)
        assert connection.execute("SELECT count(*) FROM restarts").fetchone() == (1,)
    assert bring_up_to_date(url) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.db", "s.db.backup-0001"]


def test_an_update_gives_studies_tokens_and_takes_what_failed_trials_had(tmp_path: Path) -> None:
    url = older(tmp_path / "s.db")
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("INSERT INTO problems VALUES (2, '{}', '{}', x'')")
    bring_up_to_date(url)
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        one, other = connection.execute("SELECT token FROM problems").fetchall()
        assert len(one[0]) == len(other[0]) == 32
        assert one != other
        assert connection.execute("SELECT count(*) FROM restarts").fetchone() == (0,)


def test_a_copy_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "s.db.backup-0001").write_text("all that is left of something")
    (tmp_path / "s.db.backup-0001.unfinished").write_text("of an update that was killed")
    copy = bring_up_to_date(older(tmp_path / "s.db"))
    assert copy == tmp_path / "s.db.backup-0001.2"
    assert (tmp_path / "s.db.backup-0001").read_text() == "all that is left of something"
    assert not (tmp_path / "s.db.backup-0001.unfinished").exists()


@pytest.mark.slow
def test_updates_at_once_make_one_copy_of_the_older_record(tmp_path: Path) -> None:
    url = older(tmp_path / "s.db")
    update = f"print(bring_up_to_date({url!r}))"
    said = at_once(*[("from storage.updating import bring_up_to_date", update)] * 4)
    copy = tmp_path / "s.db.backup-0001"
    assert sorted(said) == [f"{copy}\n", *["None\n"] * 3]
    with closing(sqlite3.connect(copy)) as connection:
        version = connection.execute("SELECT version_num FROM multirestart_version")
        assert version.fetchone() == ("0001",)
    open_for_reading(url).close()


def test_where_no_copy_can_be_made_nothing_is_updated(tmp_path: Path) -> None:
    url = older(tmp_path / "s.db")
    (tmp_path / "s.db.backup-0001.unfinished").mkdir()
    with pytest.raises(RecordError, match=r"cannot copy .* before updating it"):
        bring_up_to_date(url)
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        version = connection.execute("SELECT version_num FROM multirestart_version")
        assert version.fetchone() == ("0001",)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["s.db", "s.db.backup-0001.unfinished"]


def test_a_migration_that_fails_leaves_the_older_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = older(tmp_path / "s.db")

    def fail_at_the_end(connection: sqlalchemy.Connection) -> None:
        upgrade(connection)
        raise ZeroDivisionError

    monkeypatch.setattr("storage.updating._upgrade", fail_at_the_end)
    with pytest.raises(ZeroDivisionError):
        bring_up_to_date(url)
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        version = connection.execute("SELECT version_num FROM multirestart_version")
        assert version.fetchone() == ("0001",)
    assert "claims" not in names


def test_tables_made_at_once_and_made_by_migrations_are_the_same(tmp_path: Path) -> None:
    bring_up_to_date(older(tmp_path / "old.db"))
    url = f"sqlite:///{tmp_path / 'new.db'}"
    open_optuna_storage(url).engine.dispose()
    open_for_writing(url).close()

    def schema(name: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            return sorted(
                row[0] or "" for row in connection.execute("SELECT sql FROM sqlite_master")
            )

    assert schema("old.db") == schema("new.db")
