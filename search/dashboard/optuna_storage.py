"""Optuna's own storage in the database of the store."""

from __future__ import annotations

import os
import time

import optuna
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from search.dashboard.remembering import RememberingStorage
from search.problem.errors import UserError
from storage.database import read_only, set_sqlite_pragmas, url_for_reading
from storage.errors import ConnectionLostError, RecordError
from storage.launchers import LOCK_TIMEOUT_SECONDS
from storage.postgresql import connection_options
from storage.url import is_there, parse_url, require_file, shown, sqlite_path

STUDY_MARK = "multirestart_study"
"""User attribute of a published study: `mark_of` the study in the store."""

_ATTEMPTS = 20
_SECONDS_BETWEEN_ATTEMPTS = 0.25


def mark_of(name: str, study_id: int) -> dict[str, str | int]:
    """What marks the published study of a study of the store.

    With its name: `optuna.copy_study` copies attributes, and a copy is its maker's.
    """
    return {"name": name, "id": study_id}


def open_optuna_storage(url: str, *, writing: bool = True) -> RememberingStorage:
    """Open Optuna's storage in a database.

    Args:
        url: SQLAlchemy's URL of the database.
        writing: Make Optuna's tables if they are not there, and write to them as the store does.
            Without it nothing in the database is changed.

    Raises:
        RecordError: If the database cannot be opened or is of another version of Optuna's.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    opened = parsed.render_as_string(hide_password=False)
    options: dict[str, object] = {}
    if path is None:
        options = connection_options(parsed, writing=writing)
    else:
        require_file(path)
        options = {"connect_args": {"timeout": LOCK_TIMEOUT_SECONDS}}
        if writing:
            options["pool_events"] = [(set_sqlite_pragmas, "connect")]
        else:
            opened = str(url_for_reading(path.absolute()))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for attempt in range(_ATTEMPTS):
        try:
            return RememberingStorage(
                opened, engine_kwargs=options, skip_table_creation=not writing
            )
        except (RuntimeError, SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            # Another process is making Optuna's tables at this moment: look again.
            if "already exists" not in reason or attempt == _ATTEMPTS - 1:
                raise RecordError(f"{shown(url)}: {reason}") from error
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
    raise AssertionError("the last attempt returns or raises")


def can_be_written(url: str) -> bool:
    """Whether this process may write to a database; of a server's it is taken for granted."""
    path = sqlite_path(parse_url(url))
    return path is None or (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


def refuse_taken_name(url: str, name: str) -> None:
    """Refuse the name of a study that somebody made by Optuna itself. Writes nothing.

    Raises:
        UserError: If there is such a study.
        RecordError: If the database has tables of another program.
    """
    path = sqlite_path(parse_url(url))
    if path is not None and not is_there(path):
        return
    with read_only(url) as connection:
        tables = set(inspect(connection).get_table_names())
    if not tables & {"studies", "trials"}:
        return
    if "version_info" not in tables:
        raise RecordError(f"{shown(url)} has tables of another program: give another database")
    storage = open_optuna_storage(url, writing=False)
    try:
        mark = storage.get_study_user_attrs(storage.get_study_id_from_name(name)).get(STUDY_MARK)
        if not is_mark(mark, name):
            raise made_by_optuna(name)
    except KeyError:
        pass
    finally:
        storage.engine.dispose()


def is_mark(mark: object, name: str) -> bool:
    """Whether a mark is that of a study of that name, be it there or deleted."""
    return isinstance(mark, dict) and mark.get("name") == name


def has_optuna_tables(url: str) -> bool:
    """Whether Optuna's tables are in a database. Writes nothing."""
    with read_only(url) as connection:
        return bool(inspect(connection).has_table("version_info"))


def delete_published_study(url: str, name: str, study_id: int) -> bool:
    """Delete the published study of a study of the store; whether there was one."""
    if not has_optuna_tables(url):
        return False
    storage = open_optuna_storage(url)
    try:
        found = storage.get_study_id_from_name(name)
        attributes = storage.get_study_user_attrs(found)
        # One that a launch was killed over before it was marked is ours to remove too.
        is_begun = not attributes and not storage.get_n_trials(found)
        if attributes.get(STUDY_MARK) != mark_of(name, study_id) and not is_begun:
            return False
        storage.delete_study(found)
    except KeyError:
        return False
    finally:
        storage.engine.dispose()
    return True


def is_connection_lost(error: BaseException) -> bool:
    """Whether an error, of the store's or of Optuna's, is that of a server's connection."""
    if isinstance(error, ConnectionLostError):
        return True
    if isinstance(error, DBAPIError) and (
        # A connection that never was has no state; an error of SQLite's has none ever.
        error.connection_invalidated or getattr(error.orig, "sqlstate", "") is None
    ):
        return True
    return error.__cause__ is not None and is_connection_lost(error.__cause__)


def made_by_optuna(name: str) -> UserError:
    """The error for a study's name that an Optuna study has."""
    return UserError(
        f"study {name!r} was made by Optuna, not by multirestart: give yours another name"
    )
