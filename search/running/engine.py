"""The protocol of what trains tasks: processes of this machine, or a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from search.problem.problem import Task
from search.problem.rows import Restart

SHORT_SECONDS = 2.0
"""A task that takes less is followed by one that waits in the worker already, so that no worker
idles while its last trial is recorded. Longer ones are not: at the end of a study one worker
would train what waits while the others idle."""


@dataclass(frozen=True)
class Ended:
    """What became of a task: its restarts, or why its worker died or raised instead.

    seconds: how long a worker was at it, its own start included if it was the first. machine: the
    kind of machine that trained it.
    """

    tag: int
    restarts: tuple[Restart, ...]
    failure: str | None = None
    seconds: float = 0.0
    machine: str | None = None


class Engine(ABC):
    """Trains tasks and computes nothing else: it claims nothing and records nothing.

    Used as a context manager, it is started and stopped. A worker that dies is replaced; its task
    has ended with a failure, and the others' tasks have not.
    """

    @property
    @abstractmethod
    def wants_more(self) -> bool:
        """Whether a worker would be given a task that is submitted now."""

    @property
    def has_workers(self) -> bool:
        """Whether there is a worker at all; `next_ended` waits for one."""
        return True

    @property
    def is_ready(self) -> bool:
        """Whether all workers have started; the first tasks wait for that."""
        return True

    @abstractmethod
    def submit(self, tag: int, task: Task) -> None:
        """Have a task trained; `tag` names it when it has ended."""

    def withdraw(self, tag: int) -> bool:  # noqa: ARG002 - for engines that can
        """Take back a task unless it is in training; whether it was. Nothing ends of it then."""
        return False

    def cancel(self, tag: int) -> None:  # noqa: B027 - an engine that cannot just trains on
        """Stop training a task, if the engine can; what ends of it nevertheless is ignored."""

    @abstractmethod
    def next_ended(self, timeout: float | None = None) -> list[Ended]:
        """Wait until a task ends, and return those that did; none if the time was out before."""

    @abstractmethod
    def start(self) -> None:
        """Start the workers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the workers at once, whatever they train."""

    def __enter__(self) -> Engine:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
