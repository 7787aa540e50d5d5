"""What every backend of the store must do: one class of tests, for each to pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from search.problem.rows import (
    Outcome,
    StudySummary,
)
from search.statistics.objectives import summarize
from storage.contract import Store
from storage.errors import RecordError
from storage.values import StoredStudy, TrialState
from tests.storage_tests.desk import DeskContract
from tests.storage_tests.made import (
    ADAM,
    EPOCHS,
    RECORD,
    SGD,
    add,
    claim,
    complete,
    restart,
)
from tests.storage_tests.results import ResultsContract


class StoreContract(DeskContract, ResultsContract):
    """All tests. A backend's class gives `make_store`, which opens its one database again."""

    @pytest.fixture
    def store(self, make_store: Callable[[], Store]) -> Store:
        return make_store()

    @pytest.fixture
    def study(self, store: Store) -> StoredStudy:
        return store.add_study("bands", RECORD)

    # Studies

    def test_what_is_kept_of_a_study_comes_back(self, store: Store) -> None:
        one, two = store.add_study("one", RECORD), store.add_study("two", RECORD)
        assert store.find_study("one") == one == StoredStudy(one.study_id, "one", RECORD)
        assert store.find_study("other") is None
        assert store.studies() == [one, two]
        store.set_search(one.study_id, {"restarts": 3})
        found = store.find_study("one")
        assert found is not None
        assert found.record == replace(RECORD, search={"restarts": 3})
        assert store.find_study("two") == two

    def test_a_name_stands_once(self, store: Store, study: StoredStudy) -> None:
        with pytest.raises(RecordError, match="has a study 'bands' already"):
            store.add_study("bands", RECORD)
        assert store.studies() == [study]

    def test_a_deleted_study_leaves_nothing_and_its_ids_are_not_used_again(
        self, store: Store, study: StoredStudy
    ) -> None:
        race = store.add_race(study.study_id, {}, [], 0)
        gone = [
            add(store, study, ADAM, restart(1)),
            claim(store, study, ADAM, 9, race=race.race_id),
        ]
        other = store.add_study("other", RECORD)
        kept = add(store, other, ADAM, restart(1))
        store.delete_study(study.study_id)
        assert store.find_study("bands") is None
        assert not complete(store, gone[1], restart(9))
        assert not store.end_attempt(gone[1], TrialState.WAITING, "too late")
        with store.transaction():
            assert not store.lock_study(study.study_id)
            assert store.lock_study(other.study_id)
        again = store.add_study("bands", RECORD)
        fresh = claim(store, again, ADAM, 1)
        assert again.study_id not in (study.study_id, other.study_id)
        assert fresh.trial_id not in (kept.trial_id, *(trial.trial_id for trial in gone))
        assert store.races(again.study_id) == []
        assert list(store.restarts(again.study_id)) == []
        assert store.add_race(again.study_id, {}, [], 0).race_id != race.race_id
        assert len(list(store.restarts(other.study_id))) == 1

    def test_studies_do_not_mix(self, store: Store, study: StoredStudy) -> None:
        other = store.add_study("other", RECORD)
        add(store, study, ADAM, restart(1), restart(2, Outcome.NOT_ESCAPED))
        add(store, other, ADAM, restart(1))
        claim(store, other, ADAM, 5)
        assert store.study_summaries() == [
            StudySummary("bands", {"data": "bands"}, {}, 1, 2, 1, size=0, trial_restarts=2),
            StudySummary("other", {"data": "bands"}, {}, 1, 1, 1, size=0, trial_restarts=2),
        ]
        assert [row.restart.seed for row in store.restarts(study.study_id)] == [1, 2]
        assert [trial.number for trial in store.trials(other.study_id)] == [0, 1]
        assert [counts.restarts for counts in store.configuration_counts(other.study_id)] == [1]
        assert [epochs.restarts for epochs in store.escape_epochs(study.study_id)] == [2]
        ((member,),) = store.members(other.study_id, ADAM)
        assert member.seed == 1

    # The queue

    def test_trials_are_numbered_from_zero_and_start_running(
        self, store: Store, study: StoredStudy
    ) -> None:
        first = store.add_trial(study.study_id, ADAM, range(256, 512), "me")
        second = store.add_trial(study.study_id, SGD, range(0, 64))
        assert (first.number, second.number) == (0, 1)
        assert (first.state, first.launcher, first.attempt) == (TrialState.RUNNING, "me", 1)
        assert (second.state, second.launcher, second.attempt) == (TrialState.WAITING, None, 0)
        assert first.seeds == range(256, 512)
        assert store.trials(study.study_id) == [first, second]
        assert store.trials(study.study_id, 1) == [second]
        assert store.trials(study.study_id, 1, {0}) == [second], "the first is not final"

    def test_a_complete_trial_is_final(self, store: Store, study: StoredStudy) -> None:
        trial = claim(store, study, ADAM, 4, 5)
        assert complete(store, trial, restart(4), restart(5))
        (found,) = store.trials(study.study_id)
        assert (found.state, found.values, found.attempt) == (TrialState.COMPLETE, (0.5,), 1)
        assert store.trials(study.study_id, 1, {0}) == [found]
        assert found.began is not None
        assert found.ended is not None
        assert found.began <= found.ended
        assert not complete(store, trial, restart(4), restart(5))
        assert not store.end_attempt(trial, TrialState.WAITING, "too late")
        assert store.unfinished_trials(study.study_id) == []
        assert len(list(store.restarts(study.study_id))) == 2

    @pytest.mark.parametrize("state", [TrialState.WAITING, TrialState.FAILED, TrialState.GIVEN_UP])
    def test_an_attempt_that_ended_without_restarts(
        self, store: Store, study: StoredStudy, state: TrialState
    ) -> None:
        trial = claim(store, study, ADAM, 4)
        assert store.end_attempt(trial, state, "its worker died")
        (found,) = store.trials(study.study_id)
        assert (found.state, found.reason, found.values) == (state, "its worker died", ())
        assert store.unfinished_trials(study.study_id) == ([] if state.is_final else [found])
        assert not complete(store, trial, restart(4))

    def test_a_late_attempt_writes_nothing(self, store: Store, study: StoredStudy) -> None:
        late = claim(store, study, ADAM, 4)
        again = store.take_trial(late, "other")
        assert (again.trial_id, again.number, again.attempt) == (late.trial_id, 0, 2)
        assert store.trials(study.study_id) == [again]
        mine_again = store.take_trial(again, "me")  # the same launcher, but a later attempt
        for lost in (late, again):
            assert not complete(store, lost, restart(4))
            assert not store.end_attempt(lost, TrialState.GIVEN_UP, "too late")
        assert complete(store, mine_again, restart(4))

    def test_a_settled_trial_is_not_taken(self, store: Store, study: StoredStudy) -> None:
        done = add(store, study, ADAM, restart(4))
        with pytest.raises(RecordError, match="trial 0 is settled or was deleted"):
            store.take_trial(done, "other")
        assert len(list(store.restarts(study.study_id))) == 1

    def test_what_nobody_trains_is_found_by_number(self, store: Store, study: StoredStudy) -> None:
        def found(*alive: str, race: int | None = None, held: tuple[int, ...] = ()) -> int | None:
            with store.transaction():
                trial = store.abandoned_trial(study.study_id, race, alive, held)
            return None if trial is None else trial.number

        race = store.add_race(study.study_id, {}, [], 500).race_id
        add(store, study, ADAM, restart(1))
        of_one = store.add_trial(study.study_id, ADAM, range(2, 3), "one")
        of_two = store.add_trial(study.study_id, ADAM, range(3, 4), "two")
        claim(store, study, ADAM, 500, race=race)
        assert store.launchers(study.study_id) == {"one": 1, "two": 1, "me": 1}
        assert found() == 1
        assert found("one") == 2
        assert found("one", held=(of_two.trial_id,)) is None
        assert found("one", "two") is None
        assert found(race=race) == 3
        assert found("me", race=race) is None
        store.end_attempt(of_two, TrialState.FAILED, "no worker could")
        assert found("one", "two") == 2
        store.end_attempt(of_one, TrialState.WAITING, "interrupted")
        assert found("one", "two") == 1
        store.end_attempt(store.take_trial(of_one, "two"), TrialState.GIVEN_UP, "it died")
        assert found("one", "two") == 2
        store.add_trial(study.study_id, ADAM, range(4, 5), "me")
        assert store.launchers(study.study_id) == {"me": 2}

    def test_trials_of_the_search_are_counted_by_state(
        self, store: Store, study: StoredStudy
    ) -> None:
        race = store.add_race(study.study_id, {"alpha": 0.05}, [{"restarts": 1}], 500)
        assert store.count_trials(study.study_id) == store.trial_counts() == {}
        add(store, study, ADAM, restart(1))
        claim(store, study, ADAM, 2)
        claim(store, study, ADAM, 3)
        add(store, study, ADAM, restart(500), race=race.race_id)
        assert store.count_trials(study.study_id) == {
            TrialState.COMPLETE: 1,
            TrialState.RUNNING: 2,
        }
        assert store.trial_counts() == {study.study_id: store.count_trials(study.study_id)}
        assert store.count_trials(study.study_id).total() == 3
        claim(store, study, ADAM, 501, race=race.race_id)
        assert store.count_trials(study.study_id)[TrialState.RUNNING] == 2
        assert store.trial_counts()[study.study_id][TrialState.RUNNING] == 3
        assert [trial.number for trial in store.race_trials(race.race_id)] == [3, 4]
        assert store.races(study.study_id) == [race]
        assert store.raced_restarts(study.study_id) == 1

    def test_a_seed_stands_once_in_a_configuration(self, store: Store, study: StoredStudy) -> None:
        add(store, study, ADAM, restart(1), restart(2))
        twice = claim(store, study, ADAM, 2, 3)
        with pytest.raises(RecordError, match=r"UNIQUE|unique"):
            complete(store, twice, restart(2), restart(3))
        assert [row.restart.seed for row in store.restarts(study.study_id)] == [1, 2]
        assert store.trials(study.study_id)[1].state is TrialState.RUNNING
        add(store, study, SGD, restart(2))
        assert len(list(store.restarts(study.study_id))) == 3

    # Transactions

    def test_a_transaction_that_fails_leaves_nothing(
        self, store: Store, study: StoredStudy
    ) -> None:
        def fail_half_way() -> None:
            with store.transaction():
                add(store, study, ADAM, restart(1))
                with store.transaction():
                    store.add_study("inner", RECORD)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()
        assert store.trials(study.study_id) == []
        assert store.studies() == [study]

    def test_reads_within_a_transaction_see_one_state(
        self, make_store: Callable[[], Store], read_store: Callable[[], Store], study: StoredStudy
    ) -> None:
        writer, reader = make_store(), read_store()
        with reader.transaction():
            assert reader.trials(study.study_id) == []
            other = threading.Thread(target=add, args=(writer, study, ADAM, restart(1)))
            other.start()
            other.join()
            assert reader.trials(study.study_id) == []
            assert reader.configuration_counts(study.study_id) == []
        assert len(reader.trials(study.study_id)) == 1

    def test_a_lock_is_held_by_one(self, store: Store) -> None:
        with store.lock("publishing") as held:
            assert held
            with store.lock("publishing", wait=False) as other:
                assert not other
            with store.lock("another", wait=False) as free:
                assert free
        with store.lock("publishing", wait=False) as again:
            assert again

    # What is published

    def test_what_is_to_be_published(self, store: Store, study: StoredStudy) -> None:
        done, running = add(store, study, ADAM, restart(1)), claim(store, study, SGD, 2)
        assert store.last_published(study.study_id) is None
        assert store.count_unpublished(study.study_id) == 2
        first, second = store.to_publish(study.study_id, 9)
        assert (first.trial.number, first.published_number, first.published_state) == (
            0,
            None,
            None,
        )
        assert first.summary == summarize([restart(1)], EPOCHS)
        assert (second.trial.number, second.summary) == (1, None)
        assert len(store.to_publish(study.study_id, 1)) == 1
        marks = [(done.number, 0, TrialState.COMPLETE), (running.number, 1, TrialState.RUNNING)]
        store.mark_published(study.study_id, marks)
        assert store.to_publish(study.study_id, 9) == []
        assert store.last_published(study.study_id) == 1
        complete(store, running, restart(2))
        (due,) = store.to_publish(study.study_id, 9)
        assert (due.trial.number, due.published_number) == (1, 1)
        assert due.published_state is TrialState.RUNNING
        store.mark_published(study.study_id, [(0, None, None)])
        assert [each.trial.number for each in store.to_publish(study.study_id, 9)] == [0, 1]
