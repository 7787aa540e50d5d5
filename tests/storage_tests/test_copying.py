"""A copied study: all that is kept of it, whatever happens on the way, and nothing else's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search.problem.rows import Outcome, StudyRecord
from storage.contract import Store
from storage.copying import copy_study, first_difference
from storage.errors import RecordError
from storage.opening import open_for_writing
from storage.values import StoredStudy, Trial, TrialState
from tests.storage_tests.made import ADAM, RECORD, SGD, add, claim, comparable, complete, restart

DIVERGED = replace(
    restart(11, Outcome.DIVERGED, math.nan), loss=math.nan, last_epoch_loss=math.inf, levels=b""
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    made = [open_for_writing(f"sqlite:///{tmp_path / name}.db") for name in ("here", "there")]
    yield made[0], made[1]
    for store in made:
        store.close()


def full_study(store: Store) -> StoredStudy:
    """Trials in every state, two races, a restart without a number."""
    store.add_study("before", RECORD)  # so that ids differ
    study = store.add_study("s", RECORD)
    add(store, study, ADAM, restart(1), restart(2, Outcome.NOT_ESCAPED))
    add(store, study, SGD, restart(10), DIVERGED)
    gone = claim(store, study, SGD, 20, 21)
    store.end_attempt(gone, TrialState.GIVEN_UP, "it died")
    first = store.add_race(study.study_id, {"alpha": 0.05}, [{"escaped": 1}], 100)
    store.add_race(study.study_id, {"alpha": 0.01}, [], 200)
    add(store, study, ADAM, restart(100), race=first.race_id)
    failed = claim(store, study, ADAM, 30)
    store.end_attempt(failed, TrialState.FAILED, "no worker could")
    claim(store, study, ADAM, 40)  # under way
    return study


def told(store: Store, study: StoredStudy) -> dict[str, Any]:
    """All that is kept of a study but ids and times."""
    races = store.races(study.study_id)
    places: dict[int | None, int | None] = {race.race_id: at for at, race in enumerate(races)}
    places[None] = None

    def of_trial(trial: Trial) -> Trial:
        state = TrialState.WAITING if trial.state is TrialState.RUNNING else trial.state
        plain = replace(trial, trial_id=0, launcher=None, attempt=0, began=None, ended=None)
        return replace(plain, state=state, race=places[trial.race])

    return {
        "record": study.record,
        "races": [(race.rules, race.entrants, race.first_seed) for race in races],
        "trials": [of_trial(trial) for trial in store.trials(study.study_id)],
        "machines": store.machines(study.study_id),
        "summaries": [summary for _, summary in store.summaries(study.study_id)],
        "restarts": [
            (row.trial, row.configuration, comparable(row.restart))
            for row in store.restarts(study.study_id)
        ],
    }


def test_a_copy_holds_all_that_is_kept(stores: tuple[Store, Store]) -> None:
    here, there = stores
    study = full_study(here)
    copy = copy_study(here, study, there, "c")
    assert told(there, copy) == told(here, study)
    assert first_difference(here, study, there, copy) == ""
    assert there.integrity_errors() == []
    assert copy_study(here, study, there, "c") == copy
    assert told(there, copy) == told(here, study)


@pytest.mark.parametrize("writes", range(1, 4))
def test_a_copy_that_was_cut_off_goes_on(
    writes: int, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = stores
    study = full_study(here)
    write, left = there.complete_trial, [writes]

    def cut_off(*arguments: Any) -> bool:
        done = write(*arguments)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt  # within the transaction, whose trial is then not there
        return done

    with monkeypatch.context() as patch:
        patch.setattr(there, "complete_trial", cut_off)
        with pytest.raises(KeyboardInterrupt):
            copy_study(here, study, there, "c")
    unfinished = there.find_study("c")
    assert unfinished is not None
    assert len(list(there.summaries(unfinished.study_id))) == writes - 1
    copy = copy_study(here, study, there, "c")
    assert told(there, copy) == told(here, study)


def test_a_copy_follows_what_its_study_gets(stores: tuple[Store, Store]) -> None:
    here, there = stores
    study = here.add_study("s", RECORD)
    under_way = claim(here, study, ADAM, 1)
    copy = copy_study(here, study, there, "s")
    assert [trial.state for trial in there.trials(copy.study_id)] == [TrialState.WAITING]
    here.end_attempt(under_way, TrialState.WAITING, "interrupted")
    taken = here.take_trial(under_way, "me")
    assert complete(here, taken, restart(1))
    add(here, study, SGD, restart(5))
    here.set_search(study.study_id, {"restarts": 2, "trials": 9})
    found = here.find_study("s")
    assert found is not None
    copy_study(here, found, there, "s")
    copy = next(one for one in there.studies() if one.name == "s")
    assert told(there, copy) == told(here, found)


def test_what_is_no_copy_is_left_alone(stores: tuple[Store, Store]) -> None:
    here, there = stores
    study = full_study(here)
    there.add_study("data", StudyRecord(RECORD.problem, RECORD.search, b"others"))
    there.add_study("space", StudyRecord(RECORD.problem, {"restarts": 3}, RECORD.data))
    add(there, there.add_study("trial", RECORD), ADAM, restart(2), restart(3))
    more = copy_study(here, study, there, "more")
    add(there, more, SGD, restart(99))
    raced = there.add_study("race", RECORD)
    there.add_race(raced.study_id, {"alpha": 0.5}, [], 1)
    before = {one.name: told(there, one) for one in there.studies()}
    for name, message in (
        ("data", "another problem"),
        ("space", "search space"),
        ("trial", "another trial 0"),
        ("more", "has 7 trials, not 6"),
        ("race", "another race 1"),
    ):
        with pytest.raises(RecordError, match=f"{message}.*another name"):
            copy_study(here, study, there, name)
    assert {one.name: told(there, one) for one in there.studies()} == before


def test_a_difference_is_named(stores: tuple[Store, Store]) -> None:
    here, there = stores
    one, other = here.add_study("s", RECORD), there.add_study("s", RECORD)
    add(here, one, ADAM, restart(1), restart(2))
    add(there, other, ADAM, restart(1), replace(restart(2), weights=b"\x01" * 28))
    assert first_difference(here, one, there, other) == "trial 0, seed 2 differs"
    add(there, other, SGD, restart(1))
    add(here, one, SGD, restart(1), restart(2))
    assert "differs" in first_difference(here, one, there, other)
