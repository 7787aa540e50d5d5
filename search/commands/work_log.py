"""What `work` says, a line for each thing, on stderr."""

from __future__ import annotations

import time

import click

from search.commands.event_lines import (
    connection_lost,
    trial_line,
    waiting_for_workers,
    worker_joined,
    worker_refused,
)
from search.problem.names import visible
from search.problem.rows import TrialSummary
from search.running.claims import Claim
from search.running.events import (
    ConnectionLost,
    Event,
    PublishingStopped,
    TrialDone,
    TrialTroubled,
    WaitingForLock,
    WaitingForWorkers,
    WorkerJoined,
    WorkerRefused,
    WorkersReady,
)
from storage.values import StudyState


class WorkLog:
    """Lines with the time before each: a process that works for weeks is read by its log."""

    def __init__(self, *, says_trials: bool) -> None:
        self._says_trials = says_trials
        self._is_lost = False

    def say(self, line: str) -> None:
        """Say one thing."""
        click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {visible(line)}", err=True)

    def event(self, study: str, event: Event) -> None:
        """Say what happened, if it is worth a line."""
        named = f"{study}: " if study else ""
        match event:
            case WorkersReady():
                self.say("The workers are ready.")
            case TrialTroubled():
                then = "it is given up" if event.given_up else "it is trained again"
                self.say(f"{named}trial {event.number}: {event.reason}; {then}.")
            case WaitingForLock():
                self.say("Another program has locked the database: waiting for it.")
            case WaitingForWorkers():
                self.say(waiting_for_workers(event))
            case WorkerJoined():
                self.say(worker_joined(event))
            case WorkerRefused():
                self.say(worker_refused(event))
            case ConnectionLost() if not self._is_lost:
                self._is_lost = True
                self.say(connection_lost(event))
            case PublishingStopped():
                self.say(f"{named}Optuna's copy could not be updated: {event.reason}.")

    def trial(self, study: str, claim: Claim, summary: TrialSummary) -> None:
        """Say how a trial ended."""
        self._is_lost = False
        if self._says_trials:
            done = TrialDone(claim.number, claim.configuration, summary, 0)
            self.say(f"{study}: {trial_line(done, with_seconds=False)}")

    def state(self, study: str, state: StudyState | None) -> None:
        """Say what a study came to."""
        self.say(f"{study}: {'deleted' if state is None else state}.")
