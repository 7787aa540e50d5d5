"""A database: its URL, its engine, and the record in it opened for reading, as it is.

`storage.updating` opens it for writing: made, and brought up to date.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from storage.errors import RecordError, RecordFailedError

VERSION_TABLE = "multirestart_version"
KNOWN_VERSIONS = ("0001", "0002", "0003")
LATEST_VERSION = KNOWN_VERSIONS[-1]
LOCK_TIMEOUT_SECONDS = 60
_TURN_MILLISECONDS = 250


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
    """A database whose record is of the version that this code knows.

    `transaction` is the one scope in which the record is read or written: it commits at its end,
    rolls back if anything is raised, and turns the database's own errors into a
    RecordFailedError. All reads in it see one snapshot, and on SQLite a database opened for writing
    is locked for other writers from its start.
    """

    def __init__(self, url: str, engine: Engine) -> None:
        self.url = url
        self._engine = engine
        self._path = sqlite_path(parse_url(url))
        self._file = _identity(self._path)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work becomes visible together at the end, or not at all."""
        if _identity(self._path) != self._file:
            # SQLite would go on in the old file, which nobody can open any more.
            raise RecordFailedError(f"{shown(self.url)}: the file was removed or replaced")
        with errors_named(self.url, RecordFailedError), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give back all connections."""
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


def parse_url(text: str) -> URL:
    """The URL of a database. Raises RecordError if it is not one that SQLAlchemy can open."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except ArgumentError:
        raise RecordError(
            f"the storage must be a database URL like sqlite:///multirestart.db, received {text!r}"
        ) from None
    if backend not in ("sqlite", "postgresql"):
        raise RecordError(f"the storage must be SQLite or PostgreSQL, received {backend}")
    try:
        url.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise RecordError(
            f"{shown(text)!r} needs the Python package {error.name}: install it"
        ) from None
    except ArgumentError as error:
        raise RecordError(f"{shown(text)}: {error}") from None
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise RecordError("a study needs a database file, like sqlite:///multirestart.db")
        if url.query or str(url.database).startswith("file:"):
            raise RecordError(
                "the storage must be a plain file for SQLite, without options, like "
                f"sqlite:///multirestart.db; received {text!r}"
            )
        _refuse_path(Path(str(url.database)))
    return url


def _refuse_path(path: Path) -> None:
    """Raise RecordError for a path that SQLAlchemy or `Path.resolve` would fail at."""
    try:
        str(path).encode()
        path.resolve()
    except UnicodeEncodeError:
        raise RecordError(f"the storage must be in UTF-8, received {str(path)!r}") from None
    except (RuntimeError, OSError) as error:
        reason = getattr(error, "strerror", None) or "it is a link to itself"
        raise RecordError(f"cannot open {str(path)[:60]!r}: {reason}") from None


def open_for_reading(text: str) -> Database:
    """Open the record of a database, writing nothing.

    Raises RecordError if there is none, or if it is of another version than this code knows.
    """
    path = sqlite_path(parse_url(text))
    if path is not None and not (is_there(path) and path.is_file()):
        raise RecordError(f"there is no database {path}; `multirestart launch` makes one")
    database = open_if_there(text)
    if database is None:
        raise RecordError(f"{shown(text)} holds no multirestart study: launch one there")
    return database


def open_if_there(text: str) -> Database | None:
    """Open the record of a database, writing nothing; None if the database holds none.

    Raises RecordError if it is no database, or its record of another version than this code knows.
    """
    url = parse_url(text)
    path = sqlite_path(url)
    if path is not None and not is_there(path):
        return None
    with read_only(text) as connection:
        version = record_version(text, connection)
    if version is None:
        return None
    if version != LATEST_VERSION:
        copied = ", with a copy beside it" if path is not None else ""
        raise RecordError(
            f"{shown(text)} was written by an older version (record {version}): "
            f"the next launch there updates it{copied}"
        )
    return Database(text, make_engine(url, writing=False))


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


def shown(text: str) -> str:
    """A URL as it may be printed: without its password."""
    try:
        return make_url(text).render_as_string(hide_password=True)
    except ArgumentError:
        return text


def is_there(path: Path) -> bool:
    """Whether there is a file of that path. Raises RecordError if there can be none."""
    try:
        return path.exists()
    except OSError as error:
        raise RecordError(f"cannot open {str(path)[:60]!r}: {error.strerror or error}") from None


def sqlite_path(url: URL) -> Path | None:
    """The file of an SQLite URL; None for any other kind of database."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def require_file(path: Path) -> None:
    """Raise RecordError if something is there that is no file or may not be read.

    It is looked at from outside: to open and close it here would take SQLite's locks on it away
    from the connections that this process has (sqlite.org/howtocorrupt.html, section 2.2).
    """
    if is_there(path):
        if not path.is_file():
            raise RecordError(f"cannot open {path}: it is not a file")
        if not os.access(path, os.R_OK):
            raise RecordError(f"cannot open {path}: it may not be read")


def make_engine(url: URL, *, writing: bool) -> Engine:
    """SQLAlchemy's engine for a database, with the transactions that `Database` promises."""
    path = sqlite_path(url)
    if path is None:
        # A reader wants one snapshot; a writer that waited for a lock, what was written meanwhile.
        level = "READ COMMITTED" if writing else "REPEATABLE READ"
        return sqlalchemy.create_engine(url, isolation_level=level)
    if not writing and not os.access(path.parent, os.W_OK):
        # A write-ahead log needs files beside the database; where none can be made, read without.
        mode = {"mode": "ro"} if path.with_name(f"{path.name}-wal").exists() else {"immutable": "1"}
        url = URL.create(
            "sqlite", database=f"file:{quote(str(path.resolve()))}", query={**mode, "uri": "true"}
        )
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_SECONDS})
    if writing:
        event.listen(engine, "connect", set_sqlite_pragmas)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin_to_write if writing else _begin_to_read)
    return engine


# Python's driver begins a transaction only at the first write, so that two reads could see two
# states and a migration could be left half done. So they are begun here.


def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _begin_to_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """Take the write lock at once: a transaction that read first could not wait for it later.

    SQLite waits for it in short turns, between which Python can answer Ctrl-C.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_TURN_MILLISECONDS}").close()
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            break
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0)
            # The low byte is the kind: busy too is who waits for another to recover the log.
            if code & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}").close()


def record_version(url: str, connection: Connection) -> str | None:
    """The version of the record in a database, None if it has none.

    Raises RecordError if it is newer than this code.
    """
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    statement = sqlalchemy.text(f"SELECT version_num FROM {VERSION_TABLE}")
    version: str | None = connection.execute(statement).scalar()
    if version is not None and version not in KNOWN_VERSIONS:
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
                f"{sqlite_path(make_url(url))} is not an SQLite database; name another file"
            ) from error
        raise kind(f"{shown(url)}: {error.orig}") from error
    except SQLAlchemyError as error:
        raise kind(f"{shown(url)}: {error}") from error
