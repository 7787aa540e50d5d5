"""Running a study: ask -> workers -> record -> tell, until the study has its size."""

from __future__ import annotations

import signal
import statistics
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from search.configuration import Configuration
from search.escape import EscapeRate
from search.problem import Task
from search.sampling import SEED, configuration_of, distributions
from search.study import OpenStudy
from search.workers import Workers, next_done
from storage.record import record_trial
from storage.rows import Outcome, Restart

_TRIALS_PER_WORKER = 2
"""One that trains and one that waits, so that no worker idles while its last trial is recorded."""


@dataclass(frozen=True)
class TrialDone:
    """A trial that was trained, recorded and told."""

    number: int
    configuration: Configuration
    restarts: tuple[Restart, ...]

    @property
    def escape_rate(self) -> EscapeRate:
        """Escaped of all restarts of the trial."""
        return EscapeRate(
            sum(restart.outcome.has_escaped for restart in self.restarts), len(self.restarts)
        )


def complete_trials(study: optuna.Study) -> int:
    """How many trials of a study are complete."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def run_study(study: OpenStudy, workers: Workers) -> Iterator[TrialDone]:
    """Go on with a study until its trials are complete; yields each as it is told.

    Trials are asked for as workers become free, in the order of their numbers, and told in the
    order in which they end. If it is interrupted or fails, the trials that are under way are told
    failed, so that no later launch takes them for running.
    """
    missing = study.plan.trials - complete_trials(study.optuna_study)
    running: dict[Future[tuple[Restart, ...]], optuna.Trial] = {}
    asked = 0
    try:
        while asked < missing or running:
            while asked < missing and len(running) < workers.count * _TRIALS_PER_WORKER:
                with _undisturbed():
                    trial, task = _ask(study)
                    running[workers.submit(task)] = trial
                asked += 1
            for future in next_done(set(running)):
                restarts = future.result()
                with _undisturbed():
                    done = _tell(study, running.pop(future), restarts)
                yield done
    finally:
        for trial in running.values():
            _drop(study, trial)


def _ask(study: OpenStudy) -> tuple[optuna.Trial, Task]:
    plan = study.plan
    trial = study.optuna_study.ask(distributions(plan.space))
    configuration = configuration_of(trial.params)
    return trial, Task(plan.problem, configuration, trial.params[SEED], plan.restarts)


def _tell(study: OpenStudy, trial: optuna.Trial, restarts: tuple[Restart, ...]) -> TrialDone:
    """Record first, tell second: what is told complete is always there to be read."""
    done = TrialDone(trial.number, configuration_of(trial.params), restarts)
    record_trial(
        study.database,
        study.study_id,
        trial._trial_id,
        done.configuration,
        restarts,
        trial_attributes(done),
    )
    study.optuna_study.tell(trial, done.escape_rate.rate)
    return done


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait: a trial half asked or half told would stay running for ever."""
    caught: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if caught:
        raise KeyboardInterrupt


def _drop(study: OpenStudy, trial: optuna.Trial) -> None:
    """Tell a trial failed that will not be trained to its end."""
    trial.set_user_attr("failed_because", "the launch was interrupted")
    study.optuna_study.tell(trial, state=TrialState.FAIL)


def trial_attributes(done: TrialDone) -> dict[str, int | float | None]:
    """What a trial shows in Optuna beside its value."""
    rate = done.escape_rate
    low, high = rate.interval
    escape_epochs = [
        restart.escape_epoch for restart in done.restarts if restart.escape_epoch is not None
    ]
    outcomes = [restart.outcome for restart in done.restarts]
    return {
        "restarts": rate.restarts,
        "escaped": rate.escaped,
        "solved": outcomes.count(Outcome.SOLVED),
        "diverged": outcomes.count(Outcome.DIVERGED),
        "ci_low": low,
        "ci_high": high,
        "median_escape_epoch": statistics.median(escape_epochs) if escape_epochs else None,
    }
