"""Optuna's tables, as far as the record reads and writes them. They are never created here.

A trial is claimed in one transaction and ended in one transaction with its restarts, so that no
crash can leave half of either. Optuna's own calls take a transaction for each parameter, each
attribute and the state: they cannot be made whole, and cost eight times the time. What is written
is what Optuna 5 writes; a test reads it back through Optuna.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

COMPLETE, RUNNING, FAIL = "COMPLETE", "RUNNING", "FAIL"

_metadata = MetaData()

studies = Table(
    "studies",
    _metadata,
    Column("study_id", Integer, primary_key=True),
    Column("study_name", String(512)),
)

trials = Table(
    "trials",
    _metadata,
    Column("trial_id", Integer, primary_key=True),
    Column("number", Integer),
    Column("study_id", Integer, ForeignKey("studies.study_id")),
    Column("state", Enum("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING", name="trialstate")),
    Column("datetime_start", DateTime),
    Column("datetime_complete", DateTime),
)

trial_params = Table(
    "trial_params",
    _metadata,
    Column("param_id", Integer, primary_key=True),
    Column("trial_id", Integer, ForeignKey("trials.trial_id")),
    Column("param_name", String(512)),
    Column("param_value", Float),
    Column("distribution_json", Text),
)

trial_values = Table(
    "trial_values",
    _metadata,
    Column("trial_value_id", Integer, primary_key=True),
    Column("trial_id", Integer, ForeignKey("trials.trial_id")),
    Column("objective", Integer),
    Column("value", Float),
    Column("value_type", Enum("FINITE", "INF_POS", "INF_NEG", name="trialvaluetype")),
)

trial_user_attributes = Table(
    "trial_user_attributes",
    _metadata,
    Column("trial_user_attribute_id", Integer, primary_key=True),
    Column("trial_id", Integer, ForeignKey("trials.trial_id")),
    Column("key", String(512)),
    Column("value_json", Text),
)


_OF_TRIALS = ("trial_heartbeats", "trial_intermediate_values", "trial_system_attributes")
OF_TRIALS = (
    *(trial_params, trial_values, trial_user_attributes),
    *(Table(name, _metadata, Column("trial_id", Integer)) for name in _OF_TRIALS),
)
"""Optuna's tables whose rows belong to a trial."""

_OF_STUDIES = ("study_directions", "study_system_attributes", "study_user_attributes")
OF_STUDIES = tuple(Table(name, _metadata, Column("study_id", Integer)) for name in _OF_STUDIES)
"""Optuna's tables whose rows belong to a study; its trials do too."""


@dataclass(frozen=True)
class Parameter:
    """A parameter as Optuna stores it: its internal number, and its distribution as JSON."""

    value: float
    distribution: str


def insert_running_trial(
    connection: Connection, study_id: int, parameters: Mapping[str, Parameter]
) -> tuple[int, int]:
    """Make a running trial with its parameters; returns its id and its number in the study.

    The caller holds the study's lock, or two trials could take one number.
    """
    count = select(func.count()).select_from(trials).where(trials.c.study_id == study_id)
    number = int(connection.execute(count).scalar_one())
    made = connection.execute(
        insert(trials).values(
            number=number, study_id=study_id, state=RUNNING, datetime_start=_now()
        )
    )
    trial_id = int(made.inserted_primary_key[0])  # type: ignore[index]
    connection.execute(
        insert(trial_params),
        [
            {
                "trial_id": trial_id,
                "param_name": name,
                "param_value": parameter.value,
                "distribution_json": parameter.distribution,
            }
            for name, parameter in parameters.items()
        ],
    )
    return trial_id, number


def end_running_trial(
    connection: Connection,
    trial_id: int,
    state: str,
    values: Sequence[float] = (),
    attributes: Mapping[str, Any] | None = None,
) -> bool:
    """End a running trial with its values (none may be a NaN) and user attributes.

    False, and nothing is written, if there is no such trial or it is not running any more: it
    was ended or deleted by somebody else.
    """
    ended = connection.execute(
        update(trials)
        .where(trials.c.trial_id == trial_id, trials.c.state == RUNNING)
        .values(state=state, datetime_complete=_now())
    )
    if ended.rowcount != 1:
        return False
    if values:
        connection.execute(
            insert(trial_values),
            [
                {"trial_id": trial_id, "objective": objective, **_stored_value(value)}
                for objective, value in enumerate(values)
            ],
        )
    if attributes:
        connection.execute(
            insert(trial_user_attributes),
            [
                {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
                for key, value in attributes.items()
            ],
        )
    return True


def _stored_value(value: float) -> dict[str, Any]:
    if value == float("inf"):
        return {"value": None, "value_type": "INF_POS"}
    if value == float("-inf"):
        return {"value": None, "value_type": "INF_NEG"}
    return {"value": value, "value_type": "FINITE"}


def _now() -> datetime:
    """The time as Optuna stores it: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)
