"""What the run loop asks of whatever hands out trials: one study's, a race's, or the queue's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

from search.problem.configuration import Configuration
from search.problem.problem import Task
from search.problem.rows import Restart, TrialSummary
from storage.values import Trial


@dataclass(frozen=True)
class Claim:
    """A trial that this launcher has to train.

    is_second_launch: whether no worker could train it in a launch before.
    """

    trial: Trial
    task: Task
    is_second_launch: bool = False

    @property
    def number(self) -> int:
        """The number of the trial in its study."""
        return self.trial.number

    @property
    def configuration(self) -> Configuration:
        """The configuration of the trial."""
        return self.trial.configuration


@dataclass(frozen=True)
class Progress:
    """How far a source is: trials that are complete or given up, and whether nothing is left."""

    settled: int
    is_over: bool


class Claims(ABC):
    """Hands out trials to one launcher, and keeps what becomes of them."""

    @abstractmethod
    def progress(self) -> Progress:
        """How far the trials are, whoever trained them."""

    @abstractmethod
    def claim(self) -> Claim | None:
        """The next trial to train; None if there is none, or none that others do not train.

        Raises LaunchError if the study was deleted.
        """

    @abstractmethod
    def finish(
        self, claim: Claim, restarts: tuple[Restart, ...], machine: str | None = None
    ) -> TrialSummary | None:
        """Record a trial with its restarts; None if its study was deleted or another took it.

        machine: the kind of machine that trained it.
        """

    @abstractmethod
    def give_back(self, claim: Claim, reason: str) -> None:
        """Leave a trial to the next launcher that looks."""

    @abstractmethod
    def fail(self, claim: Claim, reason: str) -> None:
        """Leave a trial that no worker could train to the next launch."""

    @abstractmethod
    def give_up(self, claim: Claim, reason: str) -> None:
        """Give a trial up for good."""

    def recalled(self, claims: Collection[Claim]) -> dict[int, bool]:  # noqa: ARG002 - for those that can be
        """The trials that somebody wants trained no more.

        Args:
            claims: Those under way, or that wait in a worker for another to end.

        Returns:
            Their ids, and of each whether it is to be stopped though it is in training.
        """
        return {}
