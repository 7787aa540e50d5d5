"""Reading the record. Only restarts of complete trials are read; what is returned is a snapshot."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, distinct, func, select

from search.problem.configuration import Configuration
from search.problem.rows import (
    ConfigurationCounts,
    EscapeEpochs,
    Outcome,
    RecordedRestart,
    Restart,
    StudyRecord,
    StudySummary,
)
from storage.database import Database
from storage.errors import RecordError
from storage.nonfinite import decode
from storage.optuna_tables import studies, trials
from storage.tables import claims, configurations, problems, restarts

_COMPLETE = trials.c.state == "COMPLETE"
_ESCAPED = restarts.c.outcome.in_([Outcome.ESCAPED, Outcome.SOLVED])


def study_names(database: Database) -> list[str]:
    """Names of all studies that have a record, in the order of their making."""
    statement = (
        select(studies.c.study_name)
        .join(problems, problems.c.study_id == studies.c.study_id)
        .order_by(studies.c.study_id)
    )
    with database.transaction() as connection:
        return list(connection.execute(statement).scalars())


def find_study(database: Database, name: str) -> tuple[int, StudyRecord] | None:
    """Optuna's id of a study and what is kept with it; None if there is no such study."""
    statement = (
        select(problems)
        .join(studies, studies.c.study_id == problems.c.study_id)
        .where(studies.c.study_name == name)
    )
    with database.transaction() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return row.study_id, StudyRecord(json.loads(row.problem), json.loads(row.search), row.data)


def study_token(database: Database, study_id: int) -> str | None:
    """What tells a study from another that is given its id later; None if it is gone."""
    statement = select(problems.c.token).where(problems.c.study_id == study_id)
    with database.transaction() as connection:
        token: str | None = connection.execute(statement).scalar()
    return token


def study_summaries(database: Database) -> list[StudySummary]:
    """All studies with what they hold, in the order of their making."""
    counts = (
        select(
            trials.c.study_id,
            func.count(distinct(trials.c.trial_id)).label("trials"),
            func.count().label("restarts"),
            _count(_ESCAPED).label("escaped"),
        )
        .join(restarts, restarts.c.trial_id == trials.c.trial_id)
        .where(_COMPLETE)
        .group_by(trials.c.study_id)
        .subquery()
    )
    statement = (
        select(studies.c.study_name, problems.c.problem, counts)
        .join(problems, problems.c.study_id == studies.c.study_id)
        .outerjoin(counts, counts.c.study_id == studies.c.study_id)
        .order_by(studies.c.study_id)
    )
    with database.transaction() as connection:
        rows = connection.execute(statement).all()
    return [
        StudySummary(
            row.study_name,
            json.loads(row.problem),
            row.trials or 0,
            row.restarts or 0,
            row.escaped or 0,
        )
        for row in rows
    ]


def configuration_counts(
    database: Database, study_id: int, epochs: int, *, races: bool = True
) -> list[ConfigurationCounts]:
    """The pooled restarts of every configuration of a study that has any, counted.

    Without `races` only those of the search are, whose design is the sampler's; the best restart is
    of all in either case.
    """
    complete = select(trials.c.trial_id).where(_COMPLETE, trials.c.study_id == study_id)
    if not races:
        complete = complete.outerjoin(claims, claims.c.trial_id == trials.c.trial_id).where(
            claims.c.race.is_(None)
        )
    # First by trial, whose restarts are of one configuration: an index holds all that is summed,
    # which takes a third of the time of grouping the restarts themselves.
    one = restarts.alias("one")
    configuration_id = (
        select(one.c.configuration_id).where(one.c.trial_id == restarts.c.trial_id).limit(1)
    )
    by_trial = (
        select(
            configuration_id.scalar_subquery().label("configuration_id"),
            func.count().label("restarts"),
            _count(_ESCAPED).label("escaped"),
            _count(restarts.c.outcome == Outcome.SOLVED).label("solved"),
            _count(restarts.c.outcome == Outcome.DIVERGED).label("diverged"),
            func.sum(func.coalesce(restarts.c.escape_epoch, epochs)).label("epochs_spent"),
        )
        .where(restarts.c.trial_id.in_(complete))
        .group_by(restarts.c.trial_id)
        .subquery()
    )
    sums = ("restarts", "escaped", "solved", "diverged", "epochs_spent")
    statement = select(
        by_trial.c.configuration_id,
        func.count().label("trials"),
        *(func.sum(by_trial.c[name]).label(name) for name in sums),
    ).group_by(by_trial.c.configuration_id)
    with database.transaction() as connection:
        keys = _configuration_keys(connection, study_id)
        counted = connection.execute(statement).all()
        best = {row.configuration_id: row for row in _best_restarts(connection, study_id)}
    return [_counts(keys[row.configuration_id], row, best) for row in counted]


