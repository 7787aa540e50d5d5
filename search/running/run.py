"""Running trials: claim -> engine -> record, until nothing is left to be trained."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import suppress

from search.problem.errors import LaunchError
from search.running.engine import Ended, Engine
from search.running.events import TrialDone, TrialTroubled, Waiting, WorkersReady
from search.running.interrupts import Interrupts
from search.running.source import Claim, TrialSource
from storage.errors import RecordError

DEATHS_ALLOWED = 3
"""Worker deaths after which a trial is given up."""

_UNTRAINABLE_ALLOWED = 3
"""Trials that may kill their workers before any was trained; then the launch ends."""

_SECONDS_BETWEEN_LOOKS = 0.5

RunEvent = TrialDone | TrialTroubled | Waiting | WorkersReady


def run_trials(source: TrialSource, engine: Engine, interrupts: Interrupts) -> Generator[RunEvent]:
    """Train the trials of a source until they are settled; yields what happens as it happens.

    Trials are claimed as workers become free and recorded in the order in which they end. Where
    other launchers train the last trials it waits for them, and takes over those of a launcher
    that dies. If it is interrupted or fails, the trials under way are given back.

    Raises:
        LaunchError: If no worker can train anything, or the study was deleted.
    """
    return _Run(source, engine, interrupts).events()


class _Run:
    def __init__(self, source: TrialSource, engine: Engine, interrupts: Interrupts) -> None:
        self._source = source
        self._engine = engine
        self._interrupts = interrupts
        self._claims: dict[int, Claim] = {}
        self._deaths: Counter[int] = Counter()
        self._untrainable: dict[int, str] = {}
        self._has_trained = False
        self._is_ready = False

    def events(self) -> Generator[RunEvent]:
        try:
            while True:
                self._claim_more()
                if len(self._claims) > len(self._untrainable):
                    yield from self._take_ended()
                    continue
                progress = self._source.progress()
                if self._claims and progress.settled:
                    yield from self._give_up_untrainable()
                elif self._claims:
                    raise LaunchError(
                        f"no worker can train anything: {min(self._untrainable.values())}"
                    )
                elif progress.is_over:
                    return
                else:
                    yield Waiting(progress.settled)
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            for trial_id, claim in self._claims.items():
                # Where even that cannot be written, the next launch sees that this one is dead.
                with suppress(RecordError):
                    if trial_id in self._untrainable:
                        self._source.fail(claim, self._untrainable[trial_id])
                    else:
                        self._source.give_back(claim, "the launch was interrupted")

    def _claim_more(self) -> None:
        while self._engine.wants_more:
            with self._interrupts.undisturbed():
                claim = self._source.claim()
                if claim is None:
                    return
                trial_id = claim.trial.trial_id
                self._claims[trial_id] = claim
                self._engine.submit(trial_id, claim.task)

    def _take_ended(self) -> Generator[RunEvent]:
        timeout = None if self._is_ready else _SECONDS_BETWEEN_LOOKS
        all_ended = self._engine.next_ended(timeout)
        if not self._is_ready and self._engine.is_ready:
            self._is_ready = True
            yield WorkersReady()
        for ended in all_ended:
            with self._interrupts.undisturbed():
                event = self._settle(self._claims[ended.tag], ended)
            if event is not None:
                yield event
        if self._has_trained:
            yield from self._give_up_untrainable()

    def _settle(self, claim: Claim, ended: Ended) -> RunEvent | None:
        if ended.failure is not None:
            return self._trouble(claim, ended.failure)
        self._has_trained = True
        del self._claims[claim.trial.trial_id]
        summary = self._source.finish(claim, ended.restarts)
        if summary is None:
            return None  # taken over or deleted by another, whose word counts
        settled = self._source.progress().settled
        return TrialDone(claim.number, claim.configuration, summary, settled, ended.seconds)

    def _trouble(self, claim: Claim, reason: str) -> TrialTroubled | None:
        trial_id = claim.trial.trial_id
        self._deaths[trial_id] += 1
        if self._deaths[trial_id] < DEATHS_ALLOWED:
            self._engine.submit(trial_id, claim.task)
            return TrialTroubled(claim.number, claim.configuration, reason, given_up=False)
        if claim.is_second_launch:
            return self._give_up(claim, reason)
        self._untrainable[trial_id] = reason
        if not self._has_trained and len(self._untrainable) >= _UNTRAINABLE_ALLOWED:
            raise LaunchError(f"no worker can train anything: {reason}")
        return None

    def _give_up_untrainable(self) -> Generator[RunEvent]:
        """Give up the trials that workers died over: another has shown that it is not the workers.

        Until then they are kept, to be tried in another launch if no worker can train anything.
        """
        while self._untrainable:
            with self._interrupts.undisturbed():
                trial_id, reason = self._untrainable.popitem()
                event = self._give_up(self._claims[trial_id], reason)
            yield event

    def _give_up(self, claim: Claim, reason: str) -> TrialTroubled:
        del self._claims[claim.trial.trial_id]
        self._source.give_up(claim, f"{reason}, {DEATHS_ALLOWED} times")
        return TrialTroubled(claim.number, claim.configuration, reason, given_up=True)
