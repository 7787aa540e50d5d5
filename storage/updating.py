"""Making a record and bringing an older one up to date, one launcher at a time.

What is made or changed here is so under `storage.presence.opening`: two launchers that find an
older record would otherwise copy and update it over each other.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from sqlalchemy import Connection

from storage.database import (
    LATEST_VERSION,
    LOCK_TIMEOUT_SECONDS,
    Database,
    errors_named,
    is_there,
    make_engine,
    parse_url,
    read_only,
    record_version,
    sqlite_path,
)
from storage.errors import RecordError
from storage.liveness import opening


def bring_up_to_date(text: str) -> Path | None:
    """Bring the record of a database to this code's version; nothing is done if it has none.

    An SQLite file is first copied beside itself; returns the copy's path if one was made. Raises
    RecordError if the database is none, newer than this code, or cannot be written or copied.
    """
    if not _is_older(text):
        return None
    with opening(text):
        return _update(text) if _is_older(text) else None


def open_for_writing(text: str) -> Database:
    """Open the record of a database that Optuna's tables stand in already, and make its tables.

    The caller is in `opening`. Raises RecordError if the database is newer than this code or cannot
    be written.
    """
    if _is_older(text):
        _update(text)
    engine = make_engine(parse_url(text), writing=True)
    with errors_named(text), engine.begin() as connection:
        if record_version(text, connection) is None:
            _upgrade(connection)
    return Database(text, engine)


def _is_older(text: str) -> bool:
    path = sqlite_path(parse_url(text))
    if path is not None and not is_there(path):
        return False
    with read_only(text) as connection:
        return record_version(text, connection) not in (None, LATEST_VERSION)


def _update(text: str) -> Path | None:
    path = sqlite_path(parse_url(text))
    copy = None
    if path is not None:
        with read_only(text) as connection:
            version = record_version(text, connection)
        copy = _copy(path, f"{path.name}.backup-{version}")
    engine = make_engine(parse_url(text), writing=True)
    try:
        with errors_named(text), engine.begin() as connection:
            _upgrade(connection)
    finally:
        engine.dispose()
    return copy


def _upgrade(connection: Connection) -> None:
    from storage.migrate import upgrade  # imported late: most launches need no alembic

    upgrade(connection)


def _copy(path: Path, name: str) -> Path:
    """Copy a database with all that stands in its write-ahead log, whole or not at all.

    A copy that is there already is kept: it may be all that is left of what somebody lost.
    """
    unfinished = path.with_name(f"{name}.unfinished")  # of a launcher that was killed: made anew
    names = (name if number == 1 else f"{name}.{number}" for number in count(1))
    copy = next(free for each in names if not is_there(free := path.with_name(each)))
    try:
        unfinished.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
        unfinished.rename(copy)
    except (sqlite3.Error, OSError) as error:
        if unfinished.is_file():
            unfinished.unlink()
        raise RecordError(f"cannot copy {path} to {copy} before updating it: {error}") from None
    return copy
