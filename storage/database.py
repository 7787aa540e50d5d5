"""A database: its URL, its engine, its transactions, and the version of what it holds."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import Connection, CursorResult, Dialect, Engine, Select, event, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from storage.errors import ConnectionLostError, RecordError, RecordFailedError
from storage.launchers import LOCK_TIMEOUT_SECONDS
from storage.postgresql import server_engine
from storage.url import parse_url, require_file, shown, sqlite_path

VERSION_TABLE = "multirestart_version"
LATEST_VERSION = "5"
_READABLE = ("2", "3", "4", LATEST_VERSION)
"""Versions that can be read as they are; a launch brings an older one to the latest."""
_VERSIONS_BEFORE = ("0001", "0002", "0003", "1")
"""Of records that this code cannot read: the first three stood among Optuna's tables, the last has
no levels."""
_TURN_MILLISECONDS = 250
_SECONDS_BEFORE_A_WORD = 3.0

OnWait = Callable[[float], None]
"""Told, once, that a transaction has been waiting so many seconds for another program's lock."""


def set_sqlite_pragmas(connection: Any, _record: Any = None) -> None:
    """Let readers read while a writer writes, and make commits cheap.

    With a write-ahead log and `synchronous=NORMAL` a killed process loses nothing that was
    committed; a power cut can lose the last commits, never the file's consistency.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")


class Database:
    """A database and its transactions, as `Store.transaction` promises them.

    The database's own errors become a RecordFailedError, those of a connection that broke a
    ConnectionLostError; the next transaction connects anew. On SQLite a database opened for writing
    is locked for other writers from the start of a transaction; on a server it has one connection,
    which its threads share.
    """

    def __init__(self, url: str, *, writing: bool, on_wait: OnWait | None = None) -> None:
        self.url = url
        self._is_writing = writing
        self._engine = make_engine(parse_url(url), writing=writing, on_wait=on_wait)
        self._read: set[CursorResult[Any]] = set()
        path = sqlite_path(parse_url(url))
        self._path = None if path is None else path.absolute()
        self._file = _identity(self._path)
        self._current = threading.local()
        self._tables: set[str] = set()

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the database."""
        return self._engine.dialect

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of the transactions."""
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work becomes visible together at the end, or not at all.

        Within another transaction of the same thread it is a part of that one.
        """
        current: Connection | None = getattr(self._current, "connection", None)
        if current is not None:
            with errors_named(self.url, RecordFailedError):
                yield current
            return
        if _identity(self._path) != self._file:
            # SQLite would go on in the old file, which nobody can open any more.
            raise RecordFailedError(f"{shown(self.url)}: the file was removed or replaced")
        with (
            errors_named(self.url, RecordFailedError),
            self._connected() as connection,
            connection.begin(),
        ):
            self._current.connection = connection
            try:
                yield connection
            finally:
                self._current.connection = None

    def has_table(self, name: str) -> bool:
        """Whether there is a table; a database of before may lack one until it is written to."""
        if name not in self._tables:  # none goes away again
            with self.transaction() as connection:
                if not inspect(connection).has_table(name):
                    return False
            self._tables.add(name)
        return True

    @contextmanager
    def stream(self) -> Iterator[Connection]:
        """A connection for rows that are read one by one, in between which others may be read.

        It is the thread's transaction if there is one, else one of its own: a reader that stops
        half way must not keep the thread's.
        """
        current: Connection | None = getattr(self._current, "connection", None)
        with errors_named(self.url, RecordFailedError):
            if current is not None:
                yield current
            elif self._is_writing and self._path is None:
                with read_only(self.url) as connection:  # its one connection is not to be kept
                    yield connection
            else:
                with self._engine.begin() as connection:
                    yield connection

    @contextmanager
    def rows(
        self,
        connection: Connection,
        statement: Select[Any],
        values: Mapping[str, object],
        block: int,
    ) -> Iterator[CursorResult[Any]]:
        """What a query finds, held in memory by blocks of so many rows.

        Whoever stops half way may leave it open: it is closed with the database at the latest.
        """
        streaming = connection.execution_options(yield_per=block)
        with streaming.execute(statement, values) as found:
            self._read.add(found)
            try:
                yield found
            finally:
                self._read.discard(found)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            if self._path is None:
                raise ConnectionLostError(f"{shown(self.url)}: {error.orig}") from error
            raise
        with connection:
            yield connection

    def checkpoint(self) -> None:
        """Bring what stands in SQLite's write-ahead log into the file, as far as none reads it."""
        if self._path is not None:
            with errors_named(self.url, RecordFailedError), self._engine.connect() as connection:
                try:  # by the driver, for within a transaction it does nothing
                    driver: Any = connection.connection.driver_connection
                    driver.execute("PRAGMA wal_checkpoint(PASSIVE)")
                except sqlite3.Error as error:
                    raise RecordFailedError(f"{shown(self.url)}: {error}") from error

    def close(self) -> None:
        """Close what is still read, and give back all connections.

        What was written is brought into the file: SQLite does that by itself only where no other
        connection is left, and whoever copies the file alone should have all of it.
        """
        for found in tuple(self._read):
            found.close()
        if self._is_writing and _identity(self._path) == self._file:
            with suppress(RecordError):  # it stands in the log, and is whole there
                self.checkpoint()
        self._engine.dispose()


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Device and number of a file; None if there is none."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def read_only(text: str) -> Iterator[Connection]:
    """A connection to whatever is at a URL, to look at and not to write."""
    url = parse_url(text)
    path = sqlite_path(url)
    if path is not None:
        require_file(path)
    engine = make_engine(url, writing=False)
    try:
        with errors_named(text), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def make_engine(url: URL, *, writing: bool, on_wait: OnWait | None = None) -> Engine:
    """SQLAlchemy's engine for a database, with the transactions that `Database` promises."""
    path = sqlite_path(url)
    if path is None:
        return server_engine(url, writing=writing)
    path = path.absolute()  # a process may change its folder while it has the database open
    url = url.set(database=str(path)) if writing else url_for_reading(path)
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_SECONDS})
    if writing:
        event.listen(engine, "connect", set_sqlite_pragmas)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", partial(_begin_to_write, on_wait) if writing else _begin_to_read)
    return engine


