"""Running the service as a process: uvicorn, and one `work` beside it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from search.service.app import create_app
from search.service.logs import CONFIG

PARENT = "MULTIRESTART_SERVE_PID"
"""Environment variable of a `work` that ends with the service that started it."""
_YIELDS = 5
"""How nice it is to training on the same machine: many clients at once halve it otherwise."""
_SECONDS_TO_END = 3
_SECONDS_BEFORE_ANOTHER = 5.0
_SECONDS_FOR_WORKERS = 30
_log = logging.getLogger("multirestart.service")


def run(
    storage: str,
    host: str,
    port: int,
    certificate: Path | None,
    private_key: Path | None,
    *,
    is_loopback: bool,
) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way get some seconds to end.

    It yields to training on the same machine. What `beside` keeps running does not.

    Args:
        storage: URL of the database.
        host: Address to listen at.
        port: Its port.
        certificate: File of a certificate, for HTTPS.
        private_key: File of its key.
        is_loopback: Whether only this machine reaches it.
    """
    config = uvicorn.Config(
        create_app(storage, is_loopback=is_loopback),
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
        timeout_graceful_shutdown=_SECONDS_TO_END,
        server_header=False,
        log_config=CONFIG,
        access_log=False,
    )
    os.nice(_YIELDS)  # of this thread and those that it starts; on Linux not of others
    with _signals_left_to_uvicorn():
        uvicorn.Server(config).run()


@contextmanager
def _signals_left_to_uvicorn() -> Iterator[None]:
    """Let a process live on when uvicorn, which answered a signal, raises it again at its end."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, _ignore) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """It was answered."""


@contextmanager
def beside(storage: str, workers: int) -> Iterator[None]:
    """A `work` on the same database in a process of its own, replaced when it dies.

    Args:
        storage: URL of the database.
        workers: Its worker processes.
    """
    beside_it = _Beside(storage, workers)
    beside_it.start()
    try:
        yield
    finally:
        beside_it.stop()


class _Beside:
    def __init__(self, storage: str, workers: int) -> None:
        spec = sys.modules["__main__"].__spec__
        program = "search" if spec is None else spec.name  # the same program as this
        options = ["--storage", storage, "--workers", str(workers)]
        self._command = [sys.executable, "-m", program, "work", *options]
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._begin()
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_SECONDS_FOR_WORKERS)
            except subprocess.TimeoutExpired:
                process.kill()  # what it trains is trained again
        self._thread.join()

    def _begin(self) -> None:
        with self._lock:
            if not self._is_over.is_set():
                # In a session of its own: Ctrl-C in the terminal is this process's to answer.
                self._process = subprocess.Popen(
                    self._command,
                    env={**os.environ, PARENT: str(os.getpid())},
                    start_new_session=True,
                )

    def _keep(self) -> None:
        while not self._is_over.is_set():
            assert self._process is not None
            code = self._process.wait()
            if not self._is_over.is_set():
                _log.error("`work` ended with exit code %s: another begins in a moment", code)
                self._is_over.wait(_SECONDS_BEFORE_ANOTHER)
                self._begin()
