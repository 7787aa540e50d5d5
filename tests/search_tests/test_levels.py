"""From which epoch on a restart stays above an accuracy, from its levels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.problem.levels import STEP_BYTES, first_epoch, levels_of, steps
from search.problem.outcome import Bars, judge
from search.problem.rows import Outcome

POINTS, PLATEAU = 12, 5
histories = st.integers(0, 9).flatmap(
    lambda epochs: st.lists(
        st.tuples(
            st.lists(st.integers(0, POINTS), min_size=epochs, max_size=epochs),
            st.integers(0, POINTS),
        ),
        min_size=1,
        max_size=6,
    )
)


def kept(correct: list[list[int]], final: list[int]) -> tuple[bytes, ...]:
    """The levels of restarts by their histories, each of so many epochs."""
    table = np.array(correct, np.int64).reshape(len(final), -1).T
    return levels_of(table, np.array(final), PLATEAU)


def by_definition(correct: list[int], final: int, least: int) -> int | None:
    """The first epoch from which all are right so often, at the latest the last one."""
    if final < least:
        return None
    epochs = range(1, len(correct) + 1)
    staying = [epoch for epoch in epochs if all(each >= least for each in correct[epoch - 1 :])]
    return staying[0] if staying else len(correct)


@given(histories)
def test_levels_answer_every_accuracy_above_the_plateau(
    restarts: list[tuple[list[int], int]],
) -> None:
    correct, final = [list(part) for part in zip(*restarts, strict=True)]
    for levels, history, right in zip(kept(correct, final), correct, final, strict=True):
        for least in range(PLATEAU + 1, POINTS + 1):
            assert first_epoch(levels, least) == by_definition(history, right, least)
        most = max(1, min(len(history), POINTS - PLATEAU))
        assert len(levels) <= most * STEP_BYTES
        pairs = steps(levels).tolist()
        assert pairs == sorted(pairs)
        assert ([points for _, points in pairs] or [right])[-1] == right


@given(histories, st.integers(PLATEAU + 1, POINTS), st.integers(0, 2))
def test_levels_say_what_a_restart_is_judged_by(
    restarts: list[tuple[list[int], int]], escaped: int, more: int
) -> None:
    correct, final = [list(part) for part in zip(*restarts, strict=True)]
    bars = Bars(escaped, min(escaped + more, POINTS))
    for levels, history, right in zip(kept(correct, final), correct, final, strict=True):
        outcome, escape_epoch, diverged_epoch = judge(
            correct=np.array(history, np.int64),
            finite=np.ones(len(history), np.bool_),
            final_correct=right,
            final_loss=0.5,
            bars=bars,
        )
        assert first_epoch(levels, bars.escaped) == escape_epoch
        assert (first_epoch(levels, bars.solved) is not None) == (outcome is Outcome.SOLVED)
        assert diverged_epoch is None


def test_steps_of_a_history() -> None:
    (fell_back, on_the_plateau, by_final_weights) = kept(
        [[6, 9, 7, 12, 8], [5, 5, 9, 5, 5], [5, 5, 5, 5, 5]], [10, 5, 7]
    )
    assert steps(fell_back).tolist() == [[1, 6], [2, 7], [4, 8], [5, 10]]
    assert on_the_plateau == b""
    assert steps(by_final_weights).tolist() == [[5, 7]]


def test_without_epochs_the_only_step_is_of_epoch_0() -> None:
    assert [steps(one).tolist() for one in kept([[], []], [7, 5])] == [[[0, 7]], []]
    nothing = np.zeros(0, np.int64)
    judged = judge(
        correct=nothing,
        finite=nothing.astype(np.bool_),
        final_correct=7,
        final_loss=0.5,
        bars=Bars(6, 12),
    )
    assert judged == (Outcome.ESCAPED, 0, None)
