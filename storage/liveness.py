"""Locks between processes: which launchers are alive, and who may do what only one may at a time.

The operating system, or the database server, drops a lock when the process that holds it ends,
however it ends. Heartbeats would need a grace period, in which a dead launcher's trials wait and a
slow one's are taken.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from storage.database import Database
from storage.errors import RecordError
from storage.launchers import LOCK_TIMEOUT_SECONDS, Liveness, new_launcher
from storage.server_locks import ServerLocks
from storage.url import parse_url, sqlite_path

_LAUNCHER, _PUBLISHING = "launcher-", "publishing-"


def publishing_lock(study_id: int) -> str:
    """The name of the lock that whoever publishes a study holds."""
    return f"{_PUBLISHING}{study_id}"


class FileLiveness(Liveness):
    """A locked file beside an SQLite database; removed at the end."""

    def __init__(self, database: Path) -> None:
        self.launcher = new_launcher()
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


def liveness_in(url: str) -> Liveness:
    """A sign of life in the SQLite database at `url`, to be entered by a launcher.

    That on a server is of the store's own session: `storage.server_locks`.
    """
    path = sqlite_path(parse_url(url))
    assert path is not None, "it is SQLite's"
    return FileLiveness(path)


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
        with (
            closing(Database(url, writing=True)) as database,
            ServerLocks(database).hold(name, wait=wait) as is_held,
        ):
            yield is_held
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
