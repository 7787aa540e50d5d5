"""What every backend of the store must read of restarts and their summaries."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.problem.levels import levels_of
from search.problem.rows import (
    BestRestart,
    EscapeEpochs,
    Outcome,
    Restart,
)
from search.problem.success import Success
from search.statistics.objectives import summarize
from storage import sql_reading
from storage.contract import Store
from storage.errors import RecordError
from storage.values import StoredStudy
from tests.storage_tests.made import (
    ADAM,
    EPOCHS,
    FOUR_POINTS,
    RECORD,
    SGD,
    add,
    claim,
    comparable,
    judged,
    of_points,
    restart,
    stepped,
)


class ResultsContract:
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
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
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

    def test_successes_are_counted_by_any_criterion(self, store: Store, study: StoredStudy) -> None:
        """Of 4 points, of which 2 are of the larger class; one that diverged never counts."""
        add(
            store,
            study,
            ADAM,
            judged(1, 2, 0.9),
            judged(2, 3, 0.5),
            judged(3, 4, 0.2),
            judged(4, 4, 0.1),
            replace(judged(5, 4, 0.0), outcome=Outcome.DIVERGED, escape_epoch=None),
            judged(6, 2, math.inf),
        )
        race = store.add_race(study.study_id, {}, [], 7)
        add(store, study, ADAM, judged(7, 4, 0.05), race=race.race_id)
        add(store, study, SGD, judged(1, 3, 0.3), judged(2, 4, math.nan), judged(3, 1, -math.inf))
        claim(store, study, Configuration("none", "adam", 0.1), 1)
        other = store.add_study("other", RECORD)
        add(store, other, ADAM, judged(1, 4, 0.01))

        def counted(text: str, *, races: bool = True) -> tuple[int, int]:
            of = store.successes(study.study_id, Success.of(text), FOUR_POINTS, races=races)
            assert set(of) == {ADAM, SGD}
            return of[ADAM], of[SGD]

        for text, with_race, without in (
            ("escaped", (4, 2), (3, 2)),
            ("solved", (3, 1), (2, 1)),
            ("escaped:0", (4, 2), (3, 2)),
            ("escaped:0.24", (4, 2), (3, 2)),
            ("escaped:0.25", (3, 1), (2, 1)),
            ("escaped:0.3", (3, 1), (2, 1)),
            ("accuracy:0.2", (6, 3), (5, 3)),
            ("accuracy:0.75", (4, 2), (3, 2)),
            ("accuracy:0.76", (3, 1), (2, 1)),
            ("accuracy:1", (3, 1), (2, 1)),
            ("loss:0.2", (3, 0), (2, 0)),
            ("loss:0", (0, 0), (0, 0)),
            ("loss:1", (5, 1), (4, 1)),
            ("best:0", (1, 0), (0, 0)),  # the race has the lowest
            ("best:0.05", (2, 0), (1, 0)),
            ("best:0.25", (3, 1), (2, 1)),
        ):
            assert counted(text) == with_race, text
            assert counted(text, races=False) == without, text
        assert store.successes(other.study_id, Success.of("best:0"), FOUR_POINTS) == {ADAM: 1}

    def test_without_restarts_or_without_a_finite_loss_nothing_succeeds(
        self, store: Store, study: StoredStudy
    ) -> None:
        best = Success.of("best:1")
        assert store.successes(study.study_id, best, FOUR_POINTS) == {}
        add(store, study, ADAM, replace(judged(1, 4, math.nan), outcome=Outcome.DIVERGED))
        assert store.successes(study.study_id, best, FOUR_POINTS) == {ADAM: 0}
        assert store.successes(study.study_id, Success(), FOUR_POINTS) == {ADAM: 0}

    @given(points=st.integers(2, 3000), data=st.data())
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_margin_counts_points_as_a_launch_does(
        self, store: Store, points: int, data: st.DataObject
    ) -> None:
        """Whatever is written as a margin: points just below it do not count, those above do."""
        problem = of_points(points)
        most = 0.999 * (1 - problem.data.plateau)
        margin = data.draw(
            st.integers(0, points // 2 - 1).map(lambda count: count / points) | st.floats(0, most)
        )
        bar = Success("escaped", margin).least_correct(problem)
        assert bar == replace(problem, margin=margin, solved_at=1.0).bars.escaped
        study = store.add_study("any", RECORD)
        near = range(max(0, bar - 2), min(points, bar + 2) + 1)
        rows = [
            replace(restart(seed, Outcome.NOT_ESCAPED), accuracy=correct / points, right=correct)
            for seed, correct in enumerate(near)
        ]
        add(store, study, ADAM, *rows)
        found = store.successes(study.study_id, Success("escaped", margin), problem)
        store.delete_study(study.study_id)
        assert found == {ADAM: sum(correct >= bar for correct in near)}

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

    @given(
        trials=st.lists(
            st.tuples(
                st.sampled_from([ADAM, SGD]),
                st.booleans(),
                st.lists(
                    st.tuples(st.lists(st.integers(0, 9), min_size=6, max_size=6), st.booleans()),
                    min_size=1,
                    max_size=5,
                ),
            ),
            max_size=5,
        ),
        least=st.integers(5, 9),
    )
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_epochs_of_any_accuracy_are_those_of_the_histories(
        self,
        store: Store,
        trials: list[tuple[Configuration, bool, list[tuple[list[int], bool]]]],
        least: int,
    ) -> None:
        """Brute force over the histories of 9 points, 4 of them the plateau's."""
        study = store.add_study("any", RECORD)
        race = store.add_race(study.study_id, {}, [], 0)
        first = 0
        expected: dict[bool, dict[Configuration, list[int | None]]] = {True: {}, False: {}}
        for key, is_raced, histories in trials:
            finals = np.array([0 if diverged else history[-1] for history, diverged in histories])
            correct = np.array([history for history, _ in histories]).T
            rows = [
                replace(
                    restart(first + lane, Outcome.DIVERGED if diverged else Outcome.ESCAPED),
                    right=history[-1],
                    levels=levels,
                )
                for lane, ((history, diverged), levels) in enumerate(
                    zip(histories, levels_of(correct, finals, 4), strict=True)
                )
            ]
            add(store, study, key, *rows, race=race.race_id if is_raced else None)
            first += len(rows)
            reached = [
                next((e for e in range(1, 7) if min(history[e - 1 :]) >= least), None)
                if not diverged
                else None
                for history, diverged in histories
            ]
            for races in (True, *([False] if not is_raced else [])):
                expected[races].setdefault(key, []).extend(reached)
        for races, of in expected.items():
            found = store.success_epochs(study.study_id, least, races=races)
            assert {row.configuration for row in found} == set(of)
            for row in found:
                at = Counter(epoch for epoch in of[row.configuration] if epoch is not None)
                assert row.restarts == len(of[row.configuration])
                assert row.tally == tuple(sorted(at.items()))
        store.delete_study(study.study_id)

    def test_epochs_of_a_criterion_count_what_diverged_apart(
        self, store: Store, study: StoredStudy
    ) -> None:
        lost = replace(judged(3, 4, math.nan), outcome=Outcome.DIVERGED, levels=b"")
        late = replace(judged(2, 4, 0.1), levels=stepped((3, 3), (9, 4)))
        add(store, study, ADAM, judged(1, 3, 0.2), late, lost)
        claim(store, study, ADAM, 4)
        (solved,) = store.success_epochs(study.study_id, 4)
        assert solved == EscapeEpochs(ADAM, restarts=3, diverged=1, tally=((9, 1),))
        (escaped,) = store.success_epochs(study.study_id, 3)
        assert escaped.tally == ((3, 1), (7, 1))
        assert escaped.spent(200) == 3 + 7 + 200
        assert store.success_epochs(store.add_study("other", RECORD).study_id, 3) == []

    def test_no_point_wrong_is_a_success_where_some_are_undecided(
        self, store: Store, study: StoredStudy
    ) -> None:
        stuck = replace(judged(1, 2, 0.35), undecided=2, wrong=0)
        lost = replace(judged(4, 4, 0.1), outcome=Outcome.DIVERGED)
        add(store, study, ADAM, stuck, judged(2, 3, 0.3), judged(3, 4, 0.1), lost)
        of = store.successes(study.study_id, Success.of("not-wrong"), FOUR_POINTS)
        assert of == {ADAM: 2}
        assert store.successes(study.study_id, Success.of("accuracy:1"), FOUR_POINTS) == {ADAM: 1}

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

    def test_strays_are_counted(self, store: Store, study: StoredStudy) -> None:
        add(store, study, ADAM, restart(1), restart(2))
        assert store.stray_restarts(study.study_id) == 0
        trial = store.add_trial(study.study_id, ADAM, range(8, 9), "me")
        assert store.complete_trial(
            trial, [restart(8), restart(99)], (), summarize([restart(8)], 9)
        )
        assert store.stray_restarts(study.study_id) == 1
        assert store.integrity_errors() == []
