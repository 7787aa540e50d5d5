"""Reading the restarts of one configuration: few columns, block by block."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Row, Select, select

from search.problem.configuration import Configuration
from search.problem.rows import Member, Outcome
from storage.database import Database
from storage.nonfinite import decode
from storage.optuna_tables import trials
from storage.tables import configurations, restarts

BLOCK = 10_000
_SEEDS_IN_A_QUERY = 500  # SQLite takes 999 parameters and more


def members_of(
    database: Database, study_id: int, key: Configuration
) -> Iterator[tuple[Member, ...]]:
    """The restarts of a configuration in a study's complete trials, at most BLOCK at a time.

    In the order of the seeds. The database is read as the blocks are asked for, so that memory
    holds one of them.
    """
    with database.transaction() as connection:
        streaming = connection.execution_options(yield_per=BLOCK)
        result = streaming.execute(_members(study_id, key))
        for rows in result.partitions():
            yield tuple(map(_member, rows))


def members_by_seed(
    database: Database, study_id: int, key: Configuration, seeds: Collection[int]
) -> dict[int, Member]:
    """Those restarts of a configuration that started from the given seeds."""
    wanted, found = sorted(seeds), {}
    with database.transaction() as connection:
        for first in range(0, len(wanted), _SEEDS_IN_A_QUERY):
            some = wanted[first : first + _SEEDS_IN_A_QUERY]
            rows = connection.execute(_members(study_id, key).where(restarts.c.seed.in_(some)))
            found.update({row.seed: _member(row) for row in rows})
    return found


def _members(study_id: int, key: Configuration) -> Select[Any]:
    return (
        select(
            restarts.c.seed,
            trials.c.number,
            restarts.c.outcome,
            restarts.c.loss,
            restarts.c.loss_kind,
            restarts.c.weights,
        )
        .join(trials, trials.c.trial_id == restarts.c.trial_id)
        .join(configurations, configurations.c.configuration_id == restarts.c.configuration_id)
        .where(
            trials.c.state == "COMPLETE",
            trials.c.study_id == study_id,
            configurations.c.study_id == study_id,
            configurations.c.scaling == key.scaling,
            configurations.c.optimizer == key.optimizer,
            configurations.c.learning_rate == key.learning_rate,
        )
        .order_by(restarts.c.seed)
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        seed=row.seed,
        trial=row.number,
        outcome=Outcome(row.outcome),
        loss=decode(row.loss, row.loss_kind),
        weights=row.weights,
    )
