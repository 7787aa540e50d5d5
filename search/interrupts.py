"""Ctrl-C and SIGTERM: once to stop in good order, twice to stop at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The person or the system asked the process to stop by the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells report it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


class Interrupts:
    """Within its context the first signal raises `Interrupted` and the second ends the process.

    Work that must not be left half done stands in `undisturbed`, which lets the first one wait.
    """

    def __init__(self) -> None:
        self._caught: int | None = None
        self._depth = 0

    @contextmanager
    def caught(self) -> Iterator[Interrupts]:
        """Answer the signals until the context ends."""
        previous = {number: signal.signal(number, self._answer) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Raise what is caught in here at its end."""
        self._depth += 1
        before = self._caught
        try:
            yield
        finally:
            self._depth -= 1
        if self._caught is not None and before is None and self._depth == 0:
            raise Interrupted(self._caught)

    def _answer(self, number: int, _frame: FrameType | None) -> None:
        if self._caught is not None:
            # What is left behind is what a kill leaves; the next launch knows how to go on.
            os._exit(128 + number)
        self._caught = number
        if self._depth == 0:
            raise Interrupted(number)
