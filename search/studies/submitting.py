"""Submitting a study: made and queued, for whoever works on the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from search.problem.plan import OF_SEARCH, Plan
from search.running.opening import OpenStudy, open_study
from search.running.orders import want
from search.studies.launching import refuse_taken_name
from storage.values import StudyState


@dataclass(frozen=True)
class Submitted:
    """What became of a plan: whether a study was made of it, and else what it changed of one."""

    study_id: int
    is_new: bool
    changes: tuple[str, ...]


def submit(
    storage: str,
    name: str,
    make_plan: Callable[[Plan | None], Plan],
    priority: int | None = None,
    check: Callable[[Plan], None] = lambda _plan: None,
    admit: Callable[[OpenStudy, tuple[str, ...]], None] = lambda _study, _changes: None,
) -> Submitted:
    """Make a study and queue it. The same plan again changes nothing.

    What may change of a study, as its size, is changed, and one that was settled is queued again
    if that is so. All of it becomes visible together.

    Args:
        storage: URL of the database, which is made if it is not there.
        name: The study's name.
        make_plan: Its plan, given the plan that is kept, if there is one.
        priority: Its priority; 0, or what it is, if None.
        check: Raises UserError if the plan may not be submitted.
        admit: Given a study that is new or changed, and its changes, none of a new one; nothing is
            kept of that if this raises.

    Raises:
        OtherPlanError: If the study is there with another problem or search space.
        UserError: If the plan breaks its rules.
        RecordError: If the database cannot be used.
    """
    before: list[Plan | None] = []
    changes: tuple[str, ...] = ()

    def planned(kept: Plan | None) -> Plan:
        before.append(kept)
        plan = make_plan(kept)
        check(plan)
        return plan

    def opened(study: OpenStudy) -> None:
        nonlocal changes
        store, study_id = study.store, study.study_id
        kept = before[-1]  # as it was before this transaction
        changes = () if kept is None else _changes(kept, study.plan)
        entry = store.entry(study_id)
        if changes and entry is not None and entry.state is StudyState.SETTLED:
            want(store, study_id)
        if priority is not None and entry is not None and entry.priority != priority:
            store.set_priority(study_id, priority)
            if kept is not None:
                changes = (*changes, f"priority: {entry.priority} before, {priority} now")
        if kept is None or changes:
            admit(study, changes)

    refuse = partial(refuse_taken_name, storage)
    study = open_study(storage, lambda _names: name, planned, refuse_new=refuse, opened=opened)
    study.store.close()
    return Submitted(study.study_id, before[-1] is None, changes)


def _changes(kept: Plan, plan: Plan) -> tuple[str, ...]:
    """What a plan changes of the one that is kept, each as `trials: 24 before, 48 now`."""
    return tuple(
        f"{field}: {getattr(kept, field)} before, {getattr(plan, field)} now"
        for field in (*OF_SEARCH, "first")
        if getattr(kept, field) != getattr(plan, field)
    )
