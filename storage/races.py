"""Races in the record: their rules, their entrants, and the restarts on their common seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from search.problem.configuration import Configuration
from search.problem.rows import Outcome
from storage.optuna_tables import trials
from storage.tables import claims, configurations, races, restarts

_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class KeptRace:
    """A stored race: rules and entrants as JSON, and the first of its seeds."""

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


def kept_races(connection: Connection, study_id: int) -> list[KeptRace]:
    """The races of a study, in the order in which they were begun."""
    statement = select(races).filter_by(study_id=study_id).order_by(races.c.race_id)
    return [
        KeptRace(row.race_id, json.loads(row.rules), json.loads(row.entrants), row.first_seed)
        for row in connection.execute(statement)
    ]


def race_trials(connection: Connection, race_id: int) -> list[tuple[int, str, bool]]:
    """(trial id, state, whether it is to be run again if it failed) of all trials of a race."""
    statement = (
        select(trials.c.trial_id, trials.c.state, claims.c.again)
        .join(claims, claims.c.trial_id == trials.c.trial_id)
        .where(claims.c.race == race_id)
    )
    return [(row.trial_id, row.state, row.again) for row in connection.execute(statement)]


def escaped_of_trials(
    connection: Connection, trial_ids: Sequence[int]
) -> Iterator[tuple[Configuration, int, bool]]:
    """(configuration, seed, whether it escaped) of every restart of some trials."""
    for first in range(0, len(trial_ids), _IDS_PER_QUERY):
        statement = (
            select(
                configurations.c.scaling,
                configurations.c.optimizer,
                configurations.c.learning_rate,
                restarts.c.seed,
                restarts.c.outcome,
            )
            .join(configurations, configurations.c.configuration_id == restarts.c.configuration_id)
            .where(restarts.c.trial_id.in_(trial_ids[first : first + _IDS_PER_QUERY]))
        )
        for row in connection.execute(statement):
            key = Configuration(row.scaling, row.optimizer, row.learning_rate)
            yield key, row.seed, Outcome(row.outcome).has_escaped
