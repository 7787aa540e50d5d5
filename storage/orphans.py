"""Rows whose study or trial is gone.

Triggers (foreign keys on PostgreSQL) delete those of the record with it, whoever deletes it. What
is found here was left by a program that switched them off or that copied tables about, or by
Optuna, which on SQLite deletes the trials that it saw a moment before: what a launcher claims or
records meanwhile stays. It must not: SQLite gives the ids of deleted trials and studies to new
ones.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select

from storage.optuna_tables import OF_STUDIES, OF_TRIALS, studies, trials
from storage.tables import claims, configurations, problems, races, restarts


def count_orphans(connection: Connection) -> dict[str, int]:
    """How many rows of each table are orphans, by the table's name."""
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(condition)
        ).scalar_one()
        for table, condition in _orphans()
    }


def remove_orphans(connection: Connection) -> None:
    """Delete all orphans."""
    for table, condition in _orphans():
        connection.execute(delete(table).where(condition))


def _orphans() -> list[tuple[Table, ColumnElement[bool]]]:
    """Each table with what makes a row of it an orphan; those that others hang on come last."""
    of_configuration = configurations.c.configuration_id == restarts.c.configuration_id
    no_configuration = ~select(configurations.c.configuration_id).where(of_configuration).exists()
    return [
        (races, _no_study(races)),
        (restarts, or_(_no_trial(restarts), no_configuration)),
        (claims, _no_trial(claims)),
        (configurations, _no_study(configurations)),
        (problems, _no_study(problems)),
        *((table, _no_trial(table)) for table in OF_TRIALS),
        (trials, _no_study(trials)),
        *((table, _no_study(table)) for table in OF_STUDIES),
    ]


def _no_study(table: Table) -> ColumnElement[bool]:
    return ~select(studies.c.study_id).where(studies.c.study_id == table.c.study_id).exists()


def _no_trial(table: Table) -> ColumnElement[bool]:
    """No trial of that id, or one whose study is gone."""
    of_study = studies.c.study_id == trials.c.study_id
    there = select(trials.c.trial_id).join(studies, of_study)
    return ~there.where(trials.c.trial_id == table.c.trial_id).exists()
