"""Optuna's own storage in the same database, with the settings that the record is written with."""

from __future__ import annotations

import time
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from storage.database import (
    LOCK_TIMEOUT_SECONDS,
    is_there,
    parse_url,
    read_only,
    require_file,
    set_sqlite_pragmas,
    shown,
    sqlite_path,
)
from storage.errors import RecordError
from storage.optuna_tables import studies, trials

_ATTEMPTS = 20
_SECONDS_BETWEEN_ATTEMPTS = 0.25


def open_optuna_storage(text: str) -> RDBStorage:
    """Optuna's storage at a URL; its tables are made if they are not there.

    Raises RecordError if the database cannot be opened or is of another version of Optuna's.
    """
    url = parse_url(text)
    options: dict[str, object] = {}
    if url.get_backend_name() == "sqlite":
        require_file(Path(str(url.database)))
        options = {
            "connect_args": {"timeout": LOCK_TIMEOUT_SECONDS},
            "pool_events": [(set_sqlite_pragmas, "connect")],
        }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for attempt in range(_ATTEMPTS):
        try:
            return RDBStorage(text, engine_kwargs=options)
        except (RuntimeError, SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            # Another process is making Optuna's tables at this moment: look again.
            if "already exists" not in reason or attempt == _ATTEMPTS - 1:
                raise RecordError(f"{shown(text)}: {reason}") from error
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
    raise AssertionError("the last attempt returns or raises")


def optuna_trials(text: str, study: str) -> int | None:
    """Trials of an Optuna study, reading only; None if there is no such study or database.

    The caller is in `storage.presence.opening`, or another may be making Optuna's tables. Raises
    RecordError if the database has a table `studies` that is not Optuna's.
    """
    url = parse_url(text)
    path = sqlite_path(url)
    if path is not None and not is_there(path):
        return None
    with read_only(text) as connection:
        tables = inspect(connection)
        if not tables.has_table("studies"):
            return None
        columns = {column["name"] for column in tables.get_columns("studies")}
        if not {"study_id", "study_name"} <= columns or not tables.has_table("trials"):
            raise RecordError(f"{shown(text)} has tables of another program: give another database")
        found = connection.execute(
            select(studies.c.study_id, func.count(trials.c.trial_id))
            .outerjoin(trials, trials.c.study_id == studies.c.study_id)
            .where(studies.c.study_name == study)
            .group_by(studies.c.study_id)
        ).one_or_none()
    return None if found is None else int(found[1])
