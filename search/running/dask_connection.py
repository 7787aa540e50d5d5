"""Connections to a Dask scheduler, and a cluster on this machine."""

from __future__ import annotations

import logging
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from search.problem.arguments import Arguments
from search.problem.errors import LaunchError, UserError

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
"""The cluster that is started for a launch, on this machine."""
_RULE = "must be local, or the address of a Dask scheduler like tcp://host:8786 or tls://host:8786"
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):\d{1,5}")
_SECONDS_TO_CONNECT = 10
_SECONDS_TO_CLOSE = 3
_LOGGERS = ("client", "core", "nanny", "scheduler", "worker", "batched", "comm")


def check_cluster(cluster: object) -> None:
    """Refuse what names no cluster, and any where Dask is not installed.

    Raises InvalidValuesError, UserError.
    """
    arguments = Arguments()
    is_named = isinstance(cluster, str) and bool(cluster == LOCAL or _ADDRESS.fullmatch(cluster))
    arguments.check(is_named, "cluster", _RULE, cluster)
    arguments.raise_any()
    try:
        import distributed  # noqa: F401 - whether it is there
    except ImportError:
        raise UserError(
            "a cluster needs Dask, which is not installed: pip install 'multirestart[dask]'"
        ) from None


class Connection:
    """A client of the scheduler at an address."""

    def __init__(self, address: str, client: Client) -> None:
        self.address = address
        self.client = client
        self._comm = client.scheduler_comm
        self._names = (f"multirestart-{uuid4().hex}-{number}" for number in count())

    def submit(self, function: Any, *arguments: Any, worker: str, **options: Any) -> Future:
        """Have one worker call a function, once. Raises LaunchError if the scheduler is lost."""
        try:
            return self.client.submit(
                function,
                *arguments,
                key=next(self._names),
                workers=[worker],
                allow_other_workers=False,
                pure=False,
                retries=0,
                **options,
            )
        except Exception as error:  # Dask's own, for a client that has been closed
            self.require_running()
            raise LaunchError(one_line(error)) from error

    def require_running(self) -> None:
        """Raise LaunchError if the scheduler is lost."""
        # A client that has connected again is told neither of its tasks nor of the workers.
        if self.client.status != "running" or self.client.scheduler_comm is not self._comm:
            raise self.lost()

    def lost(self) -> LaunchError:
        """The error for a scheduler that is lost."""
        return LaunchError(
            f"lost the Dask scheduler at {self.address}. What is complete is kept: start it again "
            "if it has ended; the same command goes on"
        )


@contextmanager
def connected(
    address: str, on_worker: Callable[[tuple[float, dict[str, Any]]], None]
) -> Iterator[Connection]:
    """A connection to the scheduler at an address; its TLS is that of Dask's configuration.

    Args:
        address: Of the scheduler.
        on_worker: Told, in another thread, of workers that come and go, among other things.

    Raises:
        LaunchError: If there is none, or it wants other certificates.
    """
    import dask
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    # The points of a study go to each worker once, and are no mistake.
    with _quiet(), dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        try:
            with warnings.catch_warnings():
                # What matters is compared by what each worker says it has.
                warnings.simplefilter("ignore", VersionMismatchWarning)
                client = Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            files = "; the files of its TLS are those of Dask's configuration, distributed.comm.tls"
            raise LaunchError(
                f"cannot connect to the Dask scheduler at {address}: {one_line(error)}"
                + (files if address.startswith("tls:") else "")
            ) from error
        try:
            client.subscribe_topic("all", on_worker)
            yield Connection(address, client)
        finally:
            with suppress(Exception):  # a scheduler that is gone needs no leave
                client.unsubscribe_topic("all")
            with suppress(Exception):
                client.close(timeout=_SECONDS_TO_CLOSE)


@contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """A scheduler and workers that listen at 127.0.0.1; yields the scheduler's address."""
    from distributed import LocalCluster

    with _quiet(), _interrupts_ignored():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # where its HTTP server is; port 8787 may be taken
            silence_logs=logging.CRITICAL,
        )
    try:
        yield cluster.scheduler_address
    finally:
        with _quiet(), suppress(Exception):
            cluster.close(timeout=_SECONDS_TO_CLOSE)


def one_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log of lost connections from the terminal: a launch says it in its own line."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Have the processes that are started leave Ctrl-C to this one, whose answer ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
