"""Races in the record: their rules, their entrants, and the restarts on their common seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from storage.optuna_tables import trials
from storage.rows import ConfigurationKey, Outcome
from storage.tables import claims, configurations, races, restarts


@dataclass(frozen=True)
class KeptRace:
    """A race as it is kept: rules and entrants as JSON, and the first of its seeds."""

    race_id: int
    rules: dict[str, Any]
    entrants: list[dict[str, Any]]
    first_seed: int


def keep_race(
    connection: Connection,
    study_id: int,
    rules: dict[str, Any],
    entrants: list[dict[str, Any]],
    first_seed: int,
) -> int:
    """Keep a new race of a study; returns its id."""
    made = connection.execute(
        insert(races).values(
            study_id=study_id,
            rules=json.dumps(rules),
            entrants=json.dumps(entrants),
            first_seed=first_seed,
        )
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def last_race(connection: Connection, study_id: int) -> KeptRace | None:
    """The race that a study began last; None if it has none."""
    statement = select(races).filter_by(study_id=study_id).order_by(races.c.race_id.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return KeptRace(row.race_id, json.loads(row.rules), json.loads(row.entrants), row.first_seed)


def escaped_in_race(
    connection: Connection, race_id: int
) -> dict[ConfigurationKey, dict[int, bool]]:
    """Whether each restart of a race's complete trials escaped, by configuration and seed."""
    statement = (
        select(
            configurations.c.scaling,
            configurations.c.optimizer,
            configurations.c.learning_rate,
            restarts.c.seed,
            restarts.c.outcome,
        )
        .join(configurations, configurations.c.configuration_id == restarts.c.configuration_id)
        .join(claims, claims.c.trial_id == restarts.c.trial_id)
        .join(trials, trials.c.trial_id == restarts.c.trial_id)
        .where(claims.c.race == race_id, trials.c.state == "COMPLETE")
        .order_by(restarts.c.seed)
    )
    found: dict[ConfigurationKey, dict[int, bool]] = {}
    for row in connection.execute(statement):
        key = ConfigurationKey(row.scaling, row.optimizer, row.learning_rate)
        found.setdefault(key, {})[row.seed] = Outcome(row.outcome).has_escaped
    return found


def first_trial(connection: Connection, race_id: int) -> int | None:
    """The number of the first trial that was claimed for a race; None if there is none."""
    statement = (
        select(func.min(trials.c.number))
        .join(claims, claims.c.trial_id == trials.c.trial_id)
        .where(claims.c.race == race_id)
    )
    number: int | None = connection.execute(statement).scalar()
    return number
