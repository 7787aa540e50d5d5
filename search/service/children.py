"""Work that imports TensorFlow, in a process of its own that gives back all it took at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.exceptions import HTTPException

from search.problem.errors import LaunchError, UserError


class Children:
    """The processes of a service, which it ends when it is ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._is_over = False

    def answer_of(self, module: str, asked: Mapping[str, Any], seconds: float) -> str:
        """What a module answers on stdout, run as a process that reads JSON from stdin.

        Args:
            module: A module with `reply` as its entry.
            asked: What it is asked.
            seconds: How long it may take; then it is killed.

        Raises:
            UserError: If what was asked for cannot be had, as it says.
            HTTPException: 503 if it took too long, or the service ends.
            LaunchError: If it failed.
        """
        with self._one(module) as child:
            try:
                told = json.dumps({"parent": os.getpid(), **asked})
                answer, errors = child.communicate(told, seconds)
            except subprocess.TimeoutExpired:
                raise _busy(f"it took more than {seconds:.0f} s, and was given up") from None
        if self._is_over:
            raise _busy("the service ends")
        if child.returncode == 2:
            raise UserError(answer.strip())
        if child.returncode:
            said = "".join(errors.strip().splitlines()[-1:])
            raise LaunchError(f"{module} ended with {child.returncode}: {said[-500:]}")
        return answer

    def end(self) -> None:
        """Kill those that run, so that nobody waits for them, and begin no more."""
        with self._lock:
            self._is_over = True
            for child in self._running:
                child.kill()

    @contextmanager
    def _one(self, module: str) -> Iterator[subprocess.Popen[str]]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", module]
        with self._lock:
            if self._is_over:
                raise _busy("the service ends")
            child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            self._running.add(child)
        try:
            with child:
                try:
                    yield child
                finally:
                    child.kill()  # where it runs still
        finally:
            with self._lock:
                self._running.discard(child)


def reply(make: Callable[[dict[str, Any]], str]) -> int:
    """The entry of such a module: answer what stands on stdin; 2, and why, if that cannot be had.

    Args:
        make: Makes the answer of what was asked; raises UserError if it cannot.

    Returns:
        The exit code.
    """
    from search.running.worker_process import tie_to

    asked = json.load(sys.stdin)
    tie_to(asked.pop("parent"))  # it ends with the service, also where that is killed
    try:
        answer = make(asked)
    except UserError as error:
        sys.stdout.write(str(error))
        return 2
    sys.stdout.write(answer)
    return 0


def _busy(detail: str) -> HTTPException:
    return HTTPException(503, detail, headers={"Retry-After": "30"})
