"""Ordering a study to be paused, resumed, cancelled or killed, whoever trains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from search.problem.errors import UserError
from search.problem.plan import Plan
from search.running.opening import OpenStudy
from storage.contract import Store
from storage.errors import RecordError
from storage.url import shown
from storage.values import QueueEntry, StudyState


class OrderRefusedError(UserError):
    """An order that a study in its state cannot follow."""


@dataclass(frozen=True)
class Ordered:
    """The entry of a study in the queue after an order, and whether that changed it."""

    entry: QueueEntry
    is_new: bool


@dataclass(frozen=True)
class _Order:
    to: StudyState
    among: frozenset[StudyState]
    at_once: bool = False


_HELD = frozenset({StudyState.PAUSED, StudyState.CANCELLED, StudyState.FAILED})
_OPEN = frozenset({StudyState.QUEUED, StudyState.PAUSED, StudyState.FAILED})
ORDERS: Mapping[str, _Order] = MappingProxyType(
    {
        "pause": _Order(StudyState.PAUSED, frozenset({StudyState.QUEUED})),
        "resume": _Order(StudyState.QUEUED, _HELD),
        "cancel": _Order(StudyState.CANCELLED, _OPEN),
        "kill": _Order(StudyState.CANCELLED, _OPEN | {StudyState.CANCELLED}, at_once=True),
    }
)
"""What each order makes of a study, and in which states it can follow it."""


def order(
    store: Store,
    name: str,
    what: str,
    admit: Callable[[OpenStudy], None] = lambda _study: None,
) -> Ordered:
    """Order something of a study. The same order again changes nothing.

    So a study that is settled may be resumed: whoever repeats an order cannot know that it is.

    Launchers and workers look at it between trials; a kill they see within a second.

    Args:
        store: Its store, opened for writing.
        name: Its name.
        what: One of `ORDERS`.
        admit: Given a study that is queued again; nothing is kept of that if this raises.

    Returns:
        Its entry in the queue, as it is now, and whether that is new.

    Raises:
        RecordError: If there is no such study.
        OrderRefusedError: If it cannot follow the order as it stands.
    """
    wanted = ORDERS[what]
    with store.transaction():
        found = store.find_study(name)
        entry = None if found is None else store.entry(found.study_id)
        if found is None or entry is None:
            raise RecordError(f"{shown(store.url)} has no study {name!r}")
        if (entry.state, entry.at_once) == (wanted.to, wanted.at_once):
            return Ordered(entry, is_new=False)
        if what == "resume" and entry.state is StudyState.SETTLED:  # it may be so by that order
            return Ordered(entry, is_new=False)
        if wanted.to is StudyState.QUEUED:  # on a server, in the order in which all others lock
            store.lock_study(entry.study_id)
        is_new = store.move_study(entry.study_id, wanted.to, wanted.among, at_once=wanted.at_once)
        now = store.entry(entry.study_id)
        assert now is not None, "it was there in this transaction"
        if not is_new and now.state is not wanted.to:
            raise OrderRefusedError(f"study {name!r} is {now.state}: there is nothing to {what}")
        if wanted.to is StudyState.QUEUED:
            queued = OpenStudy(found.study_id, Plan.from_record(name, found.record), store)
            if queued.plan.race:
                from search.running.races import renew_race  # SciPy, for studies that race alone

                renew_race(queued)
            admit(queued)
        return Ordered(now, is_new)
