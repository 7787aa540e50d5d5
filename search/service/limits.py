"""What one key may have of the machine, so that one person cannot keep it from all others."""

from __future__ import annotations

from search.problem.errors import Fault, InvalidValuesError
from search.problem.plan import Plan
from search.running.opening import OpenStudy
from search.service.desk import Caller
from search.service.problems import TooManyStudiesError
from storage.values import StudyState

MOST_RESTARTS = 10_000_000
"""Restarts of a study that may be submitted, by whomever."""


def restarts_of(plan: Plan) -> int:
    """The most restarts that a plan comes to: those of its trials and of its race."""
    searched = plan.trials * plan.restarts
    if not plan.race:
        return searched
    from search.running.races import DEFAULT_CONFIRM  # SciPy, which takes a second to import
    from search.statistics.race_state import RaceRules

    return searched + min(plan.race, plan.trials) * RaceRules().max_restarts + DEFAULT_CONFIRM


def check_size(plan: Plan) -> None:
    """Raise InvalidValuesError for what would keep the group's machine for weeks."""
    restarts = restarts_of(plan)
    if restarts > MOST_RESTARTS:
        rule = f"must make at most {MOST_RESTARTS:,} restarts in all through the service"
        raise InvalidValuesError([Fault("trials", rule, f"{restarts:,} restarts")])


def work_of(plan: Plan) -> int:
    """How much is trained for a plan at most: restarts x epochs x points."""
    return restarts_of(plan) * max(plan.problem.epochs, 1) * plan.problem.data.points


def admit(caller: Caller, study: OpenStudy) -> None:
    """Have a study, in the transaction that changes or queues it, count for who asks.

    One that is not queued counts for nobody until it is resumed.

    Args:
        caller: Who submitted, changed or resumed it.
        study: The study.

    Raises:
        InvalidValuesError: If it trains more than one study of that key may.
        TooManyStudiesError: If that key has as many studies queued as it may.
    """
    if caller.name is None:
        return
    check_work(caller, study.plan)
    entry = study.store.entry(study.study_id)
    if entry is None or entry.state is not StudyState.QUEUED:
        return
    most = caller.limits.most_studies
    if most is not None and study.store.queued_by(caller.name, study.study_id) >= most:
        raise TooManyStudiesError(
            f"the key {caller.name!r} has as many studies queued or running as it may at a time, "
            f"{most:,}: wait until one is settled, or pause or cancel one"
        )
    study.store.set_submitter(study.study_id, caller.name)


def check_work(caller: Caller, plan: Plan) -> None:
    """Raise InvalidValuesError if a plan trains more than one of that key may."""
    most, work = caller.limits.most_work, work_of(plan)
    if most is not None and work > most:
        rule = (
            f"must make at most {most:,} restarts x epochs x points in all with the key "
            f"{caller.name!r}"
        )
        received = (
            f"{work:,} ({restarts_of(plan):,} restarts x {plan.problem.epochs:,} epochs x "
            f"{plan.problem.data.points:,} points)"
        )
        raise InvalidValuesError([Fault("trials", rule, received)])
