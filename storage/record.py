"""Writing the record. The contract:

- One process writes a study's record: the parent that asks and tells. Workers only compute.
- `record_trial` writes all restarts of a trial in one transaction, before the trial is told
  complete to Optuna; readers count the restarts of complete trials only. So a trial's restarts
  and the fact that it is complete become visible together, or not at all.
- A seed stands once in a configuration of a study; writing it again raises and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.database import Database
from storage.numbers import encode
from storage.reading import study_record
from storage.rows import ConfigurationKey, Restart, StudyRecord
from storage.tables import configurations, problems, restarts, trial_user_attributes


def keep_study(database: Database, study_id: int, study: StudyRecord) -> StudyRecord:
    """Keep what a new study holds fixed and how it searches; returns what is kept.

    That is something else if another process kept the study first.
    """
    with database.transaction() as connection:
        found = connection.execute(select(problems).filter_by(study_id=study_id)).one_or_none()
        if found is not None:
            return study_record(found)
        connection.execute(
            insert(problems).values(
                study_id=study_id,
                problem=json.dumps(study.problem),
                search=json.dumps(study.search),
                data=study.data,
            )
        )
    return study


def keep_search(database: Database, study_id: int, search: dict[str, Any]) -> None:
    """Keep how a study searches from now on."""
    with database.transaction() as connection:
        connection.execute(
            update(problems).filter_by(study_id=study_id).values(search=json.dumps(search))
        )


def record_trial(
    database: Database,
    study_id: int,
    trial_id: int,
    configuration: ConfigurationKey,
    trained: Sequence[Restart],
    attributes: Mapping[str, Any],
) -> None:
    """Record all restarts of a trial and what Optuna is to show of them, or nothing.

    The attributes are the trial's user attributes, written where Optuna keeps them: one
    transaction, where Optuna's own call takes one for each, and half of a short trial's time.
    Raises RecordError if a seed stands in this configuration of the study already.
    """
    with database.transaction() as connection:
        configuration_id = _configuration_id(connection, study_id, configuration)
        connection.execute(
            insert(restarts), [_row(configuration_id, trial_id, restart) for restart in trained]
        )
        connection.execute(
            insert(trial_user_attributes),
            [
                {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
                for key, value in attributes.items()
            ],
        )


def _configuration_id(connection: Connection, study_id: int, key: ConfigurationKey) -> int:
    values = {
        "study_id": study_id,
        "scaling": key.scaling,
        "optimizer": key.optimizer,
        "learning_rate": key.learning_rate,
    }
    found: int | None = connection.execute(
        select(configurations.c.configuration_id).filter_by(**values)
    ).scalar()
    if found is None:
        found = connection.execute(insert(configurations).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    return int(found)


def _row(configuration_id: int, trial_id: int, restart: Restart) -> dict[str, object]:
    loss, loss_kind = encode(restart.loss)
    last_epoch_loss, last_epoch_loss_kind = encode(restart.last_epoch_loss)
    return {
        "configuration_id": configuration_id,
        "seed": restart.seed,
        "trial_id": trial_id,
        "outcome": restart.outcome.value,
        "accuracy": restart.accuracy,
        "loss": loss,
        "loss_kind": loss_kind,
        "last_epoch_loss": last_epoch_loss,
        "last_epoch_loss_kind": last_epoch_loss_kind,
        "escape_epoch": restart.escape_epoch,
        "diverged_epoch": restart.diverged_epoch,
        "weights": restart.weights,
    }
