"""What takes a core for seconds is done one at a time, and few may wait for theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

_MOST_WAITING = 8


class Turns:
    """One after the other.

    Whoever waits holds one of the few threads that answer requests: where all of them waited,
    nobody would be answered.

    Args:
        what: What is done, in a word.
        seconds: How long one may wait.
        most_waiting: How many may wait; others are told at once to come again.
    """

    def __init__(self, what: str, seconds: float, most_waiting: int = _MOST_WAITING) -> None:
        self._what = what
        self._seconds = seconds
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(most_waiting + 1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and hold it.

        Raises:
            HTTPException: 503, with `Retry-After`, if others hold it for too long, or too many
                wait.
        """
        if not self._places.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._lock.acquire(timeout=self._seconds):
                raise self._busy()
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._places.release()

    def _busy(self) -> HTTPException:
        said = f"one {self._what} is made at a time, and others wait for theirs: ask again later"
        return HTTPException(503, said, headers={"Retry-After": "30"})
