"""Locks of a launcher's session on a PostgreSQL server, which drops them when the session ends.

The session is that of the launcher's transactions: where its locks are lost, so is what it was
writing, and it cannot go on without noticing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text

from storage.database import Database
from storage.errors import ConnectionLostError, RecordError
from storage.launchers import LOCK_TIMEOUT_SECONDS, Liveness
from storage.postgresql import on_connect
from storage.url import shown

_SECONDS_BETWEEN_LOOKS = 0.1
_TRY = text("SELECT pg_try_advisory_lock(:key)")
_RELEASE = text("SELECT pg_advisory_unlock(:key)")
_HELD = text(
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks"
    " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class ServerLocks:
    """Advisory locks by their names, of a database opened for writing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: set[int] = set()
        self._kept: set[int] = set()
        # A session that takes the place of one that was lost waits until that is gone.
        on_connect(database.engine, "SELECT pg_advisory_lock(%s)", self._kept)

    @contextmanager
    def hold(self, name: str, *, wait: bool) -> Iterator[bool]:
        """Hold the lock of a name as long as the session lasts; whether it is held.

        Raises RecordError if another holds it for too long.
        """
        key, deadline = _key(name), time.monotonic() + LOCK_TIMEOUT_SECONDS
        while not (is_held := self._take(key)) and wait:
            if time.monotonic() > deadline:
                raise RecordError(
                    f"{shown(self._database.url)}: another launcher has had the lock {name!r} for "
                    f"{LOCK_TIMEOUT_SECONDS} seconds: try again later"
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        try:
            yield is_held
        finally:
            if is_held:
                self._release(key)

    def keep(self, name: str) -> None:
        """Hold the lock of a name that no other has, in each session from now on."""
        key = _key(name)
        self._take(key)
        self._kept.add(key)

    def drop(self, name: str) -> None:
        """Hold it no longer."""
        key = _key(name)
        self._kept.discard(key)
        self._release(key)

    def held(self, names: Collection[str]) -> set[str]:
        """Those of some names whose lock is held, by whomever."""
        if not names:
            return set()
        with self._database.transaction() as connection:
            keys = set(connection.execute(_HELD).scalars())
        return {name for name in names if _key(name) in keys}

    def _take(self, key: int) -> bool:
        if key in self._held:  # a session gets its own lock again
            return False
        self._held.add(key)
        is_held = False
        try:
            with self._database.transaction() as connection:
                is_taken = bool(connection.execute(_TRY, {"key": key}).scalar())
            is_held = is_taken  # not if the commit is never answered: the session is gone with it
        finally:
            if not is_held:
                self._held.discard(key)
        return is_held

    def _release(self, key: int) -> None:
        self._held.discard(key)
        with suppress(ConnectionLostError), self._database.transaction() as connection:
            connection.execute(_RELEASE, {"key": key})


class ServerLiveness(Liveness):
    """A lock in the session of a launcher's transactions."""

    def __init__(self, locks: ServerLocks, launcher: str) -> None:
        self.launcher = launcher
        self._locks = locks

    def __enter__(self) -> ServerLiveness:
        self._locks.keep(self.launcher)
        return self

    def __exit__(self, *_error: object) -> None:
        self._locks.drop(self.launcher)

    def is_alive(self, launcher: str) -> bool:
        """Whether a session holds the launcher's lock."""
        return bool(self.alive([launcher]))

    def alive(self, launchers: Collection[str]) -> set[str]:
        """Those of some launchers that are alive, by one look."""
        return self._locks.held(launchers)


def _key(name: str) -> int:
    digest = hashlib.sha256(f"multirestart {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
