"""What one key may have of the machine, so that one person cannot keep it from all others."""

from __future__ import annotations

from search.problem.errors import Fault, InvalidValuesError
from search.problem.plan import Plan
from search.running.opening import OpenStudy
from search.service.desk import Caller
from search.service.problems import TooManyStudiesError
from storage.values import Limits, Scope

MOST_RESTARTS = 10_000_000
"""Restarts of all trials of a study that may be submitted, by whomever."""
_DEFAULT = Limits(most_studies=10, most_work=10**12)


def default_limits(scope: Scope) -> Limits:
    """The limits of a key that is made without any: none for an administrator."""
    return Limits() if scope is Scope.ADMIN else _DEFAULT


def check_size(plan: Plan) -> None:
    """Raise InvalidValuesError for what would keep the group's machine for weeks."""
    restarts = plan.trials * plan.restarts
    if restarts > MOST_RESTARTS:
        rule = f"must make at most {MOST_RESTARTS:,} restarts in all through the service"
        raise InvalidValuesError([Fault("trials", rule, f"{restarts:,} restarts")])


def work_of(plan: Plan) -> int:
    """How much is trained for a plan: restarts x epochs x points."""
    problem = plan.problem
    return plan.trials * plan.restarts * max(problem.epochs, 1) * problem.data.points


def admit(caller: Caller, study: OpenStudy) -> None:
    """Have a study that is queued, in the same transaction, count for who asks.

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
            f"{work:,} ({plan.trials:,} trials x {plan.restarts:,} restarts x "
            f"{plan.problem.epochs:,} epochs x {plan.problem.data.points:,} points)"
        )
        raise InvalidValuesError([Fault("trials", rule, received)])
