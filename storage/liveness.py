"""Which launchers are alive: each holds a lock for as long as it lives.

The operating system (or the database server) drops the lock when the process ends, however it
ends: a dead launcher is known at once, and a live one, however slow, is never taken for dead.
Heartbeats would need a grace period, in which the one waits and the other may be robbed.
"""

from __future__ import annotations

import glob
import hashlib
import os
import socket
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import sqlalchemy
from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database import LOCK_TIMEOUT_SECONDS, parse_url, shown, sqlite_path
from storage.errors import RecordError


class Presence(ABC):
    """A launcher's presence in a database, from `__enter__` to `__exit__` or its death."""

    def __init__(self) -> None:
        self.launcher = f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"

    @abstractmethod
    def __enter__(self) -> Presence: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def is_alive(self, launcher: str) -> bool:
        """Whether a launcher, this or another, is alive."""


class FilePresence(Presence):
    """A locked file beside an SQLite database; removed at the end."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database.resolve()  # one place, by whatever path a launcher came
        self._lock = self._lock_of(self.launcher)

    def __enter__(self) -> FilePresence:
        with _named(self._database):
            # Another's sweep may hold it for a moment, and unlink it; filelock then makes it anew.
            self._lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
        self._sweep()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _remove(self._lock)

    def is_alive(self, launcher: str) -> bool:
        """Whether the launcher's lock is held."""
        if launcher == self.launcher:
            return True
        lock = self._lock_of(launcher)
        if not Path(lock.lock_file).exists():
            return False
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True
        except OSError as error:
            raise RecordError(
                f"cannot tell whether launcher {launcher} is alive: {lock.lock_file}: "
                f"{error.strerror or error}; if it is not, remove that file"
            ) from None

    def _sweep(self) -> None:
        """Remove what launchers that were killed left behind."""
        for path in self._database.parent.glob(f"{glob.escape(_prefix(self._database))}*"):
            lock = _file_lock(path)
            with suppress(Timeout, OSError):
                lock.acquire(timeout=0)
                _remove(lock)

    def _lock_of(self, launcher: str) -> FileLock:
        return _file_lock(self._database.with_name(f"{_prefix(self._database)}{launcher}"))


class ServerPresence(Presence):
    """An advisory lock of a PostgreSQL session."""

    def __init__(self, url: sqlalchemy.URL) -> None:
        super().__init__()
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            self._connection = engine.connect()
        except DBAPIError as error:
            raise RecordError(f"{shown(str(url))}: {' '.join(str(error.orig).split())}") from error

    def __enter__(self) -> ServerPresence:
        self.wait_for(self.launcher)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._connection.engine.dispose()

    def is_alive(self, launcher: str) -> bool:
        """Whether another session holds the launcher's lock."""
        if launcher == self.launcher:
            return True
        if not self._try_lock(launcher):
            return True
        unlock = text("SELECT pg_advisory_unlock(:key)")
        self._connection.execute(unlock, {"key": _key(launcher)})
        return False

    def wait_for(self, name: str) -> None:
        """Wait for the lock of a name and hold it until the session ends."""
        self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(name)})

    def _try_lock(self, launcher: str) -> bool:
        lock = text("SELECT pg_try_advisory_lock(:key)")
        return bool(self._connection.execute(lock, {"key": _key(launcher)}).scalar())


def presence_in(url: str) -> Presence:
    """A presence in the database at `url`, to be entered by a launcher.

    Raises RecordError if its server cannot be reached.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    return ServerPresence(parsed) if path is None else FilePresence(path)


@contextmanager
def opening(url: str) -> Iterator[None]:
    """Make launchers that would make the tables of one database do so one after another.

    SQLite answers "locked" at once, however long one would wait, to whoever switches a new file
    to a write-ahead log while another does; PostgreSQL refuses a table that another makes.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is None:
        with ServerPresence(parsed) as presence:
            presence.wait_for("opening")
            yield
        return
    if not path.parent.is_dir():
        raise RecordError(f"{url}: unable to open database file: there is no folder {path.parent}")
    path = path.resolve()
    lock = _file_lock(path.with_name(f"{path.name}-opening"))
    with _named(path):
        lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        _remove(lock)


@contextmanager
def _named(database: Path) -> Iterator[None]:
    try:
        yield
    except Timeout:
        raise RecordError(
            f"another launcher has been opening {database} for {LOCK_TIMEOUT_SECONDS} seconds: "
            "try again later"
        ) from None
    except OSError as error:
        raise RecordError(f"cannot write beside {database}: {error.strerror or error}") from None


def _file_lock(path: Path) -> FileLock:
    return FileLock(path, mode=0o666)  # others who may write in the folder are launchers too


def _prefix(database: Path) -> str:
    return f"{database.name}-launcher-"


def _remove(lock: FileLock) -> None:
    """Unlink a held lock's file, then let go: whoever waits for it sees that the file is gone."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _key(launcher: str) -> int:
    digest = hashlib.sha256(f"multirestart {launcher}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
