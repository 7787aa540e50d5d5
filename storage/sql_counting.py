"""What a store in an SQL database counts: summaries added up, and restarts counted in place."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, func, select

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import ConfigurationCounts, EscapeEpochs, Outcome, StudySummary
from search.problem.success import ESCAPED, SOLVED, Success
from storage.contract import Store
from storage.database import Database
from storage.errors import RecordError
from storage.levels import TrialLevels, unpack
from storage.schema import configurations, levels, restarts, studies, trials
from storage.sql_rows import configuration_of, counts_of, summed
from storage.values import TrialState

COMPLETE = trials.c.state == TrialState.COMPLETE
OF_STUDY = trials.c.study_id == bindparam("study")
OWN_TRIAL = and_(
    restarts.c.configuration_id == trials.c.configuration_id,
    restarts.c.seed >= trials.c.first_seed,
    restarts.c.seed < trials.c.first_seed + trials.c.restarts,
)
_LOWEST_LOSS = select(func.min(trials.c.best_loss)).where(OF_STUDY, COMPLETE)
_RANKED = (
    select(
        *(trials.c[name] for name in ("configuration_id", "number")),
        *(trials.c[f"best_{name}"] for name in ("seed", "loss", "accuracy")),
        func.row_number()
        .over(
            partition_by=trials.c.configuration_id,
            order_by=(trials.c.best_loss, trials.c.best_seed),
        )
        .label("place"),
    )
    .where(OF_STUDY, COMPLETE, trials.c.best_loss.is_not(None))
    .subquery()
)
_BEST_TRIALS = select(_RANKED).where(_RANKED.c.place == 1)
"""The trial with the best restart of each configuration, of those that have one."""
_SUMMED = ("restarts", "escaped", "solved", "diverged", "epochs_spent")


class SqlCounting(Store):
    """The counting part of `SqlReading`."""

    def __init__(self, database: Database) -> None:
        self.url = database.url
        self._database = database

    def study_summaries(self) -> list[StudySummary]:
        statement = (
            select(
                studies.c.name,
                studies.c.problem,
                studies.c.search,
                func.count(trials.c.trial_id).label("trials"),
                func.coalesce(func.sum(trials.c.restarts), 0).label("restarts"),
                func.coalesce(func.sum(trials.c.escaped), 0).label("escaped"),
            )
            .outerjoin(trials, and_(trials.c.study_id == studies.c.study_id, COMPLETE))
            .group_by(studies.c.study_id, studies.c.name, studies.c.problem, studies.c.search)
            .order_by(studies.c.study_id)
        )
        found = [(row, json.loads(row.search)) for row in self._all(statement)]
        return [
            StudySummary(
                row.name,
                json.loads(row.problem),
                search.get("space", {}),
                row.trials,
                int(row.restarts),
                int(row.escaped),
                search.get("trials", 0),
                search.get("restarts", 0),
            )
            for row, search in found
        ]

    def configuration_counts(
        self, study_id: int, *, races: bool = True
    ) -> list[ConfigurationCounts]:
        counted = (
            select(
                trials.c.configuration_id,
                func.count().label("trials"),
                *(func.sum(trials.c[name]).label(name) for name in _SUMMED),
            )
            .where(OF_STUDY, _complete(races=races))
            .group_by(trials.c.configuration_id)
        )
        with self.transaction():
            keys = self._configurations(study_id)
            rows = self._all(counted, study=study_id)
            found = self._all(_BEST_TRIALS, study=study_id)
        best = {row.configuration_id: row for row in found}
        return [
            counts_of(keys[row.configuration_id], row, best.get(row.configuration_id))
            for row in rows
        ]

    def successes(
        self, study_id: int, success: Success, problem: Problem, *, races: bool = True
    ) -> dict[Configuration, int]:
        with self.transaction():
            counts = self.configuration_counts(study_id, races=races)
            if success in (ESCAPED, SOLVED):
                name = "solved" if success.kind == "solved" else "escaped"
                return {count.configuration: getattr(count, name) for count in counts}
            keys = self._configurations(study_id)
            if success.kind in ("loss", "best"):
                bound = self._bound(study_id, success)
                statement = _succeeded(races=races)
                rows = [] if bound is None else self._all(statement, study=study_id, bound=bound)
                found = Counter({keys[row.configuration_id]: row.found for row in rows})
            else:
                found = Counter()
                least = success.least_correct(problem)
                for key, kept in self._levels(study_id, races=races):
                    is_success = kept.is_not_wrong if least is None else kept.is_right(least)
                    found[keys[key]] += int(is_success.sum())
        return {count.configuration: found[count.configuration] for count in counts}

    def success_epochs(
        self, study_id: int, least_correct: int, *, races: bool = True
    ) -> list[EscapeEpochs]:
        totals: dict[int, NDArray[np.int64]] = defaultdict(lambda: np.zeros(2, np.int64))
        epochs: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
        with self.transaction():
            keys = self._configurations(study_id)
            for key, kept in self._levels(study_id, races=races):
                totals[key] += len(kept.diverged), kept.diverged.sum()
                epochs[key].append(kept.first_epochs(least_correct))
        found = []
        for key, (count, diverged) in totals.items():
            at, restarts_at = np.unique(np.concatenate(epochs[key]), return_counts=True)
            tally = tuple(zip(at.tolist(), restarts_at.tolist(), strict=True))
            found.append(EscapeEpochs(keys[key], int(count), int(diverged), tally))
        return found

    def _levels(self, study_id: int, *, races: bool) -> Iterator[tuple[int, TrialLevels]]:
        """The levels of the complete trials, each with the id of its configuration."""
        statement = (
            select(trials.c.configuration_id, trials.c.number, levels.c.levels)
            .outerjoin(levels, levels.c.trial_id == trials.c.trial_id)
            .where(OF_STUDY, _complete(races=races))
        )
        for row in self._all(statement, study=study_id):
            try:
                kept = unpack(row.levels)
            except ValueError as error:
                raise damaged(row.number, error) from None
            yield row.configuration_id, kept

    def _bound(self, study_id: int, success: Success) -> float | None:
        """What a restart's loss has to keep to; None if no restart can."""
        assert success.value is not None, "a criterion of the loss has a value"
        if success.kind == "loss":
            return success.value
        lowest: float | None = self._all(_LOWEST_LOSS, study=study_id)[0][0]
        return None if lowest is None else lowest + success.value

    def escape_epochs(self, study_id: int) -> list[EscapeEpochs]:
        statement = select(
            *(trials.c[name] for name in ("configuration_id", "restarts", "diverged", "tally"))
        ).where(OF_STUDY, COMPLETE)
        tallies: dict[int, list[str]] = defaultdict(list)
        totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        with self.transaction():
            keys = self._configurations(study_id)
            for row in self._all(statement, study=study_id):
                totals[row.configuration_id][0] += row.restarts
                totals[row.configuration_id][1] += row.diverged
                tallies[row.configuration_id].append(row.tally)
        return [
            EscapeEpochs(keys[each], count, diverged, summed(tallies[each]))
            for each, (count, diverged) in totals.items()
        ]

    def raced_restarts(self, study_id: int) -> int:
        statement = select(func.coalesce(func.sum(trials.c.restarts), 0)).where(
            OF_STUDY, COMPLETE, trials.c.race_id.is_not(None)
        )
        return int(self._all(statement, study=study_id)[0][0])

    def _all(self, statement: Select[Any], **values: object) -> Sequence[Row[Any]]:
        with self._database.transaction() as connection:
            return connection.execute(statement, values).all()

    def _configurations(self, study_id: int) -> dict[int, Configuration]:
        found = self._all(select(configurations).filter_by(study_id=study_id))
        return {row.configuration_id: configuration_of(row.dimensions) for row in found}


def damaged(trial: int, error: ValueError) -> RecordError:
    """That the levels of a trial are missing or damaged."""
    return RecordError(f"the levels of trial {trial} are damaged: {error}")


def _complete(*, races: bool) -> ColumnElement[bool]:
    return COMPLETE if races else and_(COMPLETE, trials.c.race_id.is_(None))


def _succeeded(*, races: bool) -> Select[Any]:
    """By configuration how many restarts keep to the bound of a criterion of the loss."""
    bound: BindParameter[float] = bindparam("bound")
    return (
        select(trials.c.configuration_id, func.count().label("found"))
        .join(restarts, OWN_TRIAL)
        .where(
            OF_STUDY,
            _complete(races=races),
            restarts.c.outcome != Outcome.DIVERGED,
            restarts.c.loss <= bound,
        )
        .group_by(trials.c.configuration_id)
    )
