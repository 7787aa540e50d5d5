"""Running a study: claim -> workers -> record and tell, until the study has its size."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

from search.problem.configuration import Configuration
from search.problem.errors import LaunchError
from search.problem.rows import Restart
from search.running.interrupts import Interrupts
from search.running.ledger import HOPELESS, Claim, Ledger
from search.running.workers import Ended, Workers
from storage.errors import RecordError

DEATHS_ALLOWED = 3
"""Worker deaths after which a trial is given up."""

_FRUITLESS_ALLOWED = 3
"""Trials that may be given up before any was trained; then the launch ends."""

_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class TrialDone:
    """A trial that was trained, recorded and told."""

    number: int
    configuration: Configuration
    restarts: tuple[Restart, ...]


@dataclass(frozen=True)
class TrialTroubled:
    """A trial that a worker died over or could not train; it is run again, or `given_up`."""

    number: int
    configuration: Configuration
    reason: str
    given_up: bool


@dataclass(frozen=True)
class Waiting:
    """There is nothing left to claim: other launchers train the rest."""


Event = TrialDone | TrialTroubled | Waiting


def run_study(ledger: Ledger, workers: Workers, interrupts: Interrupts) -> Generator[Event]:
    """Go on with a study until its trials are settled; yields what happens as it happens.

    Trials are claimed as workers become free and recorded in the order in which they end. Where
    other launchers train the last trials it waits for them, and takes over those of a launcher
    that dies. If it is interrupted or fails, the trials under way are given back. Raises
    LaunchError if no worker can train anything.
    """
    return _Run(ledger, workers, interrupts).events()


class _Run:
    def __init__(self, ledger: Ledger, workers: Workers, interrupts: Interrupts) -> None:
        self._ledger = ledger
        self._workers = workers
        self._interrupts = interrupts
        self._claims: dict[int, Claim] = {}
        self._deaths: Counter[int] = Counter()
        self._hopeless: dict[int, str] = {}
        self._has_trained = False

    def events(self) -> Generator[Event]:
        try:
            while True:
                self._claim_more()
                if len(self._claims) > len(self._hopeless):
                    yield from self._take_ended()
                elif self._claims and self._ledger.settled:
                    yield from self._give_up_hopeless()
                elif self._claims:
                    raise LaunchError(
                        f"no worker can train anything: {min(self._hopeless.values())}"
                    )
                elif self._ledger.is_settled:
                    return
                else:
                    yield Waiting()
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            for trial_id, claim in self._claims.items():
                reason = HOPELESS if trial_id in self._hopeless else "the launch was interrupted"
                # Where even that cannot be written, the next launch sees that this one is dead.
                with suppress(RecordError):
                    self._ledger.give_back(claim, reason)

    def _claim_more(self) -> None:
        while self._workers.want_more:
            with self._interrupts.undisturbed():
                claim = self._ledger.claim()
                if claim is None:
                    return
                self._claims[claim.trial_id] = claim
                self._workers.submit(claim.trial_id, claim.task)

    def _take_ended(self) -> Generator[Event]:
        for ended in self._workers.next_ended():
            with self._interrupts.undisturbed():
                event = self._settle(self._claims[ended.tag], ended)
            if event is not None:
                yield event
        if self._has_trained:
            yield from self._give_up_hopeless()

    def _settle(self, claim: Claim, ended: Ended) -> Event | None:
        if ended.failure is not None:
            return self._trouble(claim, ended.failure)
        self._has_trained = True
        del self._claims[claim.trial_id]
        if not self._ledger.finish(claim, ended.restarts):
            return None  # ended or deleted by somebody else, whose word counts
        return TrialDone(claim.number, claim.configuration, ended.restarts)

    def _trouble(self, claim: Claim, reason: str) -> TrialTroubled | None:
        self._deaths[claim.trial_id] += 1
        if self._deaths[claim.trial_id] < DEATHS_ALLOWED:
            self._workers.submit(claim.trial_id, claim.task)
            return TrialTroubled(claim.number, claim.configuration, reason, given_up=False)
        if claim.is_suspect:  # it was given a second launch
            return self._give_up(claim, reason)
        self._hopeless[claim.trial_id] = reason
        if not self._has_trained and len(self._hopeless) >= _FRUITLESS_ALLOWED:
            raise LaunchError(f"no worker can train anything: {reason}")
        return None

    def _give_up_hopeless(self) -> Generator[Event]:
        """Give up the trials that workers died over: another has shown that it is not the workers.

        Until then they are kept, to be given back if no worker can train anything.
        """
        while self._hopeless:
            with self._interrupts.undisturbed():
                trial_id, reason = self._hopeless.popitem()
                event = self._give_up(self._claims[trial_id], reason)
            yield event

    def _give_up(self, claim: Claim, reason: str) -> TrialTroubled:
        del self._claims[claim.trial_id]
        self._ledger.give_up(claim, f"{reason}, {DEATHS_ALLOWED} times")
        return TrialTroubled(claim.number, claim.configuration, reason, given_up=True)
