"""Opening a study to run it: a new one, or one that the database has already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from search.problem.errors import LaunchError, UserError
from search.problem.plan import Plan
from storage.contract import Store
from storage.database import OnWait
from storage.opening import open_for_writing, open_if_there
from storage.values import StoredStudy


class OtherPlanError(UserError):
    """A study is there with another problem or search space; `differences` says each as a text."""

    def __init__(self, name: str, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(
            f"study {name!r} exists with other settings: {'; '.join(differences)}. "
            "Give the new one another name, or leave these out to go on with it"
        )


@dataclass(frozen=True)
class OpenStudy:
    """A study open for writing: its id, its plan and its store."""

    study_id: int
    plan: Plan
    store: Store


def open_study(
    url: str,
    choose: Callable[[list[str]], str],
    make_plan: Callable[[Plan | None], Plan],
    *,
    refuse_new: Callable[[str], None] = lambda _name: None,
    opened: Callable[[OpenStudy], None] = lambda _study: None,
    on_wait: OnWait | None = None,
) -> OpenStudy:
    """Open a study to go on with it as planned, or make it if there is none of that name.

    All that can be refused is refused before anything is written.

    Args:
        url: Database of the study.
        choose: Its name, given the names of the studies there.
        make_plan: Its plan, given the plan that is kept, if there is one. No other launcher changes
            that until the study is open.
        refuse_new: Raises UserError if no study of that name may be made.
        opened: Given the study in the transaction that makes it or changes its plan, of which
            nothing is kept if this raises.
        on_wait: Told when a transaction has been waiting for another program's lock.

    Raises:
        UserError: If the study is there with another problem or search space, or its restarts are
            outdated.
        RecordError: If the database cannot be used.
    """
    there = open_if_there(url)
    known = [] if there is None else there.studies()
    if there is not None:
        there.close()
    name = choose([study.name for study in known])
    if _planned(name, known, make_plan)[0] is None:
        refuse_new(name)
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_for_writing(url, on_wait)))
        with store.lock("opening"), store.transaction():
            kept, plan = _planned(name, store.studies(), make_plan)
            record = plan.to_record()
            if kept is None:
                kept = store.add_study(name, record)
            elif record.search != Plan.from_record(name, kept.record).to_record().search:
                store.set_search(kept.study_id, record.search)
            study = OpenStudy(kept.study_id, plan, store)
            opened(study)
        stack.pop_all()  # the caller's from now on
    return study


def kept_plan(url: str, choose: Callable[[list[str]], str]) -> Plan | None:
    """The plan that is kept of a study, read without writing anything.

    Args:
        url: Database of the study.
        choose: Its name, given the names of the studies there.

    Returns:
        The plan; None if there is no study of that name.

    Raises:
        UserError: If no study can be chosen.
        RecordError: If the database cannot be read.
    """
    there = open_if_there(url)
    if there is None:
        choose([])
        return None
    with closing(there):
        known = {study.name: study for study in there.studies()}
        found = known.get(choose(list(known)))
        return None if found is None else Plan.from_record(found.name, found.record)


def reopen_study(url: str, study: StoredStudy, on_wait: OnWait | None = None) -> OpenStudy:
    """Open a study that was read before, with the plan that the database has now.

    Raises:
        LaunchError: If it was deleted meanwhile.
        UserError: If its restarts are outdated.
        RecordError: If the database cannot be used.
    """
    refuse_outdated(Plan.from_record(study.name, study.record))
    store = open_for_writing(url, on_wait)
    found = store.find_study(study.name)
    if found is None or found.study_id != study.study_id:
        store.close()
        raise deleted(study.name)
    return OpenStudy(study.study_id, Plan.from_record(study.name, found.record), store)


def deleted(name: str) -> LaunchError:
    """The error for a study that is gone though a launcher goes on with it."""
    return LaunchError(f"study {name!r} was deleted while it was being run")


def _planned(
    name: str,
    known: list[StoredStudy],
    make_plan: Callable[[Plan | None], Plan],
) -> tuple[StoredStudy | None, Plan]:
    """The study of that name, if it is known, and its plan. Raises UserError as `open_study`."""
    found = next((study for study in known if study.name == name), None)
    if found is None:
        return None, make_plan(None)
    kept = Plan.from_record(name, found.record)
    plan = make_plan(kept)
    refuse_outdated(kept)
    differences = kept.differences(plan)
    if differences:
        raise OtherPlanError(name, differences)
    return found, plan


def refuse_outdated(kept: Plan) -> None:
    """Raise UserError if restarts that are trained now could not be pooled with those there are."""
    if kept.problem.outdated is not None:
        raise UserError(
            f"study {kept.name!r} cannot be gone on with: {kept.problem.outdated}. "
            "Give the new one another name"
        )
