"""A search whose plan asks for a race of the best once its trials are settled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from search.problem.errors import InvalidValuesError, LaunchError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.running.claims import Claim
from search.running.events import Event, RaceBegan, RoundDone
from search.running.orders import settle
from search.running.race_source import last_race_result
from search.running.raced_search import RacedSearch, RoundsTold, study_progress
from search.studies.opening import open_study
from search.studies.ordering import order
from search.studies.submitting import submit
from storage.values import StudyState
from tests.search_tests.launchers import PLAN, Launcher, rows
from tests.search_tests.test_queue_source import Worker

SHARES = {"standard adam 0.1": 1.0, "standard adam 0.01": 0.5}


class Racer(Launcher):
    """A launcher of a study that races its best two."""

    source: RacedSearch

    def __init__(self, folder: Path, **changes: object) -> None:
        super().__init__(folder, PLAN, **{"race": 2, **changes})
        self.source = RacedSearch(self.study, self.liveness)

    def train(self, claim: Claim) -> None:
        share = SHARES.get(str(claim.configuration), 0.0)
        assert self.source.finish(claim, rows(claim, share)) is not None


@pytest.fixture
def racers(tmp_path: Path) -> Iterator[tuple[Racer, Racer]]:
    first, second = Racer(tmp_path), Racer(tmp_path)
    yield first, second
    first.store.close()
    second.store.close()


def train_all(*racers: Racer) -> list[Claim]:
    """They take turns until there is nothing to claim."""
    trained, turn = [], 0
    while (claim := racers[turn % len(racers)].source.claim()) is not None:
        racers[turn % len(racers)].train(claim)
        trained.append(claim)
        turn += 1
    return trained


def test_the_race_follows_the_search_and_ends_the_study(racers: tuple[Racer, Racer]) -> None:
    trained = train_all(*racers)
    search, race = trained[:8], trained[8:]
    assert all(claim.trial.race is None for claim in search)
    assert {claim.trial.race for claim in race} == {1}
    assert {str(claim.configuration) for claim in race} == set(SHARES)
    # 64 restarts of both, of which one is dropped, and 1,024 of the winner.
    assert sum(claim.trial.restarts for claim in race) == 2 * 64 + 1024
    seeds = racers[0].seeds
    assert len(seeds) == len({(name, seed) for _, name, seed in seeds}) == 8 * 2 + 2 * 64 + 1024
    for racer in racers:
        progress = racer.source.progress()
        assert (progress.settled, progress.is_over) == (8, True)
    assert settle(racers[0].study) is StudyState.SETTLED


def test_it_is_not_over_before_its_race_is(racers: tuple[Racer, Racer]) -> None:
    one, two = racers
    for _ in range(7):
        one.train(one.claim())
    last = one.claim()
    assert two.source.claim() is None, "the search is not settled: no race yet"
    assert not study_progress(two.study).is_over
    one.train(last)
    assert not study_progress(two.study).is_over, "the race was not begun"
    of_race = two.claim()
    assert of_race.trial.race == 1
    assert not one.is_over
    assert settle(one.study) is None
    two.kill()
    again = [claim.trial.trial_id for claim in train_all(one)]
    assert of_race.trial.trial_id in again, "what a dead launcher left of the race is trained"
    assert one.is_over
    assert study_progress(one.study).is_over


def test_what_is_given_back_or_given_up_in_a_race(racers: tuple[Racer, Racer]) -> None:
    one, two = racers
    for _ in range(8):
        one.train(one.claim())
    claim = one.claim()
    one.source.give_back(claim, "the launch was interrupted")
    assert two.claim().trial.trial_id == claim.trial.trial_id
    given_up = one.claim()
    one.source.give_up(given_up, "its worker died, 3 times")
    with pytest.raises(LaunchError, match="the race cannot go on: one of its trials was given up"):
        one.source.claim()


def test_more_trials_are_raced_anew(tmp_path: Path) -> None:
    one = Racer(tmp_path)
    train_all(one)
    later = Racer(tmp_path, trials=10)
    assert not later.is_over
    trained = train_all(later)
    assert [claim.trial.race for claim in trained[:3]] == [None, None, 2]
    assert later.is_over


def test_a_race_of_more_is_another_race(tmp_path: Path) -> None:
    one = Racer(tmp_path)
    train_all(one)
    wider = Racer(tmp_path, race=3)
    assert not study_progress(wider.study).is_over
    trained = train_all(wider)
    assert {claim.trial.race for claim in trained} == {2}
    assert len({claim.configuration for claim in trained}) == 3
    assert wider.is_over


def test_a_single_configuration_races_nobody(tmp_path: Path) -> None:
    space = replace(PLAN.space, scalings=("standard",), optimizers=("sgd",), learning_rates=(0.1,))
    one = Racer(tmp_path, space=space, trials=1)
    assert len(train_all(one)) == 1
    assert one.is_over
    assert study_progress(one.study).is_over


def test_a_race_that_begins_is_told_and_each_of_its_rounds(tmp_path: Path) -> None:
    one = Racer(tmp_path)
    told: list[Event] = []
    rounds = RoundsTold(told.append)
    while (claim := one.source.claim()) is not None:
        rounds.look(one.source.racing)
        one.train(claim)
    assert one.is_over
    rounds.look(one.source.racing)
    names = ("standard adam 0.1", "standard adam 0.01")
    assert told == [RaceBegan(1, names), RoundDone(1, 64, 1)]


def test_the_queue_fails_a_study_whose_race_cannot_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    plan = replace(PLAN, name="one", race=2)
    submit(url, "one", lambda _kept: plan)
    worker = Worker(url)
    for _ in range(8):
        worker.finish(worker.claim())
    claim = worker.claim()
    assert claim.trial.race == 1
    worker.source.give_up(claim, "its worker died, 3 times")
    assert worker.source.claim() is None
    assert worker.state() is StudyState.FAILED
    assert worker.told.said[-1] == ("one", StudyState.FAILED)
    (entry,) = worker.store.entries()
    assert entry.reason == "the race cannot go on: one of its trials was given up; begin another"
    study = open_study(url, "one")
    with closing(study.store):
        result = last_race_result(study.store, study.study_id)
    assert result is not None
    assert result.lacks_trial
    order(worker.store, "one", "resume")
    again = worker.claim()
    assert again.trial.race == 2, "whoever resumes it wants another race"
    assert again.trial.first_seed != claim.trial.first_seed
    worker.finish(again)
    order(worker.store, "one", "pause")
    order(worker.store, "one", "resume")
    assert worker.claim().trial.race == 2, "that one goes on"
    worker.end()


def test_a_plan_keeps_its_race() -> None:
    plan = Plan(race=3)
    assert Plan.from_record(plan.name, plan.to_record()) == plan
    assert PlanFields.of(plan).race == 3
    assert PlanFields.of(Plan()).race is None
    assert "race" not in Plan().to_record().search
    assert plan.differences(Plan()) == []
    with pytest.raises(InvalidValuesError, match="race must be 0, or at least 2 configurations"):
        Plan(race=1)
