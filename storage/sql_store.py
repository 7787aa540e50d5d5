"""The store in an SQL database: SQLite, or PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from search.problem.configuration import Configuration
from search.problem.rows import Restart, StudyRecord, TrialSummary
from storage.database import Database
from storage.errors import RecordError
from storage.launchers import Liveness, new_launcher
from storage.levels import pack
from storage.liveness import liveness_in, lock
from storage.nonfinite import encode
from storage.postgresql import NO_STATEMENT_TIMEOUT, copy_rows
from storage.schema import configurations, levels, machines, races, restarts, studies, trials
from storage.server_locks import ServerLiveness, ServerLocks
from storage.sql_desk import SqlDesk
from storage.sql_reading import SqlReading
from storage.sql_rows import dimensions_of
from storage.url import shown
from storage.values import StoredRace, StoredStudy, Trial, TrialState

_SECONDS_BETWEEN_CHECKPOINTS = 5.0

_OPEN = [state for state in TrialState if not state.is_final]
_LOCK = select(studies.c.study_id).where(studies.c.study_id == bindparam("study")).with_for_update()
# On a server the configuration is locked before the trial, as whoever deletes the study does.
_KEY = (
    select(configurations.c.configuration_id)
    .join(trials, trials.c.configuration_id == configurations.c.configuration_id)
    .where(trials.c.trial_id == bindparam("trial"))
    .with_for_update(read=True, key_share=True, of=configurations)
)
_INSERT_RESTARTS = (
    f"INSERT INTO {restarts.name} ({', '.join(restarts.columns.keys())})"
    f" VALUES ({', '.join('?' * len(restarts.columns))})"
)
_END = update(trials).where(
    trials.c.trial_id == bindparam("trial"),
    trials.c.state == TrialState.RUNNING,
    trials.c.attempt == bindparam("of_attempt"),
    trials.c.launcher == bindparam("by"),
)


class SqlStore(SqlDesk, SqlReading):
    """A store in an SQL database; `SqlReading` holds what it reads, `SqlDesk` the orders."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._checkpointed = time.monotonic()
        self._is_on_server = database.dialect.name != "sqlite"
        self._locks = ServerLocks(database) if self._is_on_server else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._database.transaction():
            yield

    def close(self) -> None:
        self._database.close()

    def liveness(self) -> Liveness:
        if self._locks is not None:
            return ServerLiveness(self._locks, new_launcher())
        return liveness_in(self.url)

    def lock(self, name: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        if self._locks is not None:
            return self._locks.hold(name, wait=wait)
        return lock(self.url, name, wait=wait)

    def add_study(self, name: str, record: StudyRecord) -> StoredStudy:
        values = {
            "name": name,
            "problem": json.dumps(record.problem),
            "search": json.dumps(record.search),
            "data": record.data,
        }
        with self._database.transaction() as connection:
            if self.find_study(name) is not None:
                raise RecordError(f"{shown(self.url)} has a study {name!r} already")
            made = connection.execute(insert(studies).values(values)).inserted_primary_key
            study_id = int(made[0])  # type: ignore[index]
            self._enqueue(study_id)
        return StoredStudy(study_id, name, record)

    def set_search(self, study_id: int, search: Mapping[str, Any]) -> None:
        with self._database.transaction() as connection:
            changed = update(studies).filter_by(study_id=study_id)
            connection.execute(changed.values(search=json.dumps(search)))
            self._touch(study_id)

    def delete_study(self, study_id: int) -> None:
        with self._database.transaction() as connection:
            if self._is_on_server:  # there is no saying how long that takes
                connection.execute(NO_STATEMENT_TIMEOUT)
            connection.execute(delete(studies).filter_by(study_id=study_id))

    def lock_study(self, study_id: int) -> bool:
        return bool(self._all(_LOCK, study=study_id))

    def add_trial(
        self,
        study_id: int,
        configuration: Configuration,
        seeds: range,
        launcher: str | None = None,
        race: int | None = None,
    ) -> Trial:
        is_running = launcher is not None
        with self._database.transaction() as connection:
            last = select(func.max(trials.c.number)).where(trials.c.study_id == study_id)
            number: int | None = connection.execute(last).scalar()
            trial = Trial(
                trial_id=0,
                number=0 if number is None else number + 1,
                configuration=configuration,
                first_seed=seeds.start,
                restarts=len(seeds),
                state=TrialState.RUNNING if is_running else TrialState.WAITING,
                race=race,
                launcher=launcher,
                attempt=int(is_running),
                began=time.time() if is_running else None,
            )
            made = connection.execute(
                insert(trials).values(
                    study_id=study_id,
                    number=trial.number,
                    configuration_id=self._configuration_id(study_id, configuration),
                    first_seed=trial.first_seed,
                    restarts=trial.restarts,
                    race_id=race,
                    state=trial.state,
                    launcher=launcher,
                    attempt=trial.attempt,
                    began=trial.began,
                )
            ).inserted_primary_key
        return replace(trial, trial_id=int(made[0]))  # type: ignore[index]

    def take_trial(self, trial: Trial, launcher: str) -> Trial:
        taken = replace(
            trial,
            state=TrialState.RUNNING,
            launcher=launcher,
            attempt=trial.attempt + 1,
            began=time.time(),
            ended=None,
        )
        with self._database.transaction() as connection:
            changed = connection.execute(
                update(trials)
                .where(trials.c.trial_id == trial.trial_id, trials.c.state.in_(_OPEN))
                .values(
                    state=taken.state,
                    launcher=launcher,
                    attempt=taken.attempt,
                    began=taken.began,
                    ended=None,
                )
            )
            if changed.rowcount != 1:
                raise RecordError(f"trial {trial.number} is settled or was deleted")
        return taken

    def complete_trial(
        self,
        trial: Trial,
        rows: Sequence[Restart],
        values: Sequence[float],
        summary: TrialSummary,
        machine: str | None = None,
    ) -> bool:
        best = summary.best
        with self._database.transaction() as connection:
            configuration_id = connection.execute(_KEY, {"trial": trial.trial_id}).scalar()
            if configuration_id is None:
                return False
            changed = self._end(
                trial,
                state=TrialState.COMPLETE,
                reason=None,
                escaped=summary.escaped,
                solved=summary.solved,
                diverged=summary.diverged,
                epochs_spent=summary.epochs_spent,
                best_seed=best and best.seed,
                best_loss=best and best.loss,
                best_accuracy=best and best.accuracy,
                objectives=json.dumps(list(values)),
                tally=json.dumps(summary.tally, separators=(",", ":")),
            )
            if not changed:
                return False
            found = [_row(configuration_id, restart) for restart in rows]
            if self._is_on_server:
                copy_rows(connection, restarts, found)
            else:  # by the driver's own executemany: SQLAlchemy's takes twice as long
                connection.exec_driver_sql(_INSERT_RESTARTS, found)
            connection.execute(insert(levels), {"trial_id": trial.trial_id, "levels": pack(rows)})
            if machine is not None:
                by = {"trial_id": trial.trial_id, "kind": machine}
                connection.execute(insert(machines), by)
        self._checkpoint()
        return True

    def end_attempt(self, trial: Trial, state: TrialState, reason: str) -> bool:
        return self._end(trial, state=state, reason=reason)

    def add_race(
        self,
        study_id: int,
        rules: Mapping[str, Any],
        entrants: Sequence[Mapping[str, Any]],
        first_seed: int,
    ) -> StoredRace:
        values = {
            "study_id": study_id,
            "rules": json.dumps(dict(rules)),
            "entrants": json.dumps([dict(entrant) for entrant in entrants]),
            "first_seed": first_seed,
        }
        with self._database.transaction() as connection:
            made = connection.execute(insert(races).values(values)).inserted_primary_key
        return StoredRace(int(made[0]), rules, tuple(entrants), first_seed)  # type: ignore[index]

    def mark_published(
        self, study_id: int, marks: Iterable[tuple[int, int | None, TrialState | None]]
    ) -> None:
        changed = (
            update(trials)
            .where(trials.c.study_id == study_id, trials.c.number == bindparam("of_number"))
            .values(published_number=bindparam("as_number"), published_state=bindparam("in_state"))
        )
        rows = [
            {"of_number": number, "as_number": published, "in_state": state}
            for number, published, state in marks
        ]
        if rows:
            with self._database.transaction() as connection:
                connection.execute(changed, rows)

    def _end(self, trial: Trial, **values: object) -> bool:
        """End a running attempt; False if it is not the trial's last any more."""
        which = {"trial": trial.trial_id, "of_attempt": trial.attempt, "by": trial.launcher}
        with self._database.transaction() as connection:
            ended = connection.execute(_END.values(ended=time.time(), **values), which)
        return bool(ended.rowcount == 1)

    def _configuration_id(self, study_id: int, configuration: Configuration) -> int:
        values = {"study_id": study_id, "dimensions": dimensions_of(configuration)}
        with self._database.transaction() as connection:
            found: int | None = connection.execute(
                select(configurations.c.configuration_id).filter_by(**values)
            ).scalar()
            if found is not None:
                return found
            made = connection.execute(insert(configurations).values(values))
        return int(made.inserted_primary_key[0])  # type: ignore[index]

    def _checkpoint(self) -> None:
        """Now and then bring SQLite's log into the file, so that the file alone holds the most."""
        now = time.monotonic()
        if now - self._checkpointed >= _SECONDS_BETWEEN_CHECKPOINTS:
            self._checkpointed = now
            self._database.checkpoint()


def _row(configuration_id: int, restart: Restart) -> tuple[object, ...]:
    """A restart as a row, in the order of the table's columns."""
    return (
        configuration_id,
        restart.seed,
        restart.outcome.value,
        restart.accuracy,
        *encode(restart.loss),
        *encode(restart.last_epoch_loss),
        restart.escape_epoch,
        restart.diverged_epoch,
        restart.weights,
        restart.undecided,
    )
