"""What a database holds, read so as to be checked and not to be believed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from storage.database import Database
from storage.optuna_tables import trial_user_attributes, trials
from storage.tables import claims, restarts


@dataclass(frozen=True)
class KeptTrial:
    """A stored trial of a study, whatever its state.

    `claimed` is the number of restarts that it was claimed for, None if it was not claimed;
    `recorded` that of the restarts that stand in the record for it; `attributes` are Optuna's.
    """

    trial_id: int
    number: int
    state: str
    claimed: int | None
    recorded: int
    attributes: dict[str, Any]


def integrity_errors(database: Database) -> list[str]:
    """What SQLite finds damaged in its file, at most ten lines; nothing on other databases."""
    with database.transaction() as connection:
        if connection.dialect.name != "sqlite":
            return []
        found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
    return [str(line) for line in found if line != "ok"]


def kept_trials(database: Database, study_id: int) -> list[KeptTrial]:
    """All trials of a study, in the order of their numbers."""
    recorded = (
        select(restarts.c.trial_id, func.count().label("count"))
        .group_by(restarts.c.trial_id)
        .subquery()
    )
    statement = (
        select(
            trials.c.trial_id,
            trials.c.number,
            trials.c.state,
            claims.c.restarts,
            func.coalesce(recorded.c.count, 0).label("recorded"),
        )
        .outerjoin(claims, claims.c.trial_id == trials.c.trial_id)
        .outerjoin(recorded, recorded.c.trial_id == trials.c.trial_id)
        .where(trials.c.study_id == study_id)
        .order_by(trials.c.number)
    )
    attributes: dict[int, dict[str, Any]] = {}
    with database.transaction() as connection:
        for row in connection.execute(
            select(trial_user_attributes)
            .join(trials, trials.c.trial_id == trial_user_attributes.c.trial_id)
            .where(trials.c.study_id == study_id)
        ):
            attributes.setdefault(row.trial_id, {})[row.key] = json.loads(row.value_json)
        rows = connection.execute(statement).all()
    return [
        KeptTrial(
            row.trial_id,
            row.number,
            row.state,
            row.restarts,
            row.recorded,
            attributes.get(row.trial_id, {}),
        )
        for row in rows
    ]


def recorded_keys(database: Database, study_id: int) -> list[tuple[int, int]]:
    """(trial number, seed) of every restart of a study's complete trials, in that order."""
    statement = (
        select(trials.c.number, restarts.c.seed)
        .join(restarts, restarts.c.trial_id == trials.c.trial_id)
        .where(trials.c.study_id == study_id, trials.c.state == "COMPLETE")
        .order_by(trials.c.number, restarts.c.seed)
    )
    with database.transaction() as connection:
        return [(row.number, row.seed) for row in connection.execute(statement)]
