"""Opening a database: for writing (created and brought up to date) and for reading (as it is)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from storage.errors import RecordError, RecordFailedError

VERSION_TABLE = "multirestart_version"
KNOWN_VERSIONS = ("0001", "0002")
LATEST_VERSION = KNOWN_VERSIONS[-1]
LOCK_TIMEOUT_SECONDS = 60


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
        with _errors_named(self.url, RecordFailedError), self._engine.begin() as connection:
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
        url.get_dialect().import_dbapi()
    except ArgumentError:
        raise RecordError(
            f"--storage must be a database URL like sqlite:///multirestart.db, received {text!r}"
        ) from None
    except ModuleNotFoundError as error:
        raise RecordError(
            f"{shown(text)!r} needs the Python package {error.name}: install it"
        ) from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise RecordError(
            f"--storage must be SQLite or PostgreSQL, received {url.get_backend_name()}"
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise RecordError("a study needs a database file, like sqlite:///multirestart.db")
    return url


def open_for_writing(text: str) -> Database:
    """Open the record of a database that Optuna's tables stand in already, and make its tables.

    Raises RecordError if the database is newer than this code or cannot be written.
    """
    bring_up_to_date(text)
    engine = _engine(parse_url(text), writing=True)
    with _errors_named(text), engine.begin() as connection:
        version = _version(connection)
        _refuse_newer(text, version)
        if version != LATEST_VERSION:
            _upgrade(connection)
    return Database(text, engine)


def bring_up_to_date(text: str) -> Path | None:
    """Bring the record of a database to this code's version; nothing is done if it has none.

    An SQLite file is first copied beside itself; returns the copy's path if one was made. Raises
    RecordError if the database is none, newer than this code, or cannot be written or copied.
    """
    path = sqlite_path(parse_url(text))
    if path is not None and not is_there(path):
        return None
    with read_only(text) as connection:
        version = _version(connection)
    _refuse_newer(text, version)
    if version in (None, LATEST_VERSION):
        return None
    backup = None
    if path is not None:
        backup = path.with_name(f"{path.name}.backup-{version}")
        _copy_sqlite(path, backup)
    engine = _engine(parse_url(text), writing=True)
    try:
        with _errors_named(text), engine.begin() as connection:
            if _version(connection) == version:  # and not updated by another process by now
                _upgrade(connection)
    finally:
        engine.dispose()
    return backup


def _upgrade(connection: Connection) -> None:
    from storage.migrate import upgrade  # imported late: readers need no alembic

    upgrade(connection)


def _copy_sqlite(path: Path, copy: Path) -> None:
    """Copy a database with all that stands in its write-ahead log, whole or not at all."""
    unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
    try:
        with (
            closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
        unfinished.replace(copy)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise RecordError(f"cannot copy {path} to {copy} before updating it: {error}") from None


def open_for_reading(text: str) -> Database:
    """Open the record of a database, writing nothing.

    Raises RecordError if there is none, or if it is of another version than this code knows.
    """
    path = sqlite_path(parse_url(text))
    if path is not None and not (is_there(path) and path.is_file()):
        raise RecordError(f"there is no database {path}; `multirestart launch` makes one")
    database = open_if_there(text)
    if database is None:
        raise RecordError(
            f"{shown(text)} holds no multirestart study; launch one with --storage {shown(text)}"
        )
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
        version = _version(connection)
    if version is None:
        return None
    _refuse_newer(text, version)
    if version != LATEST_VERSION:
        raise RecordError(
            f"{shown(text)} was written by an older version (record {version}): "
            f"`multirestart launch --storage {shown(text)}` updates it, with a copy beside it"
        )
    return Database(text, _engine(url, writing=False))


@contextmanager
def read_only(text: str) -> Iterator[Connection]:
    """A connection to whatever is at a URL, to look at and not to write."""
    url = parse_url(text)
    path = sqlite_path(url)
    if path is not None:
        require_sqlite_file(path)
    engine = _engine(url, writing=False)
    try:
        with _errors_named(text), engine.begin() as connection:
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


def require_sqlite_file(path: Path) -> None:
    """Raise RecordError if the file is there, not empty, and no SQLite database."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(f"cannot open {path}: {error.strerror or error}") from None
    if head and head != b"SQLite format 3\x00":
        raise RecordError(f"{path} is not an SQLite database; name another file with --storage")


def _engine(url: URL, *, writing: bool) -> Engine:
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
    # Python's driver begins a transaction only at the first write, so that two reads could see
    # two states and a migration could be left half done. Begin it ourselves; a writer takes the
    # write lock at once, for a transaction that read first could not wait for it later.
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    def leave_transactions_to_us(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", leave_transactions_to_us)
    event.listen(engine, "begin", begin_transaction)
    return engine


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    statement = sqlalchemy.text(f"SELECT version_num FROM {VERSION_TABLE}")
    version: str | None = connection.execute(statement).scalar()
    return version


def _refuse_newer(url: str, version: str | None) -> None:
    if version is not None and version not in KNOWN_VERSIONS:
        raise RecordError(
            f"{shown(url)} was written by a newer version (record {version}, known up to "
            f"{LATEST_VERSION}): update multirestart"
        )


@contextmanager
def _errors_named(url: str, kind: type[RecordError] = RecordError) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise kind(f"{shown(url)}: {error.orig}") from error
    except SQLAlchemyError as error:
        raise kind(f"{shown(url)}: {error}") from error
