"""Ctrl-C and SIGTERM: once to stop in good order, twice to stop at once."""

from __future__ import annotations

import os
import signal
import threading
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
    """Within its context Ctrl-C raises `Interrupted`, once what must not be left half done is done.

    That stands in `undisturbed`. In a thread other than the main one no signal comes: nothing is
    caught there.

    Args:
        ends_process: For a command: SIGTERM is answered as Ctrl-C is, and a second signal ends the
            process at once. A notebook's kernel must survive that.
    """

    def __init__(self, *, ends_process: bool = False) -> None:
        self._ends_process = ends_process
        self._caught: int | None = None
        self._depth = 0

    @contextmanager
    def caught(self) -> Iterator[Interrupts]:
        """Answer the signals until the context ends."""
        if threading.current_thread() is not threading.main_thread():
            yield self
        elif self._ends_process:
            with self._second_ends(), self._answered(_SIGNALS):
                yield self
        else:
            with self._answered((signal.SIGINT,)):
                yield self

    @contextmanager
    def _answered(self, numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
        handlers = {number: signal.signal(number, self._answer) for number in numbers}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    @contextmanager
    def _second_ends(self) -> Iterator[None]:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        watcher = threading.Thread(target=_end_at_the_second, args=(reader,), daemon=True)
        watcher.start()
        wakeup = signal.set_wakeup_fd(writer)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            os.close(writer)
            watcher.join()

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
        is_first = self._caught is None
        self._caught = number
        # Where a second one ends the process, the thread that watches for it does so.
        if self._depth == 0 and (is_first or not self._ends_process):
            raise Interrupted(number)


def _end_at_the_second(reader: int) -> None:
    """End the process at the second signal, until the pipe that tells of them is closed.

    A thread, for Python's own handlers wait while the main thread is in a database's hands. What
    is left behind is what a kill leaves; the next launch knows how to go on.
    """
    seen = 0
    with open(reader, "rb", buffering=0) as pipe:
        while told := pipe.read(1):
            if told[0] in _SIGNALS:
                seen += 1
                if seen > 1:
                    os._exit(128 + told[0])
