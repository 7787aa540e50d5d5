"""Copying a database whole, while it is written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from storage.errors import RecordError
from storage.launchers import LOCK_TIMEOUT_SECONDS
from storage.opening import open_for_reading
from storage.url import is_there, parse_url, shown, sqlite_path


def back_up(url: str, copy: Path) -> int:
    """Copy an SQLite database with all that stands in its write-ahead log, whole or not at all.

    Args:
        url: URL of the database.
        copy: The file to be made.

    Returns:
        How many complete trials the copy holds.

    Raises:
        RecordError: If the database is not SQLite's, the copy is there already, or either cannot
            be read or written.
    """
    open_for_reading(url).close()
    path = sqlite_path(parse_url(url))
    if path is None:
        raise RecordError(f"{shown(url)} is on a server: copy it by the server's tools (pg_dump)")
    copy = copy.absolute()  # SQLite would take a name like file:x for a URL
    for suffix in ("", "-wal", "-journal", "-shm"):
        beside = copy.with_name(f"{copy.name}{suffix}")
        if is_there(beside):  # a log of another file would be played into the copy
            raise RecordError(f"{beside} is there already: give the copy another name")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # of a copy that was killed
        with (
            closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        unfinished.rename(copy)
    except (sqlite3.Error, OSError) as error:
        if unfinished.is_file():
            unfinished.unlink()
        raise RecordError(f"cannot copy {path} to {copy}: {error}") from None
    with closing(sqlite3.connect(copy)) as made:
        count = "SELECT count(*) FROM multirestart_trials WHERE state = 'complete'"
        trials: int = made.execute(count).fetchone()[0]
    return trials
