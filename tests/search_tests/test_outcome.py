from __future__ import annotations

import math

import numpy as np
import pytest

from search.datasets import bands
from search.outcome import Bars, judge
from search.problem import Problem
from storage.rows import Outcome


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
    assert Problem(bands(), margin=margin, target=target).bars == bars


def test_only_escaped_and_solved_have_escaped() -> None:
    assert [outcome for outcome in Outcome if outcome.has_escaped] == ["escaped", "solved"]
