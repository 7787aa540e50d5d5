"""The ledger: how one launcher claims trials of a study, finishes them and gives them back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection

from search.problem.configuration import Configuration
from search.problem.problem import Task
from search.problem.rows import Restart
from search.running.sampling import NOT_ASKED, RESTARTS, SEED, configuration_of
from search.running.study import OpenStudy, deleted
from search.statistics.objectives import objective_values, trial_attributes
from storage.claims import (
    Interrupted,
    TrialRow,
    claim_trial,
    fail_trial,
    failure_of,
    interrupted_or_running,
    lock_study,
    trial_rows,
)
from storage.liveness import Presence
from storage.optuna_tables import Parameter
from storage.record import complete_trial, discard_restarts

HOPELESS = "no worker could train anything"
"""Why trials are given back that workers died over before any was trained."""


@dataclass(frozen=True)
class Claim:
    """A trial that this launcher has to train."""

    trial_id: int
    number: int
    task: Task
    is_suspect: bool = False
    """Whether a launch before ended over this trial, as no worker could train anything."""

    @property
    def configuration(self) -> Configuration:
        """The configuration of the trial."""
        return self.task.configuration


class Ledger(ABC):
    """Claims trials of a study for the launcher whose `presence` it is given.

    What is next to be trained is each kind of ledger's own: a search asks its sampler, a race its
    rules. All run interrupted trials of their kind again before anything new.
    """

    def __init__(self, study: OpenStudy, presence: Presence, race: int | None = None) -> None:
        self._study = study
        self._presence = presence
        self._race = race
        self._settled = 0

    @property
    def settled(self) -> int:
        """Trials of this kind that are complete or given up, as last seen."""
        return self._settled

    @property
    @abstractmethod
    def is_settled(self) -> bool:
        """Whether nothing is left to be trained, by this launcher or another."""

    @abstractmethod
    def _next(self, connection: Connection) -> Claim | None:
        """Claim a trial that is new; None if none is wanted now. The study is locked."""

    def claim(self) -> Claim | None:
        """The next trial to train; None if there is none, or none that others do not train.

        Raises LaunchError if the study was deleted.
        """
        with self._study.database.transaction() as connection:
            if not lock_study(connection, self._study.study_id, self._study.token):
                raise deleted(self._study.plan.name)
            for trial in interrupted_or_running(connection, self._study.study_id):
                if trial.race == self._race and not self._is_trained(trial):
                    claim = self._take_over(connection, trial)
                    if claim is not None:
                        return claim
            return self._next(connection)

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
            self._presence.launcher,
        )
        self._settled += finished
        return finished

    def give_back(self, claim: Claim, reason: str) -> None:
        """Tell a trial failed; the next launcher that looks runs it again."""
        with self._study.database.transaction() as connection:
            launcher = self._presence.launcher
            fail_trial(connection, claim.trial_id, reason, again=True, launcher=launcher)

    def give_up(self, claim: Claim, reason: str) -> None:
        """Tell a trial failed for good."""
        with self._study.database.transaction() as connection:
            launcher = self._presence.launcher
            self._settled += fail_trial(
                connection, claim.trial_id, reason, again=False, launcher=launcher
            )

    def _claim(
        self,
        connection: Connection,
        parameters: Mapping[str, Parameter],
        task: Task,
        repeats: int | None = None,
        *,
        is_suspect: bool = False,
    ) -> Claim:
        trial_id, number = claim_trial(
            connection,
            self._study.study_id,
            self._presence.launcher,
            parameters,
            task.restarts,
            repeats=repeats,
            race=self._race,
        )
        return Claim(trial_id, number, task, is_suspect)

    def _is_trained(self, trial: Interrupted) -> bool:
        return (
            trial.is_running
            and trial.launcher is not None
            and self._presence.is_alive(trial.launcher)
        )

    def _take_over(self, connection: Connection, trial: Interrupted) -> Claim | None:
        """Claim an interrupted trial's configuration and seeds again; None if it has none."""
        plan = self._study.plan
        if trial.is_running:
            fail_trial(connection, trial.trial_id, "its launcher was killed", again=True)
        row = trial_rows(connection, self._study.study_id, trial.number)[0]
        if SEED not in row.parameters:
            return None
        discard_restarts(connection, trial.trial_id)
        is_suspect = failure_of(connection, trial.trial_id) == HOPELESS
        restarts = plan.restarts if trial.restarts is None else trial.restarts
        parameters = frozen_trial(row).params
        task = Task(plan.problem, configuration_of(parameters), parameters[SEED], restarts)
        return self._claim(connection, row.parameters, task, trial.trial_id, is_suspect=is_suspect)


def stored_parameters(
    values: Mapping[str, object], space: Mapping[str, BaseDistribution]
) -> dict[str, Parameter]:
    """A trial's parameters as Optuna stores them, in the order of the space."""
    return {
        name: Parameter(distribution.to_internal_repr(values[name]), _json(distribution))
        for name, distribution in space.items()
    }


def frozen_trial(row: TrialRow) -> FrozenTrial:
    """A trial of the record as Optuna knows it, in the state that `trial_state` gives."""
    spaces = {name: _distribution(each.distribution) for name, each in row.parameters.items()}
    state = trial_state(row)
    return create_trial(
        state=state,
        values=list(row.values) if state is TrialState.COMPLETE else None,
        params={name: spaces[name].to_external_repr(row.parameters[name].value) for name in spaces},
        distributions=spaces,
        user_attrs={
            NOT_ASKED: row.repeats is not None or row.race is not None,
            **({} if row.restarts is None else {RESTARTS: row.restarts}),
        },
    )


def trial_state(row: TrialRow) -> TrialState:
    """A trial's state as a sampler is told it.

    One that was given up is pruned to it: it came to no value, but its configuration was tried, and
    one that always kills its worker must not be asked for ever. All that is none of ours has
    failed, and there is nothing to learn of it.
    """
    if row.state == "COMPLETE" and row.values:
        return TrialState.COMPLETE
    if row.is_given_up:
        return TrialState.PRUNED
    return TrialState.RUNNING if row.state == "RUNNING" else TrialState.FAIL


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


@lru_cache(maxsize=1024)
def _json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)
