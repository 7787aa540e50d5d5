from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.data.datasets import bands
from search.problem.outcome import Bars, judge
from search.problem.problem import Problem
from search.problem.rows import Outcome


def judged(
    correct: list[int], final: int, finite: list[bool] | None = None, final_loss: float = 0.5
) -> tuple[Outcome, int | None, int | None]:
    return judge(
        correct=np.array(correct),
        finite=np.array(finite or [True] * len(correct)),
        final_correct=final,
        final_loss=final_loss,
        bars=Bars(escaped=68, solved=99),
    )


@pytest.mark.parametrize(
    ("correct", "final", "expected"),
    [
        ([66, 66, 66], 66, (Outcome.NOT_ESCAPED, None, None)),
        ([66, 67, 67], 67, (Outcome.NOT_ESCAPED, None, None)),
        ([66, 70, 90], 90, (Outcome.ESCAPED, 2, None)),
        ([66, 67, 68], 68, (Outcome.ESCAPED, 3, None)),
        ([70, 66, 90], 99, (Outcome.SOLVED, 3, None)),
        ([70, 80, 90], 100, (Outcome.SOLVED, 1, None)),
        ([70, 80, 90], 66, (Outcome.NOT_ESCAPED, None, None)),
        ([66, 66, 66], 70, (Outcome.ESCAPED, 3, None)),
    ],
    ids=[
        "on the plateau",
        "just below the bar",
        "escaped",
        "just at the bar",
        "fell back and solved",
        "above from the start",
        "fell back at the end",
        "escaped within the last epoch",
    ],
)
def test_outcome_and_escape_epoch(
    correct: list[int], final: int, expected: tuple[Outcome, int | None, int | None]
) -> None:
    assert judged(correct, final) == expected


def test_what_diverged_has_not_escaped() -> None:
    outcome = judged([90, 90, 90], 100, [True, False, False])
    assert outcome == (Outcome.DIVERGED, None, 2)
    assert not outcome[0].has_escaped


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_final_loss_that_is_not_finite_has_diverged(loss: float) -> None:
    assert judged([90, 90, 90], 100, final_loss=loss) == (Outcome.DIVERGED, None, 3)


histories = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=12)
losses = st.floats(allow_nan=True, allow_infinity=True)


@given(histories, st.integers(0, 100), losses)
def test_judged_as_the_words_say(
    history: list[tuple[int, bool]], final: int, final_loss: float
) -> None:
    """The definitions of DESIGN.md's words, written out epoch by epoch."""
    correct, finite = [list(part) for part in zip(*history, strict=True)]
    outcome, escape_epoch, diverged_epoch = judged(correct, final, finite, final_loss)
    epochs = range(1, len(history) + 1)

    not_finite = [epoch for epoch in epochs if not finite[epoch - 1]]
    if not not_finite and not math.isfinite(final_loss):
        not_finite = [len(history)]
    assert (outcome is Outcome.DIVERGED) == bool(not_finite)
    assert diverged_epoch == (not_finite[0] if not_finite else None)

    assert outcome.has_escaped == (not not_finite and final >= 68)
    assert (outcome is Outcome.SOLVED) == (not not_finite and final >= 99)
    staying_above = [e for e in epochs if all(count >= 68 for count in correct[e - 1 :])]
    first = staying_above[0] if staying_above else len(history)
    assert escape_epoch == (first if outcome.has_escaped else None)


@pytest.mark.parametrize(
    ("margin", "target", "bars"),
    [
        (0.01, 0.99, Bars(204, 297)),  # 203 of 300 is the margin exactly: not above it
        (0.1, 0.9, Bars(231, 270)),
        (0.0, 0.95, Bars(201, 285)),
        (0.001, 1.0, Bars(201, 300)),
    ],
)
def test_bars_are_exact_where_an_accuracy_would_round(
    margin: float, target: float, bars: Bars
) -> None:
    assert Problem(bands(), margin=margin, solved_at=target).bars == bars


def test_only_escaped_and_solved_have_escaped() -> None:
    assert [outcome for outcome in Outcome if outcome.has_escaped] == ["escaped", "solved"]
