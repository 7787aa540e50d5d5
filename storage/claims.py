"""Claims: which launcher trains which trial. The contract:

- A trial is claimed within `Database.transaction` after `lock_study`: whoever holds that lock sees
  every claim of others, so launchers of one study share its trials and none takes one twice.
- A claim lasts while its launcher is alive (`storage.liveness` tells). A trial that was interrupted
  is told failed and its configuration and seeds are claimed again, in one transaction; that a
  trial is repeated at most once is a unique key of the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.optuna_tables import (
    COMPLETE,
    FAIL,
    RUNNING,
    Parameter,
    end_running_trial,
    insert_running_trial,
    studies,
    trial_params,
    trial_user_attributes,
    trial_values,
    trials,
)
from storage.tables import claims, problems


@dataclass(frozen=True)
class TrialRow:
    """A trial as it stands: `parameters` are empty if it was not asked to its end.

    `restarts`, `race` and `repeats` are those of its claim, None if it has none; `is_given_up` says
    that it failed and is not to be run again.
    """

    trial_id: int
    number: int
    state: str
    parameters: dict[str, Parameter]
    values: tuple[float, ...]
    restarts: int | None
    race: int | None
    repeats: int | None
    is_given_up: bool


@dataclass(frozen=True)
class Interrupted:
    """A trial that may have to be run again: running for a launcher, or failed with it.

    `launcher` and `restarts` are None if no launcher of ours claimed it.
    """

    trial_id: int
    number: int
    is_running: bool
    launcher: str | None
    restarts: int | None
    race: int | None


def _repeated() -> ColumnElement[bool]:
    """Whether a trial is run again by another."""
    again = claims.alias("again")
    return select(again.c.trial_id).where(again.c.repeats == trials.c.trial_id).exists()


_REASON = "failed_because"

# Built once: SQLAlchemy takes longer to build one of these than SQLite to answer it.
_OF_STUDY = trials.c.study_id == bindparam("study")
_WANTED = and_(
    _OF_STUDY,
    or_(
        trials.c.number >= bindparam("first"),
        trials.c.number.in_(bindparam("unfinished", expanding=True)),
    ),
)
_LOCK = (
    select(studies.c.study_id)
    .join(problems, problems.c.study_id == studies.c.study_id)
    .where(studies.c.study_id == bindparam("study"), problems.c.token == bindparam("token"))
    .with_for_update(of=studies)
)
_COUNT = (
    select(trials.c.state, claims.c.again, _repeated().label("repeated"), func.count())
    .outerjoin(claims, claims.c.trial_id == trials.c.trial_id)
    .where(_OF_STUDY, claims.c.race.is_(None))
    .group_by(trials.c.state, claims.c.again, "repeated")
)
_OPEN = (
    select(
        trials.c.trial_id,
        trials.c.number,
        trials.c.state,
        claims.c.launcher,
        claims.c.restarts,
        claims.c.race,
    )
    .outerjoin(claims, claims.c.trial_id == trials.c.trial_id)
    .where(
        _OF_STUDY,
        or_(
            trials.c.state == RUNNING,
            and_(trials.c.state == FAIL, claims.c.again.is_(True), ~_repeated()),
        ),
    )
    .order_by(trials.c.number)
)
_PARAMETERS = (
    select(trial_params)
    .join(trials, trials.c.trial_id == trial_params.c.trial_id)
    .where(_WANTED)
    .order_by(trial_params.c.param_id)
)
_VALUES = (
    select(trial_values)
    .join(trials, trials.c.trial_id == trial_values.c.trial_id)
    .where(_WANTED)
    .order_by(trial_values.c.objective)
)
_TRIALS = (
    select(
        trials.c.trial_id,
        trials.c.number,
        trials.c.state,
        claims.c.restarts,
        claims.c.race,
        claims.c.repeats,
        claims.c.again,
    )
    .outerjoin(claims, claims.c.trial_id == trials.c.trial_id)
    .where(_WANTED)
    .order_by(trials.c.number)
)


def lock_study(connection: Connection, study_id: int, token: str) -> bool:
    """Keep other launchers from claiming until this transaction ends; False if the study is gone.

    It is gone too where another, of another `token`, was given its id. On SQLite a transaction that
    writes holds the lock of the whole database already.
    """
    return connection.execute(_LOCK, {"study": study_id, "token": token}).scalar() is not None


def count_taken(connection: Connection, study_id: int) -> tuple[int, int]:
    """Trials of the search that are settled (complete or given up), and that are still due.

    Due are those that run and those that were interrupted and not yet repeated.
    """
    settled = due = 0
    for state, again, repeated, count in connection.execute(_COUNT, {"study": study_id}):
        if state == COMPLETE or (state == FAIL and again is not None and not again):
            settled += count
        elif not repeated and (state == RUNNING or (state == FAIL and again)):
            due += count
    return settled, due


def interrupted_or_running(connection: Connection, study_id: int) -> list[Interrupted]:
    """Trials that run, and trials that failed and are still to be run again, oldest first."""
    return [
        Interrupted(
            row.trial_id,
            row.number,
            row.state == RUNNING,
            row.launcher,
            row.restarts,
            row.race,
        )
        for row in connection.execute(_OPEN, {"study": study_id})
    ]


def trial_rows(
    connection: Connection, study_id: int, first: int, unfinished: Iterable[int] = ()
) -> list[TrialRow]:
    """The trials from the number `first` on and those of the numbers `unfinished`, in order."""
    wanted = {"study": study_id, "first": first, "unfinished": list(unfinished)}
    parameters: dict[int, dict[str, Parameter]] = {}
    for row in connection.execute(_PARAMETERS, wanted):
        parameters.setdefault(row.trial_id, {})[row.param_name] = Parameter(
            row.param_value, row.distribution_json
        )
    values: dict[int, list[float]] = {}
    for row in connection.execute(_VALUES, wanted):
        values.setdefault(row.trial_id, []).append(_value(row.value, row.value_type))
    return [
        TrialRow(
            row.trial_id,
            row.number,
            row.state,
            parameters.get(row.trial_id, {}),
            tuple(values.get(row.trial_id, ())),
            row.restarts,
            row.race,
            row.repeats,
            row.state == FAIL and row.again is not None and not row.again,
        )
        for row in connection.execute(_TRIALS, wanted)
    ]


def claim_trial(
    connection: Connection,
    study_id: int,
    launcher: str,
    parameters: Mapping[str, Parameter],
    restarts: int,
    *,
    repeats: int | None = None,
    race: int | None = None,
) -> tuple[int, int]:
    """Make a running trial that `launcher` trains; returns its id and number."""
    trial_id, number = insert_running_trial(connection, study_id, parameters)
    connection.execute(
        insert(claims).values(
            trial_id=trial_id,
            launcher=launcher,
            restarts=restarts,
            repeats=repeats,
            again=True,
            race=race,
        )
    )
    return trial_id, number


def fail_trial(
    connection: Connection,
    trial_id: int,
    reason: str,
    *,
    again: bool,
    launcher: str | None = None,
) -> bool:
    """Tell a running trial failed, to be run `again` or given up.

    False, and nothing is written, if it runs no more or, with a `launcher`, is not claimed by it.
    The reason is kept as a user attribute, where the dashboard shows it.
    """
    if launcher is not None and claimed_by(connection, trial_id) != launcher:
        return False
    if not end_running_trial(connection, trial_id, FAIL, attributes={_REASON: reason}):
        return False
    connection.execute(update(claims).filter_by(trial_id=trial_id).values(again=again))
    return True


def failure_of(connection: Connection, trial_id: int) -> str | None:
    """Why a trial failed; None if it did not, or not by a launcher."""
    found = connection.execute(
        select(trial_user_attributes.c.value_json).filter_by(trial_id=trial_id, key=_REASON)
    ).scalar()
    return None if found is None else str(json.loads(found))


def claimed_by(connection: Connection, trial_id: int) -> str | None:
    """The launcher that claimed a trial; None if there is no claim of it."""
    statement = select(claims.c.launcher).filter_by(trial_id=trial_id)
    launcher: str | None = connection.execute(statement).scalar()
    return launcher


def _value(value: float | None, kind: str) -> float:
    if kind == "FINITE" and value is not None:
        return value
    return float("inf") if kind == "INF_POS" else float("-inf")
