"""Writing the record. The contract:

- One process writes a trial's record: the launcher that claimed it. Workers only compute.
- `complete_trial` writes all restarts of a trial, its value and attributes, and that it is complete
  in one transaction: they become visible together, or not at all.
- A seed stands once in a configuration of a study; writing it again raises and writes nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from search.problem.configuration import Configuration
from search.problem.rows import Restart, StudyRecord
from storage.claims import claimed_by
from storage.database import Database
from storage.nonfinite import encode
from storage.optuna_tables import COMPLETE, end_running_trial
from storage.tables import configurations, problems, restarts


def keep_study(connection: Connection, study_id: int, study: StudyRecord) -> str:
    """Keep what a study holds fixed and how it searches; returns its token.

    Of a study that is kept already only how it searches is changed. The caller is in
    `storage.presence.opening`, and has seen that the rest is the same.
    """
    token: str | None = connection.execute(
        select(problems.c.token).filter_by(study_id=study_id)
    ).scalar()
    search = json.dumps(study.search)
    if token is not None:
        connection.execute(update(problems).filter_by(study_id=study_id).values(search=search))
        return token
    token = uuid.uuid4().hex
    connection.execute(
        insert(problems).values(
            study_id=study_id,
            problem=json.dumps(study.problem),
            search=search,
            data=study.data,
            token=token,
        )
    )
    return token


def complete_trial(
    database: Database,
    study_id: int,
    trial_id: int,
    configuration: Configuration,
    trained: Sequence[Restart],
    values: Sequence[float],
    attributes: Mapping[str, Any],
    launcher: str | None = None,
) -> bool:
    """Record all restarts of a running trial and that it is complete, or nothing.

    `values` are the objectives' values and `attributes` the user attributes that Optuna shows.
    False, and nothing is written, if the trial is gone, was ended by somebody else or, with a
    `launcher`, is not claimed by it: SQLite gives the id of a deleted trial to a new one. Raises
    RecordFailedError if a seed stands in this configuration of the study already.
    """
    with database.transaction() as connection:
        if launcher is not None and claimed_by(connection, trial_id) != launcher:
            return False
        if not end_running_trial(connection, trial_id, COMPLETE, values, attributes):
            return False
        configuration_id = _configuration_id(connection, study_id, configuration)
        connection.execute(
            insert(restarts), [_row(configuration_id, trial_id, restart) for restart in trained]
        )
    return True


def discard_restarts(connection: Connection, trial_id: int) -> None:
    """Discard what an older version may have recorded of a trial that never was told complete."""
    connection.execute(delete(restarts).filter_by(trial_id=trial_id))


def _configuration_id(connection: Connection, study_id: int, key: Configuration) -> int:
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
