"""Engines that stand in tests for the worker processes of this machine."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import pytest

from search.problem.problem import Task
from search.problem.rows import Restart
from search.running.engine import Ended, Engine
from search.running.machine import kind_of_machine
from tests.command_tests import pretended


class InProcess(Engine):
    """Trains in this process, task by task: a worker process would import TensorFlow first."""

    def __init__(self, count: int, programs: Path | None = None) -> None:  # noqa: ARG002
        self._tasks: deque[tuple[int, Task]] = deque()

    @property
    def wants_more(self) -> bool:
        return not self._tasks

    def submit(self, tag: int, task: Task) -> None:
        self._tasks.append((tag, task))

    def next_ended(self, timeout: float | None = None) -> list[Ended]:  # noqa: ARG002
        began = time.monotonic()
        tag, task = self._tasks.popleft()
        restarts = self._train(task)
        return [Ended(tag, restarts, None, time.monotonic() - began, kind_of_machine())]

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def _train(self, task: Task) -> tuple[Restart, ...]:
        from search.running.trial import train_trial  # TensorFlow

        return train_trial(task)


class Pretending(InProcess):
    """Trains nothing, and gives the restarts that pretending workers give."""

    def _train(self, task: Task) -> tuple[Restart, ...]:
        return pretended.train(task)


class Refused(InProcess):
    """Of a command that is to be refused before any worker starts."""

    def start(self) -> None:
        pytest.fail("a command that was to be refused trains")
