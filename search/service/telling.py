"""Where studies stand, found once for all that ask or hear of it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any

from search.service.standing import standings
from storage.contract import Store
from storage.launchers import Liveness

_SECONDS_BETWEEN_LOOKS = 0.4
_SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS = 2.0
"""That one has died is written nowhere."""
_FLEETING = "expected_finish"
"""Of a row, what changes with the time alone: it is told with what else changes."""

Told = tuple[str, Any]


class Telling:
    """Where studies stand, with a mark of each state.

    Args:
        store: The store, opened for reading.
        liveness: Which launchers are alive.
    """

    def __init__(self, store: Store, liveness: Liveness) -> None:
        self._store = store
        self._liveness = liveness
        self._lock = threading.Lock()
        self._mark = ""
        self._looked = self._found = float("-inf")
        self._told: dict[str | None, Told] = {}

    def of(self, name: str | None, *, is_now: bool = False) -> Told | None:
        """The mark of a study's state and its row, or of all and theirs; None if there is none.

        Args:
            name: Name of the study; None for all.
            is_now: Whether a change of a moment ago has to be seen.
        """
        with self._lock:
            now = time.monotonic()
            is_old = now - self._looked > _SECONDS_BETWEEN_LOOKS
            if is_now or is_old or name not in self._told:
                mark = self._store.change_mark()
                is_stale = now - self._found > _SECONDS_BETWEEN_LOOKS_AT_LAUNCHERS
                if mark != self._mark or is_stale:
                    self._told = self._all()
                    self._mark, self._found = mark, now
                self._looked = now
            return self._told.get(name)

    def _all(self) -> dict[str | None, Told]:
        found = standings(self._store, self._liveness)
        rows = [row.model_dump(mode="json") for row in found]
        marks = [_digest({**row, _FLEETING: None}) for row in rows]
        told: dict[str | None, Told] = {
            row["name"]: (mark, row) for row, mark in zip(rows, marks, strict=True)
        }
        told[None] = (_digest(marks), rows)
        return told


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
