"""Running trials: claim -> engine -> record, until nothing is left to be trained."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TypeVar

from search.problem.errors import LaunchError
from search.running.claims import Claim, Claims
from search.running.engine import Ended, Engine
from search.running.events import ConnectionLost, TrialDone, TrialTroubled, Waiting, WorkersReady
from search.running.interrupts import Interrupts
from storage.errors import ConnectionLostError, RecordError

DEATHS_ALLOWED = 3
"""Worker deaths after which a trial is given up."""

_UNTRAINABLE_ALLOWED = 3
"""Trials that may kill their workers before any was trained; then the launch ends."""

_SECONDS_BETWEEN_LOOKS = 0.5

RunEvent = TrialDone | TrialTroubled | Waiting | ConnectionLost | WorkersReady
T = TypeVar("T")


def run_trials(source: Claims, engine: Engine, interrupts: Interrupts) -> Generator[RunEvent]:
    """Train the trials of a source until they are settled; yields what happens as it happens.

    Trials are claimed as workers become free and recorded in the order in which they end. Where
    other launchers train the last trials it waits for them, and takes over those of a launcher
    that dies. Where the database's server cannot be reached it waits until it can. If it is
    interrupted or fails, the trials under way are given back.

    Raises:
        LaunchError: If no worker can train anything, or the study was deleted.
    """
    return _Run(source, engine, interrupts).events()


class _Run:
    def __init__(self, source: Claims, engine: Engine, interrupts: Interrupts) -> None:
        self._source = source
        self._engine = engine
        self._interrupts = interrupts
        self._claims: dict[int, Claim] = {}
        self._deaths: Counter[int] = Counter()
        self._untrainable: dict[int, str] = {}
        self._left: set[int] = set()
        self._has_trained = False
        self._is_ready = False

    def events(self) -> Generator[RunEvent]:
        try:
            while True:
                yield from self._claim_more()
                if len(self._claims) > len(self._untrainable):
                    yield from self._take_ended()
                    continue
                progress = yield from self._patiently(self._source.progress)
                if self._claims and progress.settled:
                    yield from self._give_up_untrainable()
                elif self._claims:
                    raise LaunchError(
                        f"no worker can train anything: {min(self._untrainable.values())}"
                    )
                elif progress.is_over:
                    return
                elif not self._engine.has_workers:
                    yield from self._take_ended()
                else:
                    yield Waiting(progress.settled)
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            # Where even that cannot be written, the next launch sees that this one is dead.
            with suppress(RecordError):
                for trial_id, claim in self._claims.items():
                    if trial_id in self._untrainable:
                        self._source.fail(claim, self._untrainable[trial_id])
                    else:
                        self._source.give_back(claim, "the launch was interrupted")

    def _patiently(self, step: Callable[[], T]) -> Generator[RunEvent, None, T]:
        """What a step comes to, taken again and whole as long as it loses the connection.

        A step that was taken twice has to come to the same as one that was taken once: what was
        written before the connection broke may be there.
        """
        has_told = False
        while True:
            try:
                with self._interrupts.undisturbed():
                    return step()
            except ConnectionLostError as error:
                reason = str(error)
            if not has_told:
                has_told = True
                yield ConnectionLost(reason)
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _claim_more(self) -> Generator[RunEvent]:
        while self._engine.wants_more:
            if not (yield from self._patiently(self._claim)):
                return

    def _claim(self) -> bool:
        """Claim a trial and have it trained; False if there is none."""
        claim = self._source.claim()
        if claim is None:
            return False
        trial_id = claim.trial.trial_id
        # One that others took while the connection was lost, and left, may still be in training.
        is_in_training = trial_id in self._claims
        self._claims[trial_id] = claim
        if not is_in_training:
            self._engine.submit(trial_id, claim.task)
        return True

    def _take_ended(self) -> Generator[RunEvent]:
        # It looks up at times though no task may end: somebody may want one stopped.
        all_ended = self._engine.next_ended(_SECONDS_BETWEEN_LOOKS)
        if not self._is_ready and self._engine.is_ready:
            self._is_ready = True
            yield WorkersReady()
        for ended in all_ended:
            if ended.tag not in self._claims:  # it was recalled, and trained all the same
                continue
            event = yield from self._patiently(
                partial(self._settle, self._claims[ended.tag], ended)
            )
            if event is not None:
                yield event
        if self._has_trained:
            yield from self._give_up_untrainable()
        yield from self._patiently(self._stop_recalled)

    def _stop_recalled(self) -> None:
        """Leave waiting the trials that somebody wants trained no more."""
        recalled = self._source.recalled(list(self._claims.values()))
        for trial_id, at_once in recalled.items():
            if at_once:
                self._engine.cancel(trial_id)
            elif not (
                trial_id in self._untrainable  # no worker has it
                or trial_id in self._left
                or self._engine.withdraw(trial_id)
            ):
                continue  # it is in training, which ends first
            self._left.add(trial_id)
            self._source.give_back(self._claims[trial_id], "its study was held")
            self._left.remove(trial_id)
            self._untrainable.pop(trial_id, None)
            del self._claims[trial_id]

    def _settle(self, claim: Claim, ended: Ended) -> RunEvent | None:
        if ended.failure is not None:
            return self._trouble(claim, ended.failure)
        self._has_trained = True
        summary = self._source.finish(claim, ended.restarts, ended.machine)
        settled = 0 if summary is None else self._source.progress().settled
        del self._claims[claim.trial.trial_id]
        if summary is None:
            return None  # taken over or deleted by another, whose word counts
        return TrialDone(claim.number, claim.configuration, summary, settled, ended.seconds)

    def _trouble(self, claim: Claim, reason: str) -> TrialTroubled | None:
        trial_id = claim.trial.trial_id
        self._deaths[trial_id] += 1
        if self._deaths[trial_id] < DEATHS_ALLOWED:
            self._engine.submit(trial_id, claim.task)
            return TrialTroubled(claim.number, claim.configuration, reason, given_up=False)
        if claim.is_second_launch:
            return self._give_up(trial_id, reason)
        self._untrainable[trial_id] = reason
        if not self._has_trained and len(self._untrainable) >= _UNTRAINABLE_ALLOWED:
            raise LaunchError(f"no worker can train anything: {reason}")
        return None

    def _give_up_untrainable(self) -> Generator[RunEvent]:
        """Give up the trials that workers died over: another has shown that it is not the workers.

        Until then they are kept, to be tried in another launch if no worker can train anything.
        """
        while self._untrainable:
            trial_id, reason = next(reversed(self._untrainable.items()))
            yield (yield from self._patiently(partial(self._give_up, trial_id, reason)))

    def _give_up(self, trial_id: int, reason: str) -> TrialTroubled:
        claim = self._claims[trial_id]
        self._source.give_up(claim, f"{reason}, {DEATHS_ALLOWED} times")
        del self._claims[trial_id]
        self._untrainable.pop(trial_id, None)
        return TrialTroubled(claim.number, claim.configuration, reason, given_up=True)
