"""What a store in an SQL database reads. One statement for each question where one will do."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select

from search.problem.configuration import Configuration
from search.problem.rows import Member, Outcome, RecordedRestart, TrialSummary
from storage.errors import RecordError
from storage.levels import unpack
from storage.schema import (
    UNPUBLISHED,
    configurations,
    levels,
    machines,
    races,
    restarts,
    studies,
    trials,
)
from storage.sql_counting import COMPLETE, OF_STUDY, OWN_TRIAL, SqlCounting, damaged
from storage.sql_rows import (
    dimensions_of,
    member_of,
    recorded_of,
    study_of,
    summary_of,
    trial_of,
)
from storage.values import PublishedTrial, StoredRace, StoredStudy, Trial, TrialState

BLOCK = 10_000
"""Rows that are read at a time of what can be very many."""
_SEEDS_IN_A_QUERY = 500  # SQLite takes 999 parameters and more

# Built once: SQLAlchemy takes longer to build one of these than SQLite to answer it.
_TRIALS = (
    select(trials, configurations.c.dimensions)
    .join(configurations, configurations.c.configuration_id == trials.c.configuration_id)
    .order_by(trials.c.number)
)
# Two statements, for SQLite reads all trials where one or the other condition may hold.
_FROM = _TRIALS.where(OF_STUDY, trials.c.number >= bindparam("first"))
_ENDED = _TRIALS.where(
    OF_STUDY,
    trials.c.number.in_(bindparam("numbers", expanding=True)),
    trials.c.state.in_([state for state in TrialState if state.is_final]),
)
# In no order: SQLite would read all trials by number to have one.
_UNFINISHED = _TRIALS.order_by(None).where(
    OF_STUDY,
    trials.c.state.in_([state for state in TrialState if not state.is_final]),
)
# Ordered by what no index is of, for the same reason.
_ABANDONED = (
    _TRIALS.order_by(None)
    .where(
        OF_STUDY,
        trials.c.state.in_([state for state in TrialState if not state.is_final]),
        trials.c.race_id.is_not_distinct_from(bindparam("race")),
        or_(
            trials.c.state != TrialState.RUNNING,
            trials.c.launcher.not_in(bindparam("alive", expanding=True)),
        ),
        trials.c.trial_id.not_in(bindparam("held", expanding=True)),
    )
    .order_by(trials.c.number + 0)
    .limit(1)
    .with_for_update(skip_locked=True, of=trials)
)
_LAUNCHERS = (
    select(trials.c.launcher, func.count().label("found"))
    .where(OF_STUDY, trials.c.state == TrialState.RUNNING)
    .group_by(trials.c.launcher)
)
_COUNT = (
    select(trials.c.state, func.count().label("found"))
    .where(OF_STUDY, trials.c.race_id.is_(None))
    .group_by(trials.c.state)
)
_COUNT_ALL = (
    select(trials.c.study_id, trials.c.state, func.count().label("found"))
    .where(or_(trials.c.race_id.is_(None), trials.c.state == TrialState.RUNNING))
    .group_by(trials.c.study_id, trials.c.state)
)
_LEVELS = select(levels.c.levels).where(levels.c.trial_id == bindparam("trial"))
_MACHINES = (
    select(trials.c.number, machines.c.kind)
    .join(machines, machines.c.trial_id == trials.c.trial_id)
    .where(OF_STUDY)
)
_UNPUBLISHED = and_(OF_STUDY, UNPUBLISHED)
_TO_PUBLISH = _TRIALS.where(_UNPUBLISHED).limit(bindparam("limit"))


class SqlReading(SqlCounting):
    """The reading half of `SqlStore`; `SqlCounting` holds what only counts."""

    def studies(self) -> list[StoredStudy]:
        return [study_of(row) for row in self._all(select(studies).order_by(studies.c.study_id))]

    def find_study(self, name: str) -> StoredStudy | None:
        found = self._all(select(studies).filter_by(name=name))
        return study_of(found[0]) if found else None

    def trials(self, study_id: int, first: int = 0, ended: Collection[int] = ()) -> list[Trial]:
        with self.transaction():
            before = [number for number in ended if number < first]
            found = list(self._all(_ENDED, study=study_id, numbers=before)) if before else []
            found += self._all(_FROM, study=study_id, first=first)
        return [trial_of(row) for row in found]

    def unfinished_trials(self, study_id: int) -> list[Trial]:
        found = (trial_of(row) for row in self._all(_UNFINISHED, study=study_id))
        return sorted(found, key=lambda trial: trial.number)

    def launchers(self, study_id: int) -> Counter[str]:
        found = self._all(_LAUNCHERS, study=study_id)
        return Counter({row.launcher: row.found for row in found})

    def abandoned_trial(
        self, study_id: int, race: int | None, alive: Collection[str], held: Collection[int]
    ) -> Trial | None:
        which = {"race": race, "alive": sorted(alive), "held": sorted(held)}
        found = self._all(_ABANDONED, study=study_id, **which)
        return trial_of(found[0]) if found else None

    def count_trials(self, study_id: int) -> Counter[TrialState]:
        found = self._all(_COUNT, study=study_id)
        return Counter({TrialState(row.state): row.found for row in found})

    def trial_counts(self) -> dict[int, Counter[TrialState]]:
        found: defaultdict[int, Counter[TrialState]] = defaultdict(Counter)
        for row in self._all(_COUNT_ALL):
            found[row.study_id][TrialState(row.state)] = row.found
        return dict(found)

    def races(self, study_id: int) -> list[StoredRace]:
        statement = select(races).filter_by(study_id=study_id).order_by(races.c.race_id)
        return [
            StoredRace(
                row.race_id, json.loads(row.rules), tuple(json.loads(row.entrants)), row.first_seed
            )
            for row in self._all(statement)
        ]

    def race_trials(self, race_id: int) -> list[Trial]:
        return [trial_of(row) for row in self._all(_TRIALS.where(trials.c.race_id == race_id))]

    def summaries(self, study_id: int) -> Iterator[tuple[Trial, TrialSummary]]:
        for row in self._stream(_TRIALS.where(OF_STUDY, COMPLETE), study=study_id):
            summary = summary_of(row)
            assert summary is not None, "the trial is complete"
            yield trial_of(row), summary

    def machines(self, study_id: int) -> dict[int, str]:
        with self._database.transaction():
            if not self._database.has_table(machines.name):  # not launched since it came
                return {}
            return {row.number: row.kind for row in self._all(_MACHINES, study=study_id)}

    def restarts(self, study_id: int) -> Iterator[RecordedRestart]:
        statement = _recorded().order_by(trials.c.number, restarts.c.seed)
        database, values = self._database, {"study": study_id}
        with (
            database.stream() as connection,
            database.rows(connection, statement, values, BLOCK) as rows,
        ):
            for trial_id, of_trial in groupby(rows, lambda row: row.trial_id):
                yield from _with_levels(connection, trial_id, of_trial)

    def restart(self, study_id: int, trial: int, seed: int) -> RecordedRestart:
        with self.transaction():
            of_trial = _recorded().where(trials.c.number == trial)
            found = self._all(of_trial.where(restarts.c.seed == seed), study=study_id)
            known = self.trials(study_id, trial, ())[:1]
            if found:
                with self._database.transaction() as connection:
                    return next(_with_levels(connection, found[0].trial_id, found))
        if known and known[0].number == trial and known[0].state is TrialState.COMPLETE:
            seeds = known[0].seeds
            raise RecordError(f"trial {trial} holds seeds {seeds[0]} to {seeds[-1]}, not {seed}")
        raise RecordError(f"trial {trial} has no recorded restarts: is it complete?")

    def outcomes(self, trial: Trial) -> list[Outcome]:
        statement = (
            select(restarts.c.outcome)
            .join(trials, OWN_TRIAL)
            .where(trials.c.trial_id == trial.trial_id)
            .order_by(restarts.c.seed)
        )
        return [Outcome(row.outcome) for row in self._all(statement)]

    def members(self, study_id: int, configuration: Configuration) -> Iterator[tuple[Member, ...]]:
        with self._database.stream() as connection:
            statement = _members(configuration)
            with self._database.rows(connection, statement, {"study": study_id}, BLOCK) as result:
                for rows in result.partitions():
                    yield tuple(map(member_of, rows))

    def members_by_seed(
        self, study_id: int, configuration: Configuration, seeds: Collection[int]
    ) -> dict[int, Member]:
        wanted, found = sorted(seeds), {}
        with self.transaction():
            for first in range(0, len(wanted), _SEEDS_IN_A_QUERY):
                some = restarts.c.seed.in_(wanted[first : first + _SEEDS_IN_A_QUERY])
                rows = self._all(_members(configuration).where(some), study=study_id)
                found.update({row.seed: member_of(row) for row in rows})
        return found

    def stray_restarts(self, study_id: int) -> int:
        of_study = configurations.c.configuration_id == restarts.c.configuration_id
        owned = select(trials.c.trial_id).where(OWN_TRIAL, COMPLETE).exists()
        statement = (
            select(func.count())
            .select_from(restarts)
            .join(configurations, of_study)
            .where(configurations.c.study_id == bindparam("study"), ~owned)
        )
        return int(self._all(statement, study=study_id)[0][0])

    def integrity_errors(self) -> list[str]:
        if self._database.dialect.name != "sqlite":
            return []
        with self._database.transaction() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
        return [str(line) for line in found if line != "ok"]

    def to_publish(self, study_id: int, limit: int) -> list[PublishedTrial]:
        return [
            PublishedTrial(
                trial_of(row),
                summary_of(row),
                row.published_number,
                None if row.published_state is None else TrialState(row.published_state),
            )
            for row in self._all(_TO_PUBLISH, study=study_id, limit=limit)
        ]

    def count_unpublished(self, study_id: int) -> int:
        statement = select(func.count()).select_from(trials).where(_UNPUBLISHED)
        return int(self._all(statement, study=study_id)[0][0])

    def last_published(self, study_id: int) -> int | None:
        statement = select(func.max(trials.c.published_number)).where(OF_STUDY)
        last: int | None = self._all(statement, study=study_id)[0][0]
        return last

    def _stream(self, statement: Select[Any], **values: object) -> Iterator[Row[Any]]:
        """The rows as they are asked for, so that memory holds a block of them."""
        database = self._database
        with (
            database.stream() as connection,
            database.rows(connection, statement, values, BLOCK) as rows,
        ):
            yield from rows


def _with_levels(
    connection: Connection, trial_id: int, rows: Iterable[Row[Any]]
) -> Iterator[RecordedRestart]:
    """The restarts of rows of one trial."""
    blob, kept = connection.execute(_LEVELS, {"trial": trial_id}).scalar(), None
    for row in rows:
        try:
            kept = kept or unpack(blob)
            recorded = recorded_of(row, kept)
        except ValueError as error:
            raise damaged(row.number, error) from None
        yield recorded


def _recorded() -> Select[Any]:
    return (
        select(
            restarts,
            *(trials.c.trial_id, trials.c.number, trials.c.first_seed),
            configurations.c.dimensions,
        )
        .select_from(trials)
        .join(configurations, configurations.c.configuration_id == trials.c.configuration_id)
        .join(restarts, OWN_TRIAL)
        .where(OF_STUDY, COMPLETE)
    )


def _members(configuration: Configuration) -> Select[Any]:
    names = ("seed", "outcome", "loss", "loss_kind", "weights")
    return (
        select(*(restarts.c[name] for name in names), trials.c.number)
        .select_from(configurations)
        .join(trials, trials.c.configuration_id == configurations.c.configuration_id)
        .join(restarts, OWN_TRIAL)
        .where(
            configurations.c.study_id == bindparam("study"),
            configurations.c.dimensions == dimensions_of(configuration),
            COMPLETE,
        )
        .order_by(trials.c.first_seed, restarts.c.seed)
    )
