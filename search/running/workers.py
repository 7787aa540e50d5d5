"""The workers: processes of joblib's loky that compute and nothing else.

Each worker is an executor of one process, so that when a process dies it is known which task it
was training; an executor of many can only say that one of its processes died.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

from joblib.externals.loky import ProcessPoolExecutor

from search.problem.errors import LaunchError
from search.problem.problem import Task
from search.problem.rows import Restart
from search.running import worker_process
from search.running.engine import SHORT_SECONDS, Ended, Engine
from search.running.machine import kind_of_machine
from search.running.program_cache import CacheFolders

# A worker is one thread: the workers are the parallelism. NumPy's and SciPy's pools read these as
# they are loaded; TensorFlow's own settings stand with its import in `search.training.backend`.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class _Submitted:
    tag: int
    task: Task
    future: Future[tuple[Restart, ...]]


class LocalWorkers(Engine):
    """Worker processes of this machine, each of which keeps its compiled programs.

    They start as the context is entered: TensorFlow takes seconds to import, in which the launcher
    loads Optuna.

    Args:
        count: How many.
        programs: The folder of compiled programs that are kept; None to compile all anew.
    """

    def __init__(self, count: int, programs: Path | None = None) -> None:
        self._programs = programs
        self._stack = ExitStack()
        self._workers = [_Worker() for _ in range(count)]

    @property
    def wants_more(self) -> bool:
        """Whether a worker has nothing to do, or nothing to follow a short task."""
        return any(worker.wants_more for worker in self._workers)

    @property
    def is_ready(self) -> bool:
        """Whether all processes have imported TensorFlow."""
        return all(worker.is_ready for worker in self._workers)

    def start(self) -> None:
        """Start all processes."""
        cache = None if self._programs is None else self._cache(self._programs)
        for worker in self._workers:
            worker.start(cache)

    def submit(self, tag: int, task: Task) -> None:
        """Have the worker that has least to do train a task."""
        min(self._workers, key=lambda worker: len(worker.tasks)).submit(tag, task)

    def withdraw(self, tag: int) -> bool:
        """Take back a task that waits in a worker for another to end."""
        return any(worker.withdraw(tag) for worker in self._workers)

    def cancel(self, tag: int) -> None:
        """Kill the process that trains a task; one that waits in a worker is taken back."""
        for worker in self._workers:
            worker.cancel(tag)

    def next_ended(self, timeout: float | None = None) -> list[Ended]:
        """Wait until a task ends, and return those that did; none if the time was out before."""
        heads = [worker.tasks[0].future for worker in self._workers if worker.tasks]
        wait(heads, timeout=timeout, return_when=FIRST_COMPLETED)
        return [ended for worker in self._workers for ended in worker.take_ended()]

    def stop(self) -> None:
        """Kill all processes, whatever they train."""
        with ThreadPoolExecutor(len(self._workers)) as threads:  # each waits for its process
            list(threads.map(_Worker.stop, self._workers))
        self._stack.close()

    def _cache(self, programs: Path) -> CacheFolders | None:
        """Where compiled programs are kept, and a folder for the workers; None if there is none."""
        with suppress(OSError):
            scratch = tempfile.TemporaryDirectory(
                prefix="multirestart-", ignore_cleanup_errors=True
            )
            return CacheFolders(programs, Path(self._stack.enter_context(scratch)))
        return None


class _Worker:
    """One process, replaced when it dies, and the tasks it has: the first is in training."""

    def __init__(self) -> None:
        self.tasks: deque[_Submitted] = deque()
        self._withdrawn: set[int] = set()
        self._cache: CacheFolders | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._began = 0.0
        self._is_short = True
        self._ready: Future[None] | None = None

    @property
    def is_ready(self) -> bool:
        return self._ready is not None and self._ready.done()

    @property
    def wants_more(self) -> bool:
        return len(self.tasks) < (2 if self._is_short else 1)

    def submit(self, tag: int, task: Task) -> None:
        self._withdrawn.discard(tag)
        if not self.tasks:
            self._began = time.monotonic()
        try:
            future = self._train(task)
        except BrokenProcessPool:  # it died while it had nothing to do
            self._replace()
            future = self._train(task)
        self.tasks.append(_Submitted(tag, task, future))

    def take_ended(self) -> list[Ended]:
        ended = []
        while self.tasks and self.tasks[0].future.done():
            head = self.tasks.popleft()
            error = head.future.exception()
            now = time.monotonic()
            seconds, self._began = now - self._began, now
            self._is_short = seconds < SHORT_SECONDS
            if head.tag in self._withdrawn:
                self._withdrawn.remove(head.tag)
            elif error is None:
                machine = kind_of_machine()
                ended.append(Ended(head.tag, head.future.result(), None, seconds, machine))
            else:
                ended.append(Ended(head.tag, (), _reason(error), seconds))
            if isinstance(error, BrokenProcessPool):
                self._begin_anew()
        if self.tasks and self.tasks[0].tag in self._withdrawn and not self._is_short:
            self._begin_anew()
        return ended

    def withdraw(self, tag: int) -> bool:
        for waiting in list(self.tasks)[1:]:
            if waiting.tag == tag:
                if waiting.future.cancel():
                    self.tasks.remove(waiting)
                else:  # the process has it already
                    self._withdrawn.add(tag)
                return True
        return False

    def cancel(self, tag: int) -> None:
        if self.tasks and self.tasks[0].tag == tag:
            self.tasks.popleft()
            self._begin_anew()
        else:
            self.withdraw(tag)

    def _begin_anew(self) -> None:
        """Another process for the tasks that wait."""
        waiting = [each for each in self.tasks if each.tag not in self._withdrawn]
        self.tasks.clear()
        self._withdrawn.clear()
        self._replace()
        for other in waiting:
            self.submit(other.tag, other.task)

    def start(self, cache: CacheFolders | None) -> None:
        """Start the process, which is ready for tasks in some seconds."""
        self._cache = cache
        with _failure_named(), _interrupts_held():
            self._executor = ProcessPoolExecutor(
                max_workers=1,
                initializer=worker_process.start,
                initargs=(os.getpid(), self._cache),
                env=_ENVIRONMENT,
            )
            self._ready = self._executor.submit(worker_process.ready)  # starts it

    def stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)

    def _train(self, task: Task) -> Future[tuple[Restart, ...]]:
        assert self._executor is not None, "the engine is a context, in which workers are started"
        future: Future[tuple[Restart, ...]] = self._executor.submit(worker_process.train, task)
        return future

    def _replace(self) -> None:
        assert self._executor is not None
        self._executor.shutdown(wait=False, kill_workers=True)
        self.start(self._cache)


@contextmanager
def _failure_named() -> Iterator[None]:
    """Say where it is that a process cannot be started for want of room."""
    try:
        yield
    except OSError as error:
        raise LaunchError(
            f"cannot start a worker: {error.strerror or error}; processes share their locks in "
            "/dev/shm, so see whether that is full or may not be written"
        ) from None


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Block Ctrl-C while a process is started, which inherits that.

    Ctrl-C in a terminal reaches the workers too, and is the parent's to answer. The parent gets
    one that comes meanwhile at the end. Python's resource tracker, which loky starts with the
    first process and which unblocks signals as it starts, is started before.
    """
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _reason(error: BaseException) -> str:
    """Why a task was not trained, in one line."""
    if isinstance(error, BrokenProcessPool):
        codes = re.search(r"\{(.+?)\}", str(error))
        return f"its worker died ({codes.group(1) if codes else 'for no reason it could tell'})"
    return f"its worker raised {type(error).__name__}: {' '.join(str(error).split())}"[:500]
