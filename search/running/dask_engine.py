"""A Dask cluster as the engine: it carries tasks to its workers, and decides nothing.

Each task is given to one worker by its address, so that it is known what a worker was training
when it is lost, and no worker trains before it was asked what it has. Dask's own repetition of
what killed a worker never comes into play.
"""

from __future__ import annotations

import hashlib
import pickle
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from search.problem.errors import LaunchError
from search.problem.problem import Problem, Task
from search.running import dask_worker, machine
from search.running.dask_connection import (
    LOCAL,
    Connection,
    connected,
    local_cluster,
    one_line,
)
from search.running.dask_look import LOOK, look_names, refusal
from search.running.engine import SHORT_SECONDS, Ended, Engine
from search.running.events import OnEvent, WaitingForWorkers, WorkerJoined, WorkerRefused

if TYPE_CHECKING:
    from distributed import Future

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BEFORE_A_WORD = 3.0
_SECONDS_TO_MOVE = 5.0


@dataclass(frozen=True)
class _Given:
    tag: int
    task: Task
    future: Future


@dataclass
class _Worker:
    """A worker that trains, and its tasks in the order in which it takes them."""

    address: str
    tasks: dict[str, _Given] = field(default_factory=dict)
    has_problem: bool = False
    is_short: bool = True

    @property
    def wants_more(self) -> bool:
        return len(self.tasks) < (2 if self.is_short else 1)


