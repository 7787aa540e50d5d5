"""What tells whether a study has changed since somebody looked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from storage.contract import Store

SECONDS_BETWEEN_LOOKS = 1.0
_MOST_KEPT = 1000


@dataclass(frozen=True)
class _Seen:
    orders: str
    mark: str
    at: float


class Marks:
    """Marks of the states of studies.

    While a study is trained it changes many times a second. Its trials are looked at once a second
    at most, so that what is made of them is made once a second at most, however many ask. That
    somebody made, ordered or deleted a study is seen at once.

    Args:
        store: The store, opened for reading.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen: dict[int | None, _Seen] = {}

    def of(self, study_id: int | None = None) -> str:
        """The mark of a study, or of all of them."""
        orders, now = self._store.order_mark(study_id), time.monotonic()
        with self._lock:
            seen = self._seen.get(study_id)
        if seen is None or seen.orders != orders or now - seen.at > SECONDS_BETWEEN_LOOKS:
            seen = _Seen(orders, self._store.change_mark(study_id), now)
            with self._lock:
                if len(self._seen) >= _MOST_KEPT:
                    self._seen.clear()
                self._seen[study_id] = seen
        return seen.mark
