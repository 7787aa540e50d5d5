"""The ledger: the trials of a study as one launcher claims, finishes and gives them back.

The record is the truth. Beside it the ledger keeps an Optuna study in memory that follows the
record's trials, and asks that one for the next configuration: the sampler sees what it would see
of Optuna's own storage, and nothing is written but the claim, whole, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection

from search.configuration import Configuration
from search.errors import UserError
from search.figures import objective_values, trial_attributes
from search.problem import Task
from search.sampling import RESTARTS, SEED, configuration_of, distributions
from search.study import OpenStudy
from storage.claims import (
    Interrupted,
    TrialRow,
    claim_trial,
    count_taken,
    fail_trial,
    interrupted_or_running,
    lock_study,
    trial_rows,
)
from storage.optuna_tables import Parameter
from storage.presence import Presence
from storage.record import complete_trial, discard_restarts
from storage.rows import Restart


@dataclass(frozen=True)
class Claim:
    """A trial that this launcher has to train."""

    trial_id: int
    number: int
    task: Task

    @property
    def configuration(self) -> Configuration:
        """The configuration of the trial."""
        return self.task.configuration


class Ledger:
    """Claims trials of a study for the launcher whose `presence` it is given."""

    def __init__(self, study: OpenStudy, presence: Presence) -> None:
        self._study = study
        self._presence = presence
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._mirror = optuna.create_study(
            directions=study.plan.directions, sampler=study.plan.make_sampler()
        )
        self._followed = 0
        self._unfinished: set[int] = set()
        self._settled, self._due = self._count()

    @property
    def settled(self) -> int:
        """Trials of the study that are complete or given up, as last seen."""
        return self._settled

    @property
    def is_settled(self) -> bool:
        """Whether the study has the size that was asked for."""
        self._settled, self._due = self._count()
        return self._settled >= self._study.plan.trials

    def claim(self) -> Claim | None:
        """The next trial to train; None if all that are wanted are settled or others train them.

        Interrupted trials are run again before new ones are asked for. Raises UserError if the
        study was deleted.
        """
        study_id, plan = self._study.study_id, self._study.plan
        with self._study.database.transaction() as connection:
            if not lock_study(connection, study_id):
                raise UserError(f"study {plan.name!r} was deleted while it was being run")
            for trial in interrupted_or_running(connection, study_id):
                if trial.race is None and not self._is_trained(trial):
                    claim = self._take_over(connection, trial)
                    if claim is not None:
                        return claim
            self._settled, self._due = count_taken(connection, study_id)
            if self._settled + self._due >= plan.trials:
                return None
            return self._ask(connection)

    def finish(self, claim: Claim, restarts: tuple[Restart, ...]) -> bool:
        """Record a trial with its restarts; False if somebody ended or deleted it meanwhile."""
        finished = complete_trial(
            self._study.database,
            self._study.study_id,
            claim.trial_id,
            claim.configuration,
            restarts,
            objective_values(self._study.plan.objective, restarts, self._study.plan.problem.epochs),
            trial_attributes(restarts),
        )
        self._settled += finished
        return finished

    def give_back(self, claim: Claim, reason: str) -> None:
        """Tell a trial failed; the next launcher that looks runs it again."""
        with self._study.database.transaction() as connection:
            fail_trial(connection, claim.trial_id, reason, again=True)

    def give_up(self, claim: Claim, reason: str) -> None:
        """Tell a trial failed for good."""
        with self._study.database.transaction() as connection:
            self._settled += fail_trial(connection, claim.trial_id, reason, again=False)

    def _count(self) -> tuple[int, int]:
        with self._study.database.transaction() as connection:
            return count_taken(connection, self._study.study_id)

    def _is_trained(self, trial: Interrupted) -> bool:
        return (
            trial.is_running
            and trial.launcher is not None
            and self._presence.is_alive(trial.launcher)
        )

    def _take_over(self, connection: Connection, trial: Interrupted) -> Claim | None:
        """Claim an interrupted trial's configuration and seeds again; None if it has none."""
        study_id, plan = self._study.study_id, self._study.plan
        if trial.is_running:
            fail_trial(connection, trial.trial_id, "its launcher was killed", again=True)
        (row,) = trial_rows(connection, study_id, trial.number, ())[:1]
        if SEED not in row.parameters:
            return None
        discard_restarts(connection, trial.trial_id)
        restarts = plan.restarts if trial.restarts is None else trial.restarts
        trial_id, number = claim_trial(
            connection,
            study_id,
            self._presence.launcher,
            row.parameters,
            restarts,
            repeats=trial.trial_id,
        )
        parameters = frozen_trial(row).params
        task = Task(plan.problem, configuration_of(parameters), parameters[SEED], restarts)
        return Claim(trial_id, number, task)

    def _ask(self, connection: Connection) -> Claim:
        plan = self._study.plan
        self._follow(connection)
        space = distributions(plan.space)
        trial = self._mirror.ask(space)
        trial.set_user_attr(RESTARTS, plan.restarts)
        parameters = {
            name: Parameter(distribution.to_internal_repr(trial.params[name]), _json(distribution))
            for name, distribution in space.items()
        }
        trial_id, number = claim_trial(
            connection, self._study.study_id, self._presence.launcher, parameters, plan.restarts
        )
        self._followed += 1
        self._unfinished.add(number)
        task = Task(plan.problem, configuration_of(trial.params), trial.params[SEED], plan.restarts)
        return Claim(trial_id, number, task)

    def _follow(self, connection: Connection) -> None:
        """Bring the mirror level with the record."""
        rows = trial_rows(connection, self._study.study_id, self._followed, self._unfinished)
        for row in rows:
            if row.number >= self._followed:
                self._mirror.add_trial(frozen_trial(row))
                self._followed = row.number + 1
                if row.state == "RUNNING":
                    self._unfinished.add(row.number)
            elif row.state != "RUNNING":
                state = _state(row)
                values = list(row.values) if state is TrialState.COMPLETE else None
                self._mirror.tell(row.number, values, state)
                self._unfinished.remove(row.number)


def frozen_trial(row: TrialRow) -> FrozenTrial:
    """A trial of the record as Optuna knows it."""
    spaces = {name: _distribution(each.distribution) for name, each in row.parameters.items()}
    state = _state(row)
    return create_trial(
        state=state,
        values=list(row.values) if state is TrialState.COMPLETE else None,
        params={name: spaces[name].to_external_repr(row.parameters[name].value) for name in spaces},
        distributions=spaces,
        user_attrs={} if row.restarts is None else {RESTARTS: row.restarts},
    )


def _state(row: TrialRow) -> TrialState:
    """Complete or running; all else (waiting, pruned) is none of ours, and nothing to learn of."""
    if row.state == "COMPLETE" and row.values:
        return TrialState.COMPLETE
    return TrialState.RUNNING if row.state == "RUNNING" else TrialState.FAIL


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


@lru_cache(maxsize=1024)
def _json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)