class DaskEngine(Engine):
    """Trains on the workers of a Dask cluster, those that join it meanwhile included.

    A worker of other versions than the launcher's is refused. If all that there are at the start
    are, or the scheduler is lost, the launch ends by a LaunchError.

    Args:
        cluster: The scheduler's address, or "local" for a cluster of this engine's own.
        workers: How many workers a cluster of its own has.
        on_event: Told of workers that join or are refused, and that none is there.
        cache: Have the workers keep compiled programs.
    """

    def __init__(self, cluster: str, workers: int, on_event: OnEvent, *, cache: bool) -> None:
        self._address, self._count, self._cache = cluster, workers, cache
        self._on_event = on_event
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._notes: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._workers: dict[str, _Worker] = {}
        self._looks: dict[str, Future] = {}
        self._refused: dict[str, str] = {}
        self._backlog: list[tuple[int, Task]] = []
        self._ended: list[Ended] = []
        self._problem: tuple[Problem, str, bytes] | None = None
        self._versions = machine.versions()
        self._has_trained = False
        self._alone_since: float | None = time.monotonic()

    @property
    def wants_more(self) -> bool:
        """Whether a worker has nothing to do, or nothing to follow a short task."""
        self._take_notes(0)
        return any(worker.wants_more for worker in self._workers.values())

    @property
    def has_workers(self) -> bool:
        """Whether any worker trains."""
        return bool(self._workers)

    @property
    def is_ready(self) -> bool:
        """Whether a worker has trained a task, for which it had to import TensorFlow."""
        return self._has_trained

    def start(self) -> None:
        """Connect to the scheduler and ask the workers that are there what they have."""
        address = self._address
        if address == LOCAL:
            address = self._stack.enter_context(local_cluster(self._count))
        self._connection = self._stack.enter_context(connected(address, self._notice))
        client = self._connection.client
        if not client.run_on_scheduler(eval, LOOK, look_names())[0]["multirestart"]:
            raise LaunchError(
                f"the Dask scheduler at {address} has no multirestart, which it needs to pass "
                "tasks on: install it there too"
            )
        for worker in client.scheduler_info(n_workers=-1)["workers"]:
            self._look_at(worker)

    def submit(self, tag: int, task: Task) -> None:
        """Have the worker that has least to do train a task; the first that joins if none is there.

        Raises LaunchError if the scheduler is lost.
        """
        if self._workers:
            self._give(min(self._workers.values(), key=lambda one: len(one.tasks)), tag, task)
        else:
            self._backlog.append((tag, task))

    def next_ended(self, timeout: float | None = None) -> list[Ended]:
        """Wait until a task ends, and return those that did; none if the time was out before.

        Raises LaunchError if the scheduler is lost, or no worker can be given anything.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not self._ended:
            left = _SECONDS_BETWEEN_LOOKS if until is None else until - time.monotonic()
            if left <= 0:
                break
            self._take_notes(min(left, _SECONDS_BETWEEN_LOOKS))
            self._mind_being_alone()
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Leave the cluster, or end it if it is this engine's own.

        What a worker of another's cluster trains just then it trains to its end, for nobody.
        """
        self._stack.close()

    @property
    def _cluster(self) -> Connection:
        assert self._connection is not None, "the engine is a context, in which it is connected"
        return self._connection

    # Dask tells of workers and tasks in threads of its own; they are noted, and dealt with here.

    def _notice(self, event: tuple[float, dict[str, Any]]) -> None:
        about = event[1]
        if about.get("action") == "add-worker":
            self._notes.put((self._look_at, about["worker"]))
        elif about.get("action") == "remove-worker":
            self._notes.put((self._lose, about["worker"], about.get("expected", False)))

    def _take_notes(self, timeout: float) -> None:
        self._cluster.require_running()
        try:
            while True:
                step, *arguments = self._notes.get(timeout=timeout)
                step(*arguments)
                timeout = 0
        except Empty:
            self._cluster.require_running()

    # Workers

    def _look_at(self, address: str) -> None:
        """Ask a worker what it has, unless it was asked."""
        if address in self._workers or address in self._looks or address in self._refused:
            return
        look = self._cluster.submit(eval, LOOK, look_names(), worker=address)
        self._looks[address] = look
        look.add_done_callback(lambda _: self._notes.put((self._judge, address, look)))

    def _judge(self, address: str, look: Future) -> None:
        """Let a worker train, or refuse it, by what it has."""
        if address not in self._looks or self._looks[address] is not look:
            return  # lost meanwhile
        try:
            versions, kind, is_taken = look.result(timeout=_SECONDS_TO_MOVE)
        except TimeoutError:
            self._notes.put((self._judge, address, look))
            return
        except Exception as error:  # whatever a worker that is not ours raises
            if look.status == "cancelled":
                raise self._cluster.lost() from None
            reason = f"it cannot say what it has: {one_line(error)}"
        else:
            reason = refusal(self._versions, versions, is_taken=is_taken)
        del self._looks[address]
        if reason:
            self._refused[address] = reason
            self._on_event(WorkerRefused(address, reason))
            return
        self._alone_since = None
        self._workers[address] = _Worker(address)
        self._on_event(WorkerJoined(address, kind, kind == machine.kind_of_machine()))
        backlog, self._backlog = self._backlog, []
        for tag, task in backlog:
            self.submit(tag, task)

    def _lose(self, address: str, is_expected: bool) -> None:
        """A worker left or died: what it was training has failed, what waited in it goes on."""
        self._refused.pop(address, None)
        look = self._looks.pop(address, None)
        if look is not None:
            look.cancel()
        worker = self._workers.pop(address, None)
        if worker is None:
            return
        if not self._workers:
            self._alone_since = time.monotonic()
        given = list(worker.tasks.values())
        for each in given:
            each.future.cancel()
        if given and not is_expected:
            head = given.pop(0)
            self._ended.append(Ended(head.tag, (), f"its Dask worker {address} died"))
        for each in given:
            self.submit(each.tag, each.task)

    def _mind_being_alone(self) -> None:
        """Say once that no worker is there. Raises LaunchError if those there are were refused."""
        if self._alone_since is None:
            return
        if self._refused and not self._looks and not self._has_trained:
            address, reason = next(iter(self._refused.items()))
            others = len(self._refused) - 1
            more = f"; nor may {others} other{'s' if others > 1 else ''}" if others else ""
            raise LaunchError(f"Dask worker {address} may not train: {reason}{more}")
        if time.monotonic() - self._alone_since > _SECONDS_BEFORE_A_WORD:
            self._alone_since = float("inf")
            self._on_event(WaitingForWorkers(self._cluster.address, len(self._looks)))

    # Tasks

    def _give(self, worker: _Worker, tag: int, task: Task) -> None:
        key, packed = self._pack(task.problem)
        future = self._cluster.submit(
            *(dask_worker.train, key, None if worker.has_problem else packed),
            *(task.configuration, task.first_seed, task.restarts),
            cache=self._cache,
            worker=worker.address,
        )
        worker.tasks[future.key] = _Given(tag, task, future)
        future.add_done_callback(
            lambda _: self._notes.put((self._settle, worker.address, future.key))
        )

    def _pack(self, problem: Problem) -> tuple[str, bytes]:
        """A problem, pickled, under a key; each worker is sent it until it has trained on it."""
        if self._problem is None or self._problem[0] is not problem:
            packed = pickle.dumps(problem)
            self._problem = problem, hashlib.sha256(packed).hexdigest(), packed
            for worker in self._workers.values():
                worker.has_problem = False
        return self._problem[1:]

    def _settle(self, address: str, key: str) -> None:
        """Take what became of a task."""
        worker = self._workers.get(address)
        given = None if worker is None else worker.tasks.get(key)
        if worker is None or given is None:
            return  # its worker was lost meanwhile
        try:
            trained = given.future.result(timeout=_SECONDS_TO_MOVE)
        except TimeoutError:  # the worker may have died before it handed the rows over
            self._notes.put((self._settle, address, key))
            return
        except Exception as error:  # whatever the task raised
            if given.future.status == "cancelled":
                raise self._cluster.lost() from None
            failure = f"its worker raised {type(error).__name__}: {one_line(error)}"[:500]
            ended = Ended(given.tag, (), failure)
        else:
            if trained is None:  # another launch's problems have taken the place of this one's
                worker.has_problem = False
                del worker.tasks[key]
                self._give(worker, given.tag, given.task)
                return
            worker.has_problem = self._has_trained = True
            worker.is_short = trained.seconds < SHORT_SECONDS
            ended = Ended(given.tag, trained.restarts, None, trained.seconds, trained.machine)
        del worker.tasks[key]
        self._ended.append(ended)
