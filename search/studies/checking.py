"""Checking a study: its record, a sample of its restarts trained again, and what is published."""

from __future__ import annotations

from dataclasses import dataclass

from search.dashboard.differences import published_differences
from search.dashboard.optuna_storage import has_optuna_tables, open_optuna_storage
from search.dashboard.publishing import NotPublishedError
from search.problem.plan import Plan
from search.running.machine import kind_of_machine
from search.running.opening import OpenStudy
from search.verify.database import Finding, check_study, retrained, sample
from storage.contract import Store
from storage.values import StoredStudy


@dataclass(frozen=True)
class Check:
    """What was looked at, and what was found.

    trials, restarts: complete ones that were looked at; retrained: restarts trained again; foreign:
    numbers of trials that others put into the published study, which count in nothing; elsewhere:
    how many of those trained again are of another kind of machine, and compared by outcome alone.
    """

    trials: int
    restarts: int
    retrained: int
    findings: tuple[Finding, ...]
    foreign: tuple[int, ...] = ()
    elsewhere: int = 0


def check(store: Store, study: StoredStudy, retrain: int, draw: int) -> Check:
    """Check a study as `Study.check` says."""
    plan = Plan.from_record(study.name, study.record)
    trials, restarts, findings = check_study(store, study.study_id, plan)
    drawn = sample(store, study.study_id, 0 if plan.problem.outdated else retrain, draw)
    machines = store.machines(study.study_id) if drawn else {}
    elsewhere = 0
    for recorded in drawn:
        machine = machines.get(recorded.trial)
        elsewhere += machine is not None and machine != kind_of_machine()
        what = retrained(plan.problem, recorded, machine)
        if what is not None:
            findings.append(Finding(recorded.trial, recorded.restart.seed, what))
    foreign, different = _published(OpenStudy(study.study_id, plan, store))
    findings += [
        Finding(
            number,
            None,
            "the Optuna study shows another result: delete that study in the dashboard, and the "
            "next launch makes it again",
        )
        for number in different
    ]
    return Check(trials, restarts, len(drawn), tuple(findings), tuple(foreign), elsewhere)


def _published(study: OpenStudy) -> tuple[list[int], list[int]]:
    """What differs in the published study; nothing if there is none."""
    if not has_optuna_tables(study.store.url):
        return [], []
    storage = open_optuna_storage(study.store.url, writing=False)
    try:
        return published_differences(study, storage)
    except NotPublishedError:
        return [], []
    finally:
        storage.engine.dispose()
