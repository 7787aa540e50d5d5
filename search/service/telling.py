"""Where studies stand, found once for all that ask or hear of it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any, NamedTuple

from search.service.marks import Marks
from search.service.standing import StudyStanding, standings
from storage.contract import Store
from storage.errors import RecordFailedError
from storage.launchers import Liveness

_SECONDS_BETWEEN_LOOKS = 0.4
_SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS = 2.0
"""That one has died is written nowhere."""
_SECONDS_TO_WAIT = 5.0
"""For the look of another: whoever waits holds one of the few threads that answer requests."""
_FLEETING = "expected_finish"
"""Of a row, what changes with the time alone: it is told with what else changes."""


class Told(NamedTuple):
    """Where a study stands, or where all do: a mark of that state, it as JSON, and as rows."""

    mark: str
    text: str
    rows: tuple[StudyStanding, ...]


class Telling:
    """Where studies stand, with a mark of each state.

    Args:
        store: The store, opened for reading.
        liveness: Which launchers are alive.
        marks: What tells whether anything has changed.
    """

    def __init__(self, store: Store, liveness: Liveness, marks: Marks) -> None:
        self._store = store
        self._liveness = liveness
        self._marks = marks
        self._lock = threading.Lock()
        self._mark = ""
        self._looked = self._found = float("-inf")
        self._told: dict[str | None, Told] = {}

    def last(self, name: str | None) -> Told | None:
        """What `of` would say without a look; None if it is time for one."""
        is_time = time.monotonic() - self._looked > _SECONDS_BETWEEN_LOOKS
        return None if is_time else self._told.get(name)

    def of(self, name: str | None, *, is_now: bool = False) -> Told | None:
        """Where a study stands, or where all do; None if there is none of that name.

        Args:
            name: Name of the study; None for all.
            is_now: Whether an order of a moment ago has to be seen.

        Raises:
            RecordError: If the database cannot be read, or not in time.
        """
        if not self._lock.acquire(timeout=_SECONDS_TO_WAIT):
            raise RecordFailedError("the standings of the studies cannot be read in time")
        try:
            now = time.monotonic()
            is_old = now - self._looked > _SECONDS_BETWEEN_LOOKS
            if is_now or is_old or name not in self._told:
                mark = self._marks.of()
                is_stale = now - self._found > _SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS
                if mark != self._mark or is_stale:
                    self._told = self._all()
                    self._mark, self._found = mark, time.monotonic()
                self._looked = time.monotonic()
            return self._told.get(name)
        finally:
            self._lock.release()

    def standings(self) -> tuple[StudyStanding, ...]:
        """Where all studies stand, with every order up to now."""
        told = self.of(None, is_now=True)
        assert told is not None, "all of them are always told of"
        return told.rows

    def standing(self, name: str) -> StudyStanding | None:
        """Where a study stands, with every order up to now; None if there is none."""
        told = self.of(name, is_now=True)
        return None if told is None else told.rows[0]

    def _all(self) -> dict[str | None, Told]:
        found = standings(self._store, self._liveness)
        rows = [row.model_dump(mode="json") for row in found]
        marks = [_digest({**row, _FLEETING: None}) for row in rows]
        texts = [_text(row) for row in rows]
        told: dict[str | None, Told] = {
            row.name: Told(mark, text, (row,))
            for row, mark, text in zip(found, marks, texts, strict=True)
        }
        told[None] = Told(_digest(marks), f"[{','.join(texts)}]", tuple(found))
        return told


def _text(row: Any) -> str:
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
