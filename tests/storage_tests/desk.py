"""What every backend must do for a service: the order of studies, keys, the audit, uploads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from storage.contract import Store
from storage.errors import RecordError
from storage.values import (
    AccessKey,
    AuditLine,
    Limits,
    Scope,
    StoredStudy,
    StudyState,
    TrialState,
)
from tests.storage_tests.made import ADAM, RECORD, add, claim, complete, restart

KEY = AccessKey("anna", "a" * 64, Scope.SUBMIT, created=1.0, expires=9.0)


class DeskContract:
    """Tests of `Desk`, of a backend's `store` and a `study` in it."""

    def test_a_study_that_is_made_is_queued(self, store: Store, study: StoredStudy) -> None:
        entry = store.entry(study.study_id)
        assert entry is not None
        assert (entry.name, entry.state, entry.priority) == ("bands", StudyState.QUEUED, 0)
        assert not entry.at_once
        assert store.entries() == [entry]
        store.delete_study(study.study_id)
        assert store.entry(study.study_id) is None

    def test_studies_are_trained_by_priority_and_age(
        self, store: Store, study: StoredStudy
    ) -> None:
        for name in ("second", "third"):
            store.add_study(name, RECORD)
        assert [entry.name for entry in store.entries()] == ["bands", "second", "third"]
        store.set_priority(store.entries()[2].study_id, 5)
        store.set_priority(study.study_id, -1)
        assert [entry.name for entry in store.entries()] == ["third", "second", "bands"]
        assert [entry.priority for entry in store.entries()] == [5, 0, -1]

    def test_a_study_moves_only_from_the_states_named(
        self, store: Store, study: StoredStudy
    ) -> None:
        key = study.study_id
        assert store.move_study(key, StudyState.PAUSED, {StudyState.QUEUED})
        assert not store.move_study(key, StudyState.SETTLED, {StudyState.QUEUED})
        paused = store.entry(key)
        assert paused is not None
        assert paused.state is StudyState.PAUSED
        both = {StudyState.QUEUED, StudyState.PAUSED}
        assert store.move_study(key, StudyState.CANCELLED, both, at_once=True)
        assert store.move_study(key, StudyState.FAILED, {StudyState.CANCELLED}, reason="why")
        failed = store.entry(key)
        assert failed == replace(
            paused,
            state=StudyState.FAILED,
            reason="why",
            changed=failed.changed if failed else 0,
        )
        assert not store.move_study(key + 1, StudyState.PAUSED, set(StudyState))

    def test_the_mark_changes_with_every_change(self, store: Store, study: StoredStudy) -> None:
        other = store.add_study("other", RECORD)
        still, seen = store.change_mark(other.study_id), [store.change_mark(study.study_id)]
        everything = [store.change_mark()]

        def look() -> None:
            seen.append(store.change_mark(study.study_id))
            everything.append(store.change_mark())

        trial = claim(store, study, ADAM, 1)
        look()
        store.end_attempt(trial, TrialState.WAITING, "interrupted")
        look()
        trial = store.take_trial(trial, "me")
        look()
        complete(store, trial, restart(1))
        look()
        store.move_study(study.study_id, StudyState.PAUSED, {StudyState.QUEUED})
        look()
        store.set_search(study.study_id, {"trials": 7})
        look()
        store.set_priority(study.study_id, 3)
        look()
        assert len(set(seen)) == len(set(everything)) == 8
        assert store.change_mark(study.study_id) == seen[-1]
        assert store.change_mark(other.study_id) == still
        store.delete_study(other.study_id)
        assert store.change_mark() != everything[-1]

    def test_the_trials_that_ended_last_are_of_all_studies(
        self, store: Store, study: StoredStudy
    ) -> None:
        other = store.add_study("other", RECORD)
        add(store, study, ADAM, restart(1))
        add(store, other, ADAM, restart(1), restart(2))
        claim(store, study, ADAM, 9)
        found = store.finished_lately(9)
        assert [(trial.study_id, trial.restarts) for trial in found] == [
            (other.study_id, 2),
            (study.study_id, 1),
        ]
        assert found[1].began <= found[1].ended <= found[0].ended
        assert store.finished_lately(1) == found[:1]

    def test_keys_are_kept_until_they_are_revoked_and_known_afterwards(self, store: Store) -> None:
        assert store.access_keys() == []
        store.add_key(KEY)
        store.add_key(AccessKey("ben", "b" * 64, Scope.READ, 2.0))
        assert store.access_keys() == [KEY, AccessKey("ben", "b" * 64, Scope.READ, 2.0)]
        with pytest.raises(RecordError, match="has a key 'anna' already, or had one"):
            store.add_key(replace(KEY, digest="c" * 64))
        assert store.revoke_key("anna")
        assert not store.revoke_key("anna")
        assert not store.revoke_key("nobody")
        anna, ben = store.access_keys()
        assert anna.revoked is not None
        assert ben.revoked is None
        assert not anna.is_valid(5.0)
        assert KEY.is_valid(5.0)
        assert not KEY.is_valid(9.0)

    def test_a_key_keeps_its_limits(self, store: Store) -> None:
        for key in (
            replace(KEY, limits=Limits(3, 10**15, 2**40)),
            AccessKey("ben", "b" * 64, Scope.READ, 2.0, limits=Limits(most_work=7)),
        ):
            store.add_key(key)
            assert store.access_keys()[-1] == key

    def test_studies_that_are_queued_are_counted_for_the_key_that_submitted_them_last(
        self, store: Store, study: StoredStudy
    ) -> None:
        store.add_key(KEY)
        other = store.add_study("other", RECORD)
        assert store.queued_by("anna", 0) == 0
        for each in (study, other, other):
            store.set_submitter(each.study_id, "anna")
        assert store.queued_by("anna", 0) == 2
        assert store.queued_by("anna", besides=other.study_id) == 1
        store.move_study(study.study_id, StudyState.PAUSED, {StudyState.QUEUED})
        assert store.queued_by("anna", 0) == 1
        store.set_submitter(other.study_id, "ben")
        assert (store.queued_by("anna", 0), store.queued_by("ben", 0)) == (0, 1)
        store.delete_study(other.study_id)
        assert store.queued_by("ben", 0) == 0

    def test_only_one_at_a_time_finds_room_for_a_study(
        self, make_store: Callable[[], Store], store: Store
    ) -> None:
        """Each in a store of its own, as two servers or two requests have it."""
        store.add_key(KEY)
        counted: list[int] = []

        def submit(number: int) -> None:
            with closing(make_store()) as own, own.transaction():
                found = own.queued_by("anna", 0)
                time.sleep(0.05)  # in which the others would count the same
                counted.append(found)
                own.set_submitter(own.add_study(f"s{number}", RECORD).study_id, "anna")

        threads = [threading.Thread(target=submit, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counted == [0, 1, 2, 3]

    def test_a_link_opens_its_study_until_it_is_deleted(
        self, store: Store, study: StoredStudy
    ) -> None:
        other = store.add_study("other", RECORD)
        first = store.add_share(study.study_id, "a" * 64, None, 1.0, None)
        second = store.add_share(study.study_id, "b" * 64, "anna", 2.0, 9.0)
        gone = store.add_share(other.study_id, "c" * 64, "anna", 3.0, None)
        assert store.shares(study.study_id) == [first, second]
        assert store.shared("b" * 64) == second
        assert (second.key, second.created, second.expires) == ("anna", 2.0, 9.0)
        assert [second.is_valid(now) for now in (8.0, 9.0)] == [True, False]
        assert store.shared("d" * 64) is None
        assert not store.delete_share(other.study_id, first.share_id)
        assert store.delete_share(study.study_id, first.share_id)
        assert not store.delete_share(study.study_id, first.share_id)
        assert store.shared("a" * 64) is None
        store.delete_study(other.study_id)
        assert store.shared("c" * 64) is None
        assert store.shares(gone.study_id) == []

    def test_a_scope_includes_those_before_it(self) -> None:
        allowed = [[scope.allows(wanted) for wanted in Scope] for scope in Scope]
        assert allowed == [[True, False, False], [True, True, False], [True, True, True]]

    def test_the_audit_is_read_from_its_end(self, store: Store) -> None:
        lines = [AuditLine(float(at), "anna" if at else None, "pause", "bands") for at in range(3)]
        for line in lines:
            store.add_audit(line)
        assert store.audit(2) == [lines[2], lines[1]]
        assert store.audit(9) == lines[::-1]

    def test_an_upload_replaces_the_one_of_its_name(self, store: Store) -> None:
        assert store.put_upload("points", ".csv", b"x,y\n")
        assert not store.put_upload("points", ".csv", b"x,y\n")
        assert store.put_upload("points", ".parquet", b"other")
        assert store.upload("points") == (".parquet", b"other")
        assert store.upload("none") is None
        assert store.uploads() == {"points": 5}
        assert store.upload_suffixes() == {"points": ".parquet"}
