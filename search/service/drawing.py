"""Reports as they are drawn: one at a time, and once for all who ask for the same."""

from __future__ import annotations

from collections.abc import Callable

from search.service.kept import Kept
from search.service.turns import Turns

_SECONDS_TO_WAIT = 60
_MOST_KEPT = 8


class Reports:
    """The reports that were drawn last, by the tags of what they show."""

    def __init__(self) -> None:
        self._turns = Turns("report", _SECONDS_TO_WAIT)
        self._kept = Kept[str](_MOST_KEPT)

    def page(self, tag: str, draw: Callable[[], str]) -> str:
        """A report that is kept, or drawn now.

        Args:
            tag: Another whenever the report would be.
            draw: Draws it, which takes a core for seconds.

        Raises:
            HTTPException: 503 if too many others wait for theirs.
        """
        found = self._kept.get(tag)
        if found is not None:
            return found
        with self._turns.turn():
            found = self._kept.get(tag)  # drawn while this one waited
            if found is None:
                found = draw()
                self._kept.put(tag, found)
        return found
