"""The URL of a database, and the file that it names."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import RecordError

_SERVER = "postgresql+psycopg"


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
    if url.drivername == "postgresql":  # SQLAlchemy would have psycopg2
        url = url.set(drivername=_SERVER)
    try:
        url.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        how = ' by `pip install "multirestart[postgresql]"`' if url.drivername == _SERVER else ""
        raise RecordError(
            f"{shown(text)!r} needs the Python package {error.name}: install it{how}"
        ) from None
    except ArgumentError as error:
        raise RecordError(f"{shown(text)}: {error}") from None
    if backend != "sqlite" and url.drivername != _SERVER:
        raise RecordError(
            f"the storage must be {_SERVER}://... for PostgreSQL, received {url.drivername}"
        )
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
