"""What every backend of the store must count by criteria of success."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.problem.levels import levels_of
from search.problem.rows import EscapeEpochs, Outcome
from search.problem.success import Success
from storage.contract import Store
from storage.values import StoredStudy
from tests.storage_tests.made import (
    ADAM,
    FOUR_POINTS,
    RECORD,
    SGD,
    SUPPRESSED,
    add,
    claim,
    judged,
    of_points,
    restart,
    stepped,
)


class SuccessContract:
    """The tests of which restarts are successes, and from which epoch on."""

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
    @settings(max_examples=40, suppress_health_check=SUPPRESSED)
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
        suppress_health_check=SUPPRESSED,
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
