"""Opening a study: its plan kept in the record, and its Optuna study beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import optuna
from optuna.storages import RDBStorage

from search.problem.errors import LaunchError, UserError
from search.problem.objectives import OBJECTIVES
from search.problem.plan import Plan
from storage.database import Database, open_if_there
from storage.liveness import opening
from storage.optuna_storage import open_optuna_storage, optuna_trials
from storage.orphans import remove_orphans
from storage.reading import find_study, study_token
from storage.record import keep_study
from storage.updating import open_for_writing


@dataclass(frozen=True)
class OpenStudy:
    """A study open for writing: its plan, and its record beside Optuna's in one database."""

    plan: Plan
    study_id: int
    token: str
    database: Database


def stored_plan(url: str, name: str) -> Plan | None:
    """The plan of a study that is there already; None if there is no such study or database."""
    database = open_if_there(url)
    if database is None:
        return None
    found = find_study(database, name)
    database.close()
    return Plan.from_record(name, found[1]) if found else None


def open_study(url: str, name: str, make_plan: Callable[[Plan | None], Plan]) -> OpenStudy:
    """Open a study to go on with it as planned, or make it if there is none of that name.

    `make_plan` is given the plan that is kept, if there is one: no other launcher changes it until
    the study is open. Raises UserError if the study is there with another problem or search space,
    or was made by Optuna without a record; RecordError if the database cannot be used.
    """
    with opening(url):
        # All that can be refused is refused before anything is written.
        kept = stored_plan(url, name)
        plan = make_plan(kept)
        if kept is not None:
            _refuse_outdated(kept)
            _refuse_differences(kept, plan)
        elif optuna_trials(url, plan.name):
            raise _made_by_optuna(plan)
        with _beside_optuna(url) as (storage, database):
            study_id = _make_optuna_study(storage, plan) if kept is None else _id(storage, plan)
            with database.transaction() as connection:
                token = keep_study(connection, study_id, plan.to_record())
    return OpenStudy(plan, study_id, token, database)


def reopen_study(url: str, name: str, token: str) -> OpenStudy:
    """Open the study of that name and token with its current plan.

    Raises LaunchError if it is gone; UserError if its restarts are outdated; RecordError if the
    database cannot be used.
    """
    with opening(url), _beside_optuna(url) as (_, database):
        found = find_study(database, name)
        if found is None or study_token(database, found[0]) != token:
            raise deleted(name)
        study_id, record = found
        plan = Plan.from_record(name, record)
        _refuse_outdated(plan)
    return OpenStudy(plan, study_id, token, database)


def deleted(name: str) -> LaunchError:
    """The error for a study that is gone though a launcher goes on with it."""
    return LaunchError(f"study {name!r} was deleted while it was being run")


@contextmanager
def _beside_optuna(url: str) -> Iterator[tuple[RDBStorage, Database]]:
    """Optuna's storage and the record beside it, for writing and without orphans.

    Orphans go before a study is made: it could be given the id, and so the rows, of one that is
    gone.
    """
    storage = open_optuna_storage(url)
    try:
        database = open_for_writing(url)
        with database.transaction() as connection:
            remove_orphans(connection)
        yield storage, database
    finally:
        storage.engine.dispose()


def _make_optuna_study(storage: RDBStorage, plan: Plan) -> int:
    """Optuna's study, or what a launcher that was killed at this point left of it; its id."""
    study = optuna.create_study(
        study_name=plan.name, storage=storage, directions=plan.directions, load_if_exists=True
    )
    if [direction.name.lower() for direction in study.directions] != plan.directions:
        raise _made_by_optuna(plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([name for name, _ in OBJECTIVES[plan.objective]])
    return int(study._study_id)


def _id(storage: RDBStorage, plan: Plan) -> int:
    try:
        return storage.get_study_id_from_name(plan.name)
    except KeyError:
        raise deleted(plan.name) from None


def _made_by_optuna(plan: Plan) -> UserError:
    return UserError(
        f"study {plan.name!r} was made by Optuna, not by multirestart: give yours another name"
    )


def _refuse_outdated(kept: Plan) -> None:
    """Raise UserError if restarts that are trained now could not be pooled with those there are."""
    if kept.problem.outdated is not None:
        raise UserError(
            f"study {kept.name!r} cannot be gone on with: {kept.problem.outdated}. "
            "Give the new one another name"
        )


def _refuse_differences(kept: Plan, plan: Plan) -> None:
    differences = kept.differences(plan)
    if differences:
        raise UserError(
            f"study {plan.name!r} holds something else: {'; '.join(differences)}. "
            "Give the new one another name, or leave these out to go on with it"
        )
