"""Answers that are kept for a while, so that they are made once for all who ask for the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The answers that were asked for last, by their tags.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, T] = OrderedDict()

    def get(self, tag: str) -> T | None:
        """The answer of a tag; None if it is not kept."""
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
            return self._kept.get(tag)

    def put(self, tag: str, answer: T) -> None:
        """Keep an answer in place of the one that nobody has asked for for longest."""
        with self._lock:
            self._kept[tag] = answer
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
