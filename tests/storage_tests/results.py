"""What every backend of the store must read of restarts and their summaries."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.problem.rows import (
    BestRestart,
    EscapeEpochs,
    Outcome,
    Restart,
)
from search.statistics.objectives import summarize
from storage import sql_reading
from storage.contract import Store
from storage.errors import RecordError
from storage.values import StoredStudy
from tests.storage_tests.made import (
    ADAM,
    EPOCHS,
    RECORD,
    SGD,
    SUPPRESSED,
    add,
    claim,
    comparable,
    complete,
    restart,
    stepped,
)
from tests.storage_tests.successes import SuccessContract


class ResultsContract(SuccessContract):
    """The tests of what is read of a study's results."""

    def test_restarts_come_back_in_order(self, store: Store, study: StoredStudy) -> None:
        rows = [restart(5), restart(4, Outcome.NOT_ESCAPED), restart(6, Outcome.DIVERGED, math.nan)]
        add(store, study, ADAM, *rows)
        add(store, study, SGD, restart(1, Outcome.ESCAPED, math.inf))
        found = list(store.restarts(study.study_id))
        assert [(row.trial, row.restart.seed) for row in found] == [(0, 4), (0, 5), (0, 6), (1, 1)]
        assert [row.configuration for row in found] == [ADAM, ADAM, ADAM, SGD]
        assert found[1].restart == rows[0]
        assert math.isnan(found[2].restart.loss)
        assert found[3].restart.loss == math.inf

    @given(
        row=st.builds(
            Restart,
            seed=st.integers(0, 2**32 - 1),
            outcome=st.sampled_from(Outcome),
            accuracy=st.floats(0, 1),
            loss=st.floats(),
            last_epoch_loss=st.floats(),
            escape_epoch=st.none() | st.integers(1, 2**31 - 1),
            diverged_epoch=st.none() | st.integers(1, 2**31 - 1),
            weights=st.binary(max_size=5000),
            right=st.integers(0, 2**32 - 1),
            undecided=st.integers(0, 2**31 - 1),
            wrong=st.integers(0, 2**32 - 1),
            levels=st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 2), max_size=9).map(
                lambda steps: stepped(*steps)
            ),
        ),
        rate=st.floats(min_value=5e-324, allow_infinity=False),
    )
    @settings(max_examples=40, suppress_health_check=SUPPRESSED)
    def test_any_restart_under_any_learning_rate_survives(
        self, store: Store, row: Restart, rate: float
    ) -> None:
        study = store.add_study("any", RECORD)
        key = Configuration("none", "sgd", rate)
        trial = add(store, study, key, row)
        back = store.restart(study.study_id, trial.number, row.seed)
        store.delete_study(study.study_id)
        assert back.configuration == key
        assert comparable(back.restart) == comparable(row)

    def test_only_complete_trials_are_read(self, store: Store, study: StoredStudy) -> None:
        add(store, study, ADAM, restart(1))
        claim(store, study, ADAM, 2)
        assert [row.restart.seed for row in store.restarts(study.study_id)] == [1]
        assert [counts.restarts for counts in store.configuration_counts(study.study_id)] == [1]
        assert [summary.restarts for summary in store.study_summaries()] == [1]
        with pytest.raises(RecordError, match="trial 1 has no recorded restarts"):
            store.restart(study.study_id, 1, 2)

    def test_a_missing_restart_is_named(self, store: Store, study: StoredStudy) -> None:
        add(store, study, ADAM, restart(4), restart(5))
        with pytest.raises(RecordError, match="trial 0 holds seeds 4 to 5, not 6"):
            store.restart(study.study_id, 0, 6)
        with pytest.raises(RecordError, match="trial 3 has no recorded restarts"):
            store.restart(study.study_id, 3, 4)

    def test_counts_pool_the_trials_of_a_configuration(
        self, store: Store, study: StoredStudy
    ) -> None:
        add(store, study, ADAM, restart(1, loss=0.3), restart(2, Outcome.NOT_ESCAPED, loss=0.6))
        race = store.add_race(study.study_id, {}, [], 3)
        raced = restart(3, Outcome.ESCAPED, 0.2), restart(4, Outcome.DIVERGED, math.nan)
        add(store, study, ADAM, *raced, race=race.race_id)
        add(store, study, SGD, restart(1, Outcome.DIVERGED, 0.1))
        found = {c.configuration: c for c in store.configuration_counts(study.study_id)}
        adam, sgd = found[ADAM], found[SGD]
        assert (adam.trials, adam.restarts, adam.escaped) == (2, 4, 2)
        assert (adam.solved, adam.diverged, adam.epochs_spent) == (1, 1, 7 + 200 + 7 + 200)
        assert (adam.best_trial, adam.best_seed) == (1, 3)
        assert (adam.best_loss, adam.best_accuracy) == (0.2, 0.75)
        assert (sgd.best_trial, sgd.best_seed, sgd.best_loss) == (None, None, None)
        searched = {
            c.configuration: c for c in store.configuration_counts(study.study_id, races=False)
        }
        assert (searched[ADAM].trials, searched[ADAM].restarts, searched[ADAM].escaped) == (1, 2, 1)
        assert searched[ADAM].best_seed == 3, "the best is of all"

    def test_the_best_of_equal_losses_is_the_least_seed(
        self, store: Store, study: StoredStudy
    ) -> None:
        add(store, study, ADAM, restart(9, loss=0.1))
        add(store, study, ADAM, restart(3, loss=0.1), restart(4, loss=0.1))
        (counts,) = store.configuration_counts(study.study_id)
        assert (counts.best_trial, counts.best_seed) == (1, 3)

    def test_summaries_come_back(self, store: Store, study: StoredStudy) -> None:
        rows = [restart(1), restart(2, Outcome.NOT_ESCAPED), replace(restart(3), escape_epoch=3)]
        add(store, study, ADAM, *rows)
        claim(store, study, ADAM, 9)
        ((trial, summary),) = store.summaries(study.study_id)
        assert trial.number == 0
        assert summary == summarize(rows, EPOCHS)
        assert summary.best == BestRestart(1, 0.5, 0.75)
        assert summary.tally == ((3, 1), (7, 1))
        outcomes = [Outcome.SOLVED, Outcome.NOT_ESCAPED, Outcome.SOLVED]
        assert store.outcomes(trial) == outcomes

    def test_escape_epochs_are_tallied_over_the_trials_of_a_configuration(
        self, store: Store, study: StoredStudy
    ) -> None:
        at_three = replace(restart(3), escape_epoch=3)
        add(store, study, ADAM, restart(1), restart(2, Outcome.NOT_ESCAPED), at_three)
        add(store, study, ADAM, restart(4, Outcome.ESCAPED), restart(5, Outcome.DIVERGED, math.nan))
        claim(store, study, ADAM, 6)
        add(store, study, SGD, restart(1, Outcome.DIVERGED))
        found = {row.configuration: row for row in store.escape_epochs(study.study_id)}
        assert found[ADAM] == EscapeEpochs(ADAM, restarts=5, diverged=1, tally=((3, 1), (7, 2)))
        assert found[SGD] == EscapeEpochs(SGD, restarts=1, diverged=1, tally=())

    def test_members_are_those_of_one_configuration_in_complete_trials(
        self, store: Store, study: StoredStudy
    ) -> None:
        add(store, study, ADAM, restart(5), restart(6, Outcome.DIVERGED, math.inf))
        add(store, study, SGD, restart(4))
        add(store, study, ADAM, restart(1, Outcome.NOT_ESCAPED, 0.6))
        claim(store, study, ADAM, 9)
        (block,) = store.members(study.study_id, ADAM)
        assert [(m.seed, m.trial, m.outcome, m.loss, m.weights) for m in block] == [
            (1, 2, Outcome.NOT_ESCAPED, 0.6, b"\x00" * 28),
            (5, 0, Outcome.SOLVED, 0.5, b"\x00" * 28),
            (6, 0, Outcome.DIVERGED, math.inf, b"\x00" * 28),
        ]

    def test_members_come_in_blocks_and_by_their_seeds(
        self, store: Store, study: StoredStudy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(store, study, ADAM, *map(restart, range(7)))
        monkeypatch.setattr(sql_reading, "BLOCK", 3)
        monkeypatch.setattr(sql_reading, "_SEEDS_IN_A_QUERY", 2)
        blocks = list(store.members(study.study_id, ADAM))
        assert [len(block) for block in blocks] == [3, 3, 1]
        assert [member.seed for block in blocks for member in block] == list(range(7))
        assert list(store.members(study.study_id, SGD)) == []
        found = store.members_by_seed(study.study_id, ADAM, [6, 1, 3, 99])
        assert {seed: member.seed for seed, member in found.items()} == {1: 1, 3: 3, 6: 6}
        assert store.members_by_seed(study.study_id, ADAM, []) == {}

    def test_the_kind_of_machine_is_kept_with_each_trial(
        self, store: Store, study: StoredStudy
    ) -> None:
        for seed, machine in enumerate(("one kind", None, "another")):
            trial = claim(store, study, ADAM, seed)
            assert complete(store, trial, restart(seed), machine=machine)
        assert store.machines(study.study_id) == {0: "one kind", 2: "another"}
        assert store.machines(study.study_id + 1) == {}

    def test_strays_are_counted(self, store: Store, study: StoredStudy) -> None:
        add(store, study, ADAM, restart(1), restart(2))
        assert store.stray_restarts(study.study_id) == 0
        trial = store.add_trial(study.study_id, ADAM, range(8, 9), "me")
        assert store.complete_trial(
            trial, [restart(8), restart(99)], (), summarize([restart(8)], 9)
        )
        assert store.stray_restarts(study.study_id) == 1
        assert store.integrity_errors() == []
