"""Opening a store: for reading, writing nothing, or for writing, its tables made if need be."""

from __future__ import annotations

from pathlib import Path

from storage.contract import Store
from storage.database import (
    LATEST_VERSION,
    Database,
    OnWait,
    errors_named,
    make_engine,
    read_only,
    record_version,
)
from storage.errors import NothingStoredError
from storage.liveness import lock
from storage.sql_store import SqlStore
from storage.url import is_there, parse_url, shown, sqlite_path


def open_for_reading(url: str) -> Store:
    """Open the store in a database, writing nothing.

    Args:
        url: SQLAlchemy's URL of the database.

    Raises:
        RecordError: If there is none, or if it is of another version than this code knows.
    """
    path = sqlite_path(parse_url(url))
    if path is not None and not (is_there(path) and path.is_file()):
        raise NothingStoredError(f"there is no database {path}")
    store = open_if_there(url)
    if store is None:
        raise NothingStoredError(f"{shown(url)} holds no multirestart study{_hint(path)}")
    return store


def open_if_there(url: str) -> Store | None:
    """Open the store in a database, writing nothing; None if the database holds none.

    Raises:
        RecordError: If it is no database, or its store of another version than this code knows.
    """
    path = sqlite_path(parse_url(url))
    if path is not None and not is_there(path):
        return None
    with read_only(url) as connection:
        is_held = record_version(url, connection) is not None
    return SqlStore(Database(url, writing=False)) if is_held else None


def open_for_writing(url: str, on_wait: OnWait | None = None) -> Store:
    """Open the store in a database, and make its tables or bring them to the latest version.

    Args:
        url: SQLAlchemy's URL of the database.
        on_wait: Told when a transaction has been waiting for another program's lock.

    Raises:
        RecordError: If the database is of another version or cannot be written.
    """
    # Optuna imports it when it first needs it, in a thread of whoever publishes, submits, deletes:
    # statements that are built in another at that moment would find it half imported.
    import sqlalchemy.orm  # noqa: F401 - a tenth of a second, of which readers have no need

    # One launcher at a time: SQLite answers "locked" at once, however long one would wait, to
    # whoever switches a new file to a write-ahead log while another does; PostgreSQL refuses a
    # table that another makes.
    with lock(url, "opening"):
        open_if_there(url)  # refuses what is to be refused before anything is written
        engine = make_engine(parse_url(url), writing=True, on_wait=on_wait)
        try:
            with errors_named(url), engine.begin() as connection:
                if record_version(url, connection) != LATEST_VERSION:
                    from storage.migrate import upgrade  # most launches need no alembic

                    upgrade(connection)
        finally:
            engine.dispose()
    return SqlStore(Database(url, writing=True, on_wait=on_wait))


def _hint(path: Path | None) -> str:
    """What to add where an SQLite file may have been copied without its write-ahead log."""
    if path is None or path.with_name(f"{path.name}-wal").exists():
        return ""
    return (
        ". If the file is a copy made while a launch ran, the rest stands in the original's "
        f"{path.name}-wal: copy by `multirestart backup`"
    )
