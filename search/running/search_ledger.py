"""The ledger of a search: Optuna's sampler picks what is next, until the study has its size.

The record is the truth. Beside it this ledger keeps an Optuna study in memory that follows the
record's trials, and asks that one for the next configuration: the sampler sees what it would see
of Optuna's own storage, and nothing is written but the claim, whole, in one transaction.
"""

from __future__ import annotations

from dataclasses import replace

import optuna
from optuna.trial import TrialState
from sqlalchemy import Connection

from search.problem.problem import Task
from search.running.ledger import Claim, Ledger, frozen_trial, stored_parameters, trial_state
from search.running.races import reserved_seeds
from search.running.sampling import RESTARTS, SEED, StudySampler, configuration_of, distributions
from search.running.study import OpenStudy
from storage.claims import TrialRow, count_taken, trial_rows
from storage.liveness import Presence


class SearchLedger(Ledger):
    """Claims trials until as many are complete or given up as the plan asks for."""

    def __init__(self, study: OpenStudy, presence: Presence) -> None:
        super().__init__(study, presence)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        plan = study.plan
        self._sampler = StudySampler(plan.sampler, plan.space, plan.restarts, plan.sampler_seed)
        self._mirror = optuna.create_study(directions=study.plan.directions, sampler=self._sampler)
        self._followed = 0
        self._unfinished: set[int] = set()

    @property
    def is_settled(self) -> bool:
        """Whether the study has the size that was asked for."""
        with self._study.database.transaction() as connection:
            self._settled, _ = count_taken(connection, self._study.study_id)
        return self._settled >= self._study.plan.trials

    def _next(self, connection: Connection) -> Claim | None:
        plan = self._study.plan
        self._settled, due = count_taken(connection, self._study.study_id)
        if self._settled + due >= plan.trials:
            return None
        self._follow(connection)
        self._sampler.reserved = reserved_seeds(connection, self._study.study_id)
        space = distributions(plan.space)
        trial = self._mirror.ask(space)
        trial.set_user_attr(RESTARTS, plan.restarts)
        self._followed += 1
        self._unfinished.add(trial.number)
        task = Task(plan.problem, configuration_of(trial.params), trial.params[SEED], plan.restarts)
        return self._claim(connection, stored_parameters(trial.params, space), task)

    def _follow(self, connection: Connection) -> None:
        """Bring the mirror level with the record."""
        rows = trial_rows(connection, self._study.study_id, self._followed, self._unfinished)
        for row in map(_as_the_sampler_sees_it, rows):
            if row.number >= self._followed:
                self._mirror.add_trial(frozen_trial(row))
                self._followed = row.number + 1
                if row.state == "RUNNING":
                    self._unfinished.add(row.number)
            elif row.state != "RUNNING":
                state = trial_state(row)
                values = list(row.values) if state is TrialState.COMPLETE else None
                self._mirror.tell(row.number, values, state)
                self._unfinished.remove(row.number)


def _as_the_sampler_sees_it(row: TrialRow) -> TrialRow:
    """Trials of a race only as seeds that are taken: they were not picked by the sampler."""
    return row if row.race is None else replace(row, state="FAIL", is_given_up=False)
