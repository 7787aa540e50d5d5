"""The store on a real PostgreSQL server."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from storage.contract import Store
from storage.database import Database
from storage.errors import RecordError
from storage.opening import open_for_reading, open_for_writing
from storage.url import parse_url
from storage.values import AccessKey, Limits, Scope
from tests.postgresql import Server
from tests.storage_tests.contract import StoreContract
from tests.storage_tests.made import ADAM, RECORD, add, claim, complete, restart


@pytest.fixture(scope="module")
def tables(postgresql: Server) -> str:
    """A database in which the tables are made already."""
    url = postgresql.new()
    open_for_writing(url).close()
    return url.rpartition("/")[2]


class TestPostgresqlStore(StoreContract):
    @pytest.fixture
    def url(self, postgresql: Server, tables: str) -> str:
        return postgresql.new(like=tables)

    @pytest.fixture
    def opened(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    @pytest.fixture
    def make_store(self, url: str, opened: ExitStack) -> Callable[[], Store]:
        return lambda: opened.enter_context(closing(open_for_writing(url)))

    @pytest.fixture
    def read_store(self, url: str, opened: ExitStack) -> Callable[[], Store]:
        return lambda: opened.enter_context(closing(open_for_reading(url)))


def test_a_server_of_the_version_before_limits_is_brought_up_by_who_writes(
    postgresql: Server, tables: str
) -> None:
    url = postgresql.new(like=tables)
    database = url.rpartition("/")[2]
    key = AccessKey("anna", "a" * 64, Scope.SUBMIT, 1.0)
    with closing(open_for_writing(url)) as store:
        store.add_key(replace(key, limits=Limits(3)))
        study = store.add_study("s", RECORD)
    for table in ("limits", "submitters", "shares"):
        postgresql.execute(f"DROP TABLE multirestart_{table}", database)
    postgresql.execute("UPDATE multirestart_version SET version_num = '4'", database)
    for opener in (open_for_reading, open_for_writing, open_for_reading):
        with closing(opener(url)) as opened:
            assert opened.access_keys() == [key]
    with closing(open_for_writing(url)) as store:
        store.set_submitter(study.study_id, "anna")
        assert store.queued_by("anna", 0) == 1


def test_a_session_says_whose_it_is_and_waits_for_nothing_for_ever(
    postgresql: Server, tables: str
) -> None:
    url = postgresql.new(like=tables)
    writing = {
        "application_name": "multirestart",
        "tcp_keepalives_idle": "30",
        "lock_timeout": "1min",
        "idle_in_transaction_session_timeout": "30s",
        "statement_timeout": "5min",
    }
    reading = {**writing, **dict.fromkeys([*writing][2:], "0")}
    for settings, is_writing in ((writing, True), (reading, False)):
        with closing(Database(url, writing=is_writing)) as database:
            with database.transaction() as connection:
                shown = {
                    name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in settings
                }
            assert shown == settings
    named = f"{url}?application_name=mine"
    with closing(Database(named, writing=True)) as database, database.transaction() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "mine"


def test_a_trial_that_its_launcher_completes_just_now_is_not_waited_for(
    postgresql: Server, tables: str
) -> None:
    url = postgresql.new(like=tables)
    with closing(open_for_writing(url)) as one, closing(open_for_writing(url)) as two:
        study = one.add_study("s", RECORD)
        first, second = claim(one, study, ADAM, 1), claim(one, study, ADAM, 2)
        with one.transaction():
            assert complete(one, first, restart(1))
            with two.transaction():
                found = two.abandoned_trial(study.study_id, None, (), ())
        assert found == second


def test_numbers_of_every_kind_come_back_bit_for_bit(postgresql: Server, tables: str) -> None:
    with closing(open_for_writing(postgresql.new(like=tables))) as store:
        study = store.add_study("s", RECORD)
        losses = (-0.0, 5e-324, 0.1 + 0.2, 1e308, math.inf, -math.inf, math.nan)
        blob = bytes(range(256))
        rows = [replace(restart(seed, loss=loss), weights=blob) for seed, loss in enumerate(losses)]
        add(store, study, ADAM, *rows)
        found = [row.restart for row in store.restarts(study.study_id)]
        assert [struct.pack("d", row.loss) for row in found] == [
            struct.pack("d", loss) for loss in losses
        ]
        assert {row.weights for row in found} == {blob}
        assert found[:6] == rows[:6]


@pytest.mark.parametrize("url", ["postgresql://h/s", "postgresql+psycopg://h/s"])
def test_a_server_is_reached_by_psycopg(url: str) -> None:
    assert parse_url(url).drivername == "postgresql+psycopg"


def test_another_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PGDialect_psycopg2, "import_dbapi", lambda: None)
    with pytest.raises(RecordError, match=r"must be postgresql\+psycopg://.*received postgresql\+"):
        parse_url("postgresql+psycopg2://h/s")
