"""Locks between processes: which launchers are alive, and who may do what only one may at a time.

The operating system, or the database server, drops a lock when the process that holds it ends,
however it ends. Heartbeats would need a grace period, in which a dead launcher's trials wait and a
slow one's are taken.
"""

from __future__ import annotations

import glob
import hashlib
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy
from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.contract import Liveness
from storage.database import LOCK_TIMEOUT_SECONDS
from storage.errors import RecordError
from storage.url import parse_url, shown, sqlite_path

_LAUNCHER, _PUBLISHING = "launcher-", "publishing-"


def publishing_lock(study_id: int) -> str:
    """The name of the lock that whoever publishes a study holds."""
    return f"{_PUBLISHING}{study_id}"


def _new_launcher() -> str:
    return f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


class FileLiveness(Liveness):
    """A locked file beside an SQLite database; removed at the end."""

    def __init__(self, database: Path) -> None:
        self.launcher = _new_launcher()
        self._database = database.resolve()  # one place, by whatever path a launcher came
        self._lock = self._lock_of(self.launcher)

    def __enter__(self) -> FileLiveness:
        with _named(self._database):
            # Another's sweep may hold it for a moment, and unlink it; filelock then makes it anew.
            self._lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
        self._sweep()
        return self

    def __exit__(self, *_error: object) -> None:
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
        name = glob.escape(self._database.name)
        for swept in (_LAUNCHER, _PUBLISHING):
            for path in self._database.parent.glob(f"{name}-{swept}*"):
                with suppress(Timeout, OSError):
                    if path.stat().st_size:  # locks are empty, and locking empties a file
                        continue
                    lock = _file_lock(path)
                    lock.acquire(timeout=0)
                    _remove(lock)

    def _lock_of(self, launcher: str) -> FileLock:
        return _file_lock(self._database.with_name(f"{self._database.name}-{_LAUNCHER}{launcher}"))


class ServerLiveness(Liveness):
    """An advisory lock of a PostgreSQL session."""

    def __init__(self, url: sqlalchemy.URL) -> None:
        self.launcher = _new_launcher()
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            self._connection = engine.connect()
        except DBAPIError as error:
            raise RecordError(f"{shown(str(url))}: {' '.join(str(error.orig).split())}") from error

    def __enter__(self) -> ServerLiveness:
        self.hold(self.launcher)
        return self

    def __exit__(self, *_error: object) -> None:
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

    def hold(self, name: str, *, wait: bool = True) -> bool:
        """Hold the lock of a name until the session ends; whether it is held."""
        if not wait:
            return self._try_lock(name)
        self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(name)})
        return True

    def _try_lock(self, name: str) -> bool:
        lock = text("SELECT pg_try_advisory_lock(:key)")
        return bool(self._connection.execute(lock, {"key": _key(name)}).scalar())


def liveness_in(url: str) -> Liveness:
    """A sign of life in the database at `url`, to be entered by a launcher.

    Raises:
        RecordError: If its server cannot be reached.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    return ServerLiveness(parsed) if path is None else FileLiveness(path)


@contextmanager
def lock(url: str, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a name in a database; whether it is held.

    Args:
        url: URL of the database.
        name: What the lock is for.
        wait: Whether to wait for another that holds it.

    Raises:
        RecordError: If another holds it for too long, or no lock can be made there.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is None:
        with ServerLiveness(parsed) as session:
            yield session.hold(name, wait=wait)
        return
    if not path.parent.is_dir():
        raise RecordError(f"{url}: unable to open database file: there is no folder {path.parent}")
    path = path.resolve()
    file_lock = _file_lock(path.with_name(f"{path.name}-{name}"))
    with _named(path):
        try:
            file_lock.acquire(timeout=LOCK_TIMEOUT_SECONDS if wait else 0)
        except Timeout:
            if wait:
                raise
    try:
        yield file_lock.is_locked
    finally:
        if file_lock.is_locked:
            _remove(file_lock)


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


def _remove(lock: FileLock) -> None:
    """Unlink a held lock's file, then let go: whoever waits for it sees that the file is gone."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _key(launcher: str) -> int:
    digest = hashlib.sha256(f"multirestart {launcher}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
