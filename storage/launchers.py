"""What tells launchers apart, and the living from the dead."""

from __future__ import annotations

import os
import socket
import uuid
from abc import ABC, abstractmethod
from collections.abc import Collection

LOCK_TIMEOUT_SECONDS = 60
"""How long whoever wants a lock of a database waits for another that has it."""


class Liveness(ABC):
    """A launcher's sign of life, from `__enter__` until `__exit__` or the end of its process.

    It is dropped by the system or the server however the process ends: a dead launcher is known
    at once, and a live one, however slow, is never taken for dead.
    """

    launcher: str
    """A name that no other launcher has."""

    @abstractmethod
    def __enter__(self) -> Liveness: ...

    @abstractmethod
    def __exit__(self, *_error: object) -> None: ...

    @abstractmethod
    def is_alive(self, launcher: str) -> bool:
        """Whether a launcher, this or another, is alive."""

    def alive(self, launchers: Collection[str]) -> set[str]:
        """Those of some launchers that are alive."""
        return {launcher for launcher in launchers if self.is_alive(launcher)}


def new_launcher() -> str:
    """A name for a launcher of this process that no other launcher has."""
    return f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
