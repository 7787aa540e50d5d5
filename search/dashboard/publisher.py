"""Publishing beside a launch, in a thread that takes a bounded share of the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import optuna
from sqlalchemy.exc import SQLAlchemyError

from search.dashboard.optuna_storage import is_connection_lost, open_optuna_storage
from search.dashboard.publishing import NotPublishedError, PublishedStudy
from search.running.events import (
    ConnectionLost,
    ForeignTrials,
    OnEvent,
    Publishing,
    PublishingStopped,
)
from search.running.opening import OpenStudy
from storage.errors import ConnectionLostError, RecordError
from storage.liveness import publishing_lock

_SHARE = 0.08
"""Of the time since the launch began, the processor's time that publishing may take meanwhile."""
_SECONDS_BETWEEN_PASSES = 0.2
_TRIALS_IN_A_PASS = 4
_SECONDS_BETWEEN_PAGES = 20.0
_SECONDS_AT_AN_INTERRUPTION = 1.0
_WORTH_A_WORD = 50
_FAILURES = (
    *(NotPublishedError, RecordError, SQLAlchemyError, KeyError),
    optuna.exceptions.OptunaError,
)


class Publisher:
    """Publishes a study from `__enter__` to `__exit__`, at whose end it is level.

    Where it fails, the launch is told and goes on: the record does not need it, and the next
    launch publishes what is missing. Where the connection is lost it goes on when that is back.
    """

    def __init__(self, study: OpenStudy, on_event: OnEvent) -> None:
        self._study = study
        self._on_event = on_event
        self._lock = publishing_lock(study.study_id)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._published: PublishedStudy | None = None
        self._has_failed = False
        self._pages_shown = time.monotonic()

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        if kind is None:
            while not self._try(self._level, None):
                time.sleep(_SECONDS_BETWEEN_PASSES)
        else:
            self._try(self._level, _SECONDS_AT_AN_INTERRUPTION)
        if self._published is not None:
            foreign = self._published.foreign
            self._published.close()
            if foreign and kind is None:
                self._on_event(ForeignTrials(foreign))

    def _run(self) -> None:
        self._try(self._open)  # while the workers import TensorFlow, so that no trial waits for it
        began, opened = time.monotonic(), time.thread_time()
        while not self._has_failed and not self._stop.wait(_SECONDS_BETWEEN_PASSES):
            if time.thread_time() - opened < _SHARE * (time.monotonic() - began):
                self._try(self._pass)

    def _open(self) -> None:
        import optuna_dashboard  # noqa: F401 - a second or two of imports, where nobody waits
        import plotly.graph_objects  # noqa: F401

        with self._study.store.lock(self._lock, wait=False) as is_held:
            if is_held:
                self._opened()

    def _pass(self) -> None:
        if not self._study.store.count_unpublished(self._study.study_id):
            return
        with self._study.store.lock(self._lock, wait=False) as is_held:
            if is_held:
                self._opened().publish(_TRIALS_IN_A_PASS)
                if time.monotonic() - self._pages_shown > _SECONDS_BETWEEN_PAGES:
                    self._pages_shown = time.monotonic()
                    self._opened().show()

    def _level(self, seconds: float | None) -> None:
        """Publish all that is left, or what can be in so many seconds."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._study.store.lock(self._lock) as _:
            published = self._opened()
            left = self._study.store.count_unpublished(self._study.study_id)
            if left >= _WORTH_A_WORD:
                self._on_event(Publishing(left))
            while published.publish(_TRIALS_IN_A_PASS):
                if deadline is not None and time.monotonic() > deadline:
                    return
            published.show()

    def _opened(self) -> PublishedStudy:
        """The published study, made with the first pass."""
        if self._published is None:
            store = self._study.store
            with store.lock("publishing"):  # Optuna's tables are made by one at a time
                published = PublishedStudy(self._study, open_optuna_storage(store.url))
            try:
                published.make()
            except BaseException:
                published.close()
                raise
            self._published = published
        return self._published

    def _try(self, step: Callable[..., None], *arguments: float | None) -> bool:
        """Take a step unless one failed before; tell of its failure.

        False if it may be taken again, for all that failed was the connection.
        """
        if self._has_failed:
            return True
        try:
            step(*arguments)
        except _FAILURES as error:
            reason = " ".join(str(error).split())
            if is_connection_lost(error):
                self._forget()
                if isinstance(error, ConnectionLostError):  # not only Optuna's own
                    self._on_event(ConnectionLost(reason))
                return False
            self._has_failed = True
            self._on_event(PublishingStopped(reason))
        return True

    def _forget(self) -> None:
        """Open the published study again with the next pass."""
        if self._published is not None:
            self._published.close()
            self._published = None