def escape_epochs(database: Database, study_id: int) -> list[EscapeEpochs]:
    """When the pooled restarts of every configuration of a study that has any escaped.

    Tallied by the database: a row for each escape epoch that occurs, whatever the restarts.
    """
    statement = (
        select(
            restarts.c.configuration_id,
            restarts.c.escape_epoch,
            func.count().label("restarts"),
            _count(restarts.c.outcome == Outcome.DIVERGED).label("diverged"),
        )
        .join(trials, trials.c.trial_id == restarts.c.trial_id)
        .where(_COMPLETE, trials.c.study_id == study_id)
        .group_by(restarts.c.configuration_id, restarts.c.escape_epoch)
    )
    tallied: dict[int, list[Row[Any]]] = defaultdict(list)
    with database.transaction() as connection:
        keys = _configuration_keys(connection, study_id)
        for row in connection.execute(statement):
            tallied[row.configuration_id].append(row)
    return [
        EscapeEpochs(
            configuration=keys[configuration_id],
            restarts=sum(row.restarts for row in rows),
            diverged=sum(int(row.diverged) for row in rows),
            tally=tuple(
                sorted((row.escape_epoch, row.restarts) for row in rows if row.escape_epoch)
            ),
        )
        for configuration_id, rows in tallied.items()
    ]


def recorded_restarts(database: Database, study_id: int) -> Iterator[RecordedRestart]:
    """Every restart of a study's complete trials, in the order of trials and seeds."""
    statement = _restart_rows(study_id).order_by(trials.c.number, restarts.c.seed)
    with database.transaction() as connection:
        streaming = connection.execution_options(yield_per=10_000)
        for row in streaming.execute(statement):
            yield _recorded(row)


def recorded_restart(database: Database, study_id: int, trial: int, seed: int) -> RecordedRestart:
    """One restart by its trial's number and its seed. Raises RecordError if it is not there."""
    with database.transaction() as connection:
        rows = _restart_rows(study_id).where(trials.c.number == trial)
        row = connection.execute(rows.where(restarts.c.seed == seed)).one_or_none()
        if row is None:
            seeds = rows.with_only_columns(func.min(restarts.c.seed), func.max(restarts.c.seed))
            low, high = connection.execute(seeds).one()
    if row is not None:
        return _recorded(row)
    if low is None:
        raise RecordError(f"trial {trial} has no recorded restarts: is it complete?")
    raise RecordError(f"trial {trial} holds seeds {low} to {high}, not {seed}")


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _configuration_keys(connection: Connection, study_id: int) -> dict[int, Configuration]:
    statement = select(configurations).where(configurations.c.study_id == study_id)
    return {
        row.configuration_id: Configuration(row.scaling, row.optimizer, row.learning_rate)
        for row in connection.execute(statement)
    }


def _best_restarts(connection: Connection, study_id: int) -> list[Row[Any]]:
    """The restart of the lowest loss in each configuration; of equal ones that of least seed."""
    sound = (
        select(restarts, trials.c.number)
        .join(trials, trials.c.trial_id == restarts.c.trial_id)
        .where(
            _COMPLETE,
            trials.c.study_id == study_id,
            restarts.c.loss_kind == "finite",
            restarts.c.outcome != Outcome.DIVERGED,
        )
        .subquery()
    )
    lowest = (
        select(sound.c.configuration_id, func.min(sound.c.loss).label("loss"))
        .group_by(sound.c.configuration_id)
        .subquery()
    )
    statement = (
        select(
            sound.c.configuration_id,
            sound.c.number,
            sound.c.seed,
            sound.c.loss,
            sound.c.accuracy,
        )
        .join(
            lowest,
            (lowest.c.configuration_id == sound.c.configuration_id)
            & (lowest.c.loss == sound.c.loss),
        )
        .order_by(sound.c.seed.desc())
    )
    return list(connection.execute(statement))


def _counts(key: Configuration, row: Row[Any], best: dict[int, Row[Any]]) -> ConfigurationCounts:
    found = best.get(row.configuration_id)
    return ConfigurationCounts(
        configuration=key,
        trials=row.trials,
        restarts=int(row.restarts),
        escaped=int(row.escaped),
        solved=int(row.solved),
        diverged=int(row.diverged),
        epochs_spent=int(row.epochs_spent),
        best_trial=found.number if found else None,
        best_seed=found.seed if found else None,
        best_loss=found.loss if found else None,
        best_accuracy=found.accuracy if found else None,
    )


def _restart_rows(study_id: int) -> Select[Any]:
    return (
        select(
            restarts,
            trials.c.number,
            configurations.c.scaling,
            configurations.c.optimizer,
            configurations.c.learning_rate,
        )
        .join(trials, trials.c.trial_id == restarts.c.trial_id)
        .join(configurations, configurations.c.configuration_id == restarts.c.configuration_id)
        .where(_COMPLETE, trials.c.study_id == study_id)
    )


def _recorded(row: Row[Any]) -> RecordedRestart:
    return RecordedRestart(
        trial=row.number,
        configuration=Configuration(row.scaling, row.optimizer, row.learning_rate),
        restart=Restart(
            seed=row.seed,
            outcome=Outcome(row.outcome),
            accuracy=row.accuracy,
            loss=decode(row.loss, row.loss_kind),
            last_epoch_loss=decode(row.last_epoch_loss, row.last_epoch_loss_kind),
            escape_epoch=row.escape_epoch,
            diverged_epoch=row.diverged_epoch,
            weights=row.weights,
        ),
    )


def raced_restarts(database: Database, study_id: int) -> int:
    """How many restarts of a study's complete trials are of races."""
    statement = (
        select(func.coalesce(func.sum(claims.c.restarts), 0))
        .join(trials, trials.c.trial_id == claims.c.trial_id)
        .where(_COMPLETE, trials.c.study_id == study_id, claims.c.race.is_not(None))
    )
    with database.transaction() as connection:
        return int(connection.execute(statement).scalar_one())