def url_for_reading(path: Path) -> URL:
    """The URL by which a file of SQLite can be read, wherever it stands."""
    if os.access(path.parent, os.W_OK):
        return URL.create("sqlite", database=str(path))
    # A write-ahead log needs files beside the database; where none can be made, read without.
    mode = {"mode": "ro"} if path.with_name(f"{path.name}-wal").exists() else {"immutable": "1"}
    return URL.create(
        "sqlite", database=f"file:{quote(str(path.resolve()))}", query={**mode, "uri": "true"}
    )


# Python's driver begins a transaction only at the first write, so that two reads could see two
# states and a migration could be left half done. So they are begun here.


def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _begin_to_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_to_write(on_wait: OnWait | None, connection: Connection) -> None:
    """Take the write lock at once: a transaction that read first could not wait for it later.

    SQLite waits for it in short turns, between which Python can answer Ctrl-C.
    """
    began, has_told = time.monotonic(), on_wait is None
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_TURN_MILLISECONDS}").close()
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            break
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0)
            waited = time.monotonic() - began
            # The low byte is the kind: busy too is who waits for another to recover the log.
            if code & 0xFF != sqlite3.SQLITE_BUSY or waited > LOCK_TIMEOUT_SECONDS:
                raise
            if not has_told and waited >= _SECONDS_BEFORE_A_WORD:
                has_told = True
                on_wait(waited)  # type: ignore[misc]
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}").close()


def record_version(url: str, connection: Connection) -> str | None:
    """The version of the store's tables in a database; None if it holds none.

    Raises RecordError if it is one that this code does not know.
    """
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    statement = sqlalchemy.text(f"SELECT version_num FROM {VERSION_TABLE}")
    version: str | None = connection.execute(statement).scalar()
    if version in _VERSIONS_BEFORE:
        raise RecordError(
            f"{shown(url)} is of an early version of multirestart (record {version}), which this "
            "one does not read: give another database, and keep the restarts of this one by "
            "`multirestart restarts --format csv` of the version that wrote it"
        )
    if version not in (None, *_READABLE):
        raise RecordError(
            f"{shown(url)} was written by a newer version (record {version}, known up to "
            f"{LATEST_VERSION}): update multirestart"
        )
    return version


@contextmanager
def errors_named(url: str, kind: type[RecordError] = RecordError) -> Iterator[None]:
    """Turn the database's own errors into errors of the given kind that name it."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise RecordError(
                f"{sqlite_path(parse_url(url))} is not an SQLite database; name another file"
            ) from error
        if error.connection_invalidated and issubclass(ConnectionLostError, kind):
            kind = ConnectionLostError
        raise kind(f"{shown(url)}: {error.orig}") from error
    except SQLAlchemyError as error:
        raise kind(f"{shown(url)}: {error}") from error
