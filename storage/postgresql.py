"""PostgreSQL's own: the settings of a connection, and rows by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Integer, LargeBinary, Table, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import BigInteger, Float

from storage.launchers import LOCK_TIMEOUT_SECONDS

_POOL_TIMEOUT_SECONDS = 300
_WHO = {"application_name": "multirestart", "connect_timeout": 10}
# A node that vanishes says nothing: the server asks whether it is there, and drops its session,
# and with that its locks, after a minute. Two hours are the default.
_PRESENCE = {
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
}
# Shorter than the wait for a lock: a launcher that is stopped within a transaction is cut off
# before the others give up. A reader may take its time.
_PATIENCE = {
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{LOCK_TIMEOUT_SECONDS // 2}s",
    "statement_timeout": "300s",
}
NO_STATEMENT_TIMEOUT = sqlalchemy.text("SET LOCAL statement_timeout = 0")


def server_engine(url: URL, *, writing: bool) -> Engine:
    """SQLAlchemy's engine for a server, of one connection if it is for writing.

    A reader wants one snapshot; a writer that waited for a lock, what was written meanwhile. The
    session's locks say that a launcher is alive, so what it writes has to end with that session.
    """
    if not writing:
        return sqlalchemy.create_engine(
            url, isolation_level="REPEATABLE READ", **connection_options(url, writing=False)
        )
    options = connection_options(url, writing=True)
    return sqlalchemy.create_engine(
        url,
        isolation_level="READ COMMITTED",
        **{**options, "max_overflow": 0, "pool_timeout": _POOL_TIMEOUT_SECONDS},
    )


def connection_options(url: URL, *, writing: bool) -> dict[str, Any]:
    """What SQLAlchemy's `create_engine` is to be told of connections; what the URL says prevails.

    A writer keeps one connection.
    """
    settings = {**_PRESENCE, **(_PATIENCE if writing else {})}
    calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())

    def configure(connection: Any, _record: Any) -> None:
        connection.execute(f"SELECT {calls}")
        connection.commit()

    given = {name: value for name, value in _WHO.items() if name not in url.query}
    options = {"connect_args": given, "pool_events": [(configure, "connect")]}
    return {**options, "pool_size": 1} if writing else options


def on_connect(engine: Engine, statement: str, keys: Iterable[int]) -> None:
    """Have a statement executed with each key that there is then, whenever a session begins."""

    def execute(connection: Any, _record: Any) -> None:
        for key in list(keys):
            connection.execute(statement, (key,))
        connection.commit()

    event.listen(engine, "connect", execute)


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[object]]) -> None:
    """Add rows, with a value for each column, by COPY: a fraction of the time of an INSERT.

    Raises DBAPIError as SQLAlchemy does.
    """
    statement = f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN (FORMAT BINARY)"
    with (
        _errors_of(connection, statement) as driver,
        driver.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.set_types([_type_of(column.type) for column in table.columns])
        for row in rows:
            copy.write_row(row)


def _type_of(kind: object) -> str:
    """PostgreSQL's name of a column's type."""
    for of, name in ((BigInteger, "int8"), (Integer, "int4"), (Float, "float8")):
        if isinstance(kind, of):
            return name
    return "bytea" if isinstance(kind, LargeBinary) else "text"


@contextmanager
def _errors_of(connection: Connection, statement: str) -> Iterator[Any]:
    """The driver's connection; its errors are raised as SQLAlchemy's, which it goes round."""
    driver = connection.connection.driver_connection
    assert driver is not None, "the connection is open"
    try:
        yield driver
    except connection.dialect.loaded_dbapi.Error as error:
        is_lost = bool(driver.closed)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError(statement, None, error, connection_invalidated=is_lost) from error
