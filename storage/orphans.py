"""Rows whose study or trial is gone.

Triggers (foreign keys on PostgreSQL) delete them with it, whoever deletes it. What is found here
was left by a program that switched them off or that copied tables about. It must not stay: SQLite
gives the ids of deleted trials and studies to new ones.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, func, or_, select
from sqlalchemy.sql import ColumnElement

from storage.optuna_tables import studies, trials
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
    no_trial = ~select(trials.c.trial_id).where(trials.c.trial_id == restarts.c.trial_id).exists()
    of_configuration = configurations.c.configuration_id == restarts.c.configuration_id
    no_configuration = ~select(configurations.c.configuration_id).where(of_configuration).exists()
    no_study = (
        ~select(studies.c.study_id).where(studies.c.study_id == configurations.c.study_id).exists()
    )
    no_raced_study = (
        ~select(studies.c.study_id).where(studies.c.study_id == races.c.study_id).exists()
    )
    return [
        (races, no_raced_study),
        (restarts, or_(no_trial, no_configuration)),
        (
            claims,
            ~select(trials.c.trial_id).where(trials.c.trial_id == claims.c.trial_id).exists(),
        ),
        (configurations, no_study),
        (
            problems,
            ~select(studies.c.study_id).where(studies.c.study_id == problems.c.study_id).exists(),
        ),
    ]
