"""Working on a queue: the trials of whichever study is next, published as they are trained."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from search.problem.rows import TrialSummary
from search.running.claims import Claim
from search.running.engines import make_engine
from search.running.events import Event, WaitingForLock
from search.running.interrupts import Interrupts
from search.running.opening import OpenStudy
from search.running.queue_source import QueueSource, QueueWatcher
from storage.opening import open_for_writing
from storage.values import StudyState

if TYPE_CHECKING:
    from search.dashboard.publisher import Publisher

OnStudyEvent = Callable[[str, Event], None]
"""Told the name of a study, empty where it is none's alone, and what happened."""
OnTrial = Callable[[str, Claim, TrialSummary], None]
OnState = Callable[[str, StudyState | None], None]


class _Publishing(QueueWatcher):
    """Publishes each study while it is worked on; used as a context manager.

    Publishers begin and end in a thread of their own, one after the other: to bring one level takes
    seconds, in which others are trained, and needs the database, which whoever calls this may hold.
    """

    def __init__(self, on_event: OnStudyEvent, on_trial: OnTrial, on_state: OnState) -> None:
        self._on_event = on_event
        self._on_trial = on_trial
        self._on_state = on_state
        self._publishers: dict[int, Publisher] = {}  # of the thread alone
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> _Publishing:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._thread.submit(self._end_all, kind)
        self._thread.shutdown()

    def opened(self, study: OpenStudy) -> None:
        """Publish a study from now on."""
        self._on_state(study.plan.name, StudyState.RUNNING)
        self._thread.submit(self._begin, study)

    def closed(self, study_id: int, name: str, state: StudyState | None) -> None:
        """Publish the rest of a study."""
        self._on_state(name, state)
        self._thread.submit(self._end, study_id, None)

    def finished(self, name: str, claim: Claim, summary: TrialSummary) -> None:
        """Tell of a trial."""
        self._on_trial(name, claim, summary)

    def _begin(self, study: OpenStudy) -> None:
        from search.dashboard.publisher import Publisher  # Optuna, while the workers start

        name = study.plan.name
        publisher = Publisher(study, lambda event: self._on_event(name, event))
        publisher.__enter__()
        self._publishers[study.study_id] = publisher

    def _end(self, study_id: int, kind: type[BaseException] | None) -> None:
        self._publishers.pop(study_id).__exit__(kind)

    def _end_all(self, kind: type[BaseException] | None) -> None:
        for study_id in list(self._publishers):
            self._end(study_id, kind)


def work(
    storage: str,
    workers: int | None,
    on_event: OnStudyEvent,
    on_trial: OnTrial,
    on_state: OnState,
    interrupts: Interrupts,
    *,
    until_empty: bool = False,
    cache: bool = True,
    cluster: str | None = None,
) -> None:
    """Train the trials of whichever study of a database is next, until interrupted.

    Args:
        storage: URL of the database, which is made if it is not there.
        workers: Worker processes; one per core if None.
        on_event: Told what happens as it happens, some of it from another thread.
        on_trial: Told of each trial that is complete.
        on_state: Told which study is worked on, and what state one came to; None if it is gone.
        interrupts: What answers Ctrl-C and SIGTERM.
        until_empty: End when no study is queued any more.
        cache: Keep compiled programs in the user's cache folder, and use those that are there.
        cluster: "local" or the address of a Dask scheduler; None for processes of this machine.

    Raises:
        UserError: If a value breaks its rule, or a cluster is named and Dask is not installed.
        LaunchError: If no worker can train anything, or a Dask scheduler cannot be reached.
        RecordError: If the database cannot be used.
    """
    engine, _ = make_engine(cluster, workers, partial(on_event, ""), cache=cache)
    opened = open_for_writing(storage, lambda seconds: on_event("", WaitingForLock(seconds)))
    with closing(opened) as store, store.liveness() as liveness:
        is_idle = until_empty and not any(
            entry.state is StudyState.QUEUED for entry in store.entries()
        )
        with nullcontext() if is_idle else engine:
            from search.running.run import run_trials

            with _Publishing(on_event, on_trial, on_state) as watcher:
                source = QueueSource(store, liveness, watcher, until_empty=until_empty)
                if is_idle:
                    return
                with closing(run_trials(source, engine, interrupts)) as events:
                    for event in events:
                        on_event("", event)
