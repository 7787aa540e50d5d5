"""The queue of studies: which trial is next, whatever is ordered, made or deleted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from search.problem.configuration import SearchSpace
from search.problem.plan import Plan
from search.problem.rows import TrialSummary
from search.running.claims import Claim
from search.running.opening import OpenStudy
from search.running.queue_source import QueueSource, QueueWatcher
from search.studies.ordering import order
from search.studies.submitting import submit
from storage.contract import Store
from storage.opening import open_for_writing
from storage.values import StudyState, TrialState
from tests.search_tests.launchers import rows

SPACE = SearchSpace(("none", "standard"), ("sgd",), (0.01,))
PLAN = Plan("one", space=SPACE, restarts=2, sampler="grid", trials=2)


class Told(QueueWatcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def opened(self, study: OpenStudy) -> None:
        self.said.append((study.plan.name, "opened"))

    def closed(self, study_id: int, name: str, state: StudyState | None) -> None:  # noqa: ARG002
        self.said.append((name, state))

    def finished(self, name: str, claim: Claim, summary: TrialSummary) -> None:  # noqa: ARG002
        self.said.append((name, claim.number))


class Worker:
    """One that claims from the queue of a database and finishes what it is told to."""

    def __init__(self, url: str) -> None:
        self.store: Store = open_for_writing(url)
        self.liveness = self.store.liveness()
        self.liveness.__enter__()
        self.told = Told()
        self.source = QueueSource(self.store, self.liveness, self.told, until_empty=True)

    def claim(self) -> Claim:
        claim = self.source.claim()
        assert claim is not None
        return claim

    def finish(self, claim: Claim) -> None:
        assert self.source.finish(claim, rows(claim)) is not None

    def state(self, name: str = "one") -> StudyState:
        return next(each.state for each in self.store.entries() if each.name == name)

    def end(self) -> None:
        self.liveness.__exit__(None, None, None)
        self.store.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 's.db'}"


@pytest.fixture
def worker(url: str) -> Iterator[Worker]:
    made = Worker(url)
    yield made
    made.end()


def make(url: str, name: str = "one", priority: int = 0, trials: int = 2) -> None:
    plan = replace(PLAN, name=name, trials=trials)
    submit(url, name, lambda _kept: plan, priority)


def test_each_claim_begins_at_the_head_of_the_queue(url: str, worker: Worker) -> None:
    make(url)
    first = worker.claim()
    make(url, "urgent", priority=1)
    second, third = worker.claim(), worker.claim()
    fourth = worker.claim()
    assert worker.source.claim() is None
    for claim in (first, second, third, fourth):
        worker.finish(claim)
    assert worker.told.said[2:] == [("one", 0), ("urgent", 0), ("urgent", 1), ("one", 1)]
    assert not worker.source.progress().is_over
    assert worker.source.claim() is None
    assert [worker.state(name) for name in ("one", "urgent")] == [StudyState.SETTLED] * 2
    assert worker.source.progress().is_over
    assert worker.told.said[-2:] == [("urgent", "settled"), ("one", "settled")]


def test_a_held_study_hands_out_nothing_and_recalls_what_has_not_begun(
    url: str, worker: Worker
) -> None:
    make(url)
    claim = worker.claim()
    key = claim.trial.trial_id
    assert worker.source.recalled([claim]) == {}
    order(worker.store, "one", "pause")
    assert worker.source.claim() is None
    assert worker.source.recalled([claim]) == {key: False}
    order(worker.store, "one", "kill")
    assert worker.source.recalled([claim]) == {key: True}
    worker.source.give_back(claim, "it was stopped")
    order(worker.store, "one", "resume")
    again = worker.claim()
    assert (again.number, again.trial.attempt) == (claim.number, 2)
    worker.store.delete_study(worker.store.entries()[0].study_id)
    assert worker.source.recalled([again]) == {key: True}
    assert worker.source.finish(again, rows(again)) is None
    assert worker.source.claim() is None
    assert worker.told.said[-1] == ("one", None)


def test_a_study_that_is_to_be_larger_goes_on(url: str, worker: Worker) -> None:
    make(url)
    first = worker.claim()
    make(url, trials=3)
    for claim in (first, worker.claim(), worker.claim()):
        worker.finish(claim)
    assert worker.source.claim() is None
    assert worker.state() is StudyState.SETTLED
    make(url, trials=4)
    worker.finish(worker.claim())
    (study,) = worker.store.studies()
    assert worker.store.count_trials(study.study_id) == {TrialState.COMPLETE: 4}


def test_a_study_without_a_complete_trial_has_failed_and_says_why(url: str, worker: Worker) -> None:
    make(url, trials=1)
    worker.source.give_up(worker.claim(), "its worker died, 3 times")
    assert worker.source.claim() is None
    (entry,) = worker.store.entries()
    assert entry.state is StudyState.FAILED
    assert entry.reason == "no trial could be trained: its worker died, 3 times"


def test_two_workers_share_the_queue_and_one_takes_over_from_the_other(
    url: str, worker: Worker
) -> None:
    make(url)
    make(url, "two")
    other = Worker(url)
    lost = [other.claim(), other.claim()]
    mine = worker.claim()
    worker.finish(mine)
    assert [worker.told.said[-1][0], len(lost)] == ["two", 2]
    other.end()
    taken = [worker.claim(), worker.claim(), worker.claim()]
    for claim in taken:
        worker.finish(claim)
    assert worker.source.claim() is None
    with closing(open_for_writing(url)) as store:
        assert [entry.state for entry in store.entries()] == [StudyState.SETTLED] * 2
        for study in store.studies():
            found = [row.restart.seed for row in store.restarts(study.study_id)]
            assert len(found) == 4
