"""What counts as a success: read from text, told in words, counted in points."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.data.datasets import Dataset
from search.problem.errors import InvalidValuesError
from search.problem.problem import Problem
from search.problem.rows import Outcome
from search.problem.success import ESCAPED, SOLVED, Success


@pytest.mark.parametrize(
    ("text", "success", "words", "rate"),
    [
        ("escaped", ESCAPED, "escaped", "escape rate"),
        ("solved", SOLVED, "solved", "solve rate"),
        (
            "escaped:0.3",
            Success("escaped", 0.3),
            "escaped by more than 0.3",
            "rate of escaped by more than 0.3",
        ),
        (
            "accuracy:0.95",
            Success("accuracy", 0.95),
            "accuracy >= 0.95",
            "rate of accuracy >= 0.95",
        ),
        ("accuracy:1", Success("accuracy", 1), "accuracy >= 1", "rate of accuracy >= 1"),
        (" loss : 1e-3 ", Success("loss", 0.001), "loss <= 0.001", "rate of loss <= 0.001"),
        (
            "best:0",
            Success("best", 0.0),
            "loss within 0 of the lowest",
            "rate of loss within 0 of the lowest",
        ),
    ],
)
def test_a_criterion_is_read_from_text_and_told_in_words(
    text: str, success: Success, words: str, rate: str
) -> None:
    assert Success.of(text) == success
    assert Success.of(success) is success
    assert (success.words, success.rate) == (words, rate)
    assert success.heading.count("\n") == 1


@given(
    st.sampled_from([ESCAPED, SOLVED])
    | st.builds(
        Success,
        st.sampled_from(["escaped", "accuracy", "loss", "best"]),
        st.floats(0, 1, exclude_min=True, exclude_max=True),
    )
)
def test_a_criterion_survives_as_text(success: Success) -> None:
    assert Success.of(str(success)) == success


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "sloved",
            "unknown success 'sloved': did you mean solved? it must be one of accuracy:X, best:X, "
            "escaped, escaped:X, loss:X, not-wrong, solved",
        ),
        ("", "unknown success '': it must be one of accuracy:X"),
        (
            "accuracy",
            "success must have an accuracy above 0 and at most 1, like accuracy:0.95, received "
            "'accuracy'",
        ),
        ("accuracy:95", "at most 1, like accuracy:0.95, received 'accuracy:95'"),
        ("accuracy:0", "success must have an accuracy above 0"),
        ("accuracy:", "received 'accuracy:'"),
        ("solved:0.9", "success must be solved alone, received 'solved:0.9'"),
        ("escaped:1", "a margin above the plateau of at least 0 and less than 1, like escaped:0.3"),
        ("escaped:-0.1", "received 'escaped:-0.1'"),
        ("loss:nan", "success must have a finite loss of at least 0, like loss:0.1, received"),
        ("loss:inf", "success must have a finite loss"),
        ("loss:0,1", "received 'loss:0,1'"),
        ("best:-1", "a finite difference from the lowest loss of at least 0, like best:0.01"),
        (0.95, "success must be a text like 'accuracy:0.95', received 0.95"),
        (None, "success must be a text like 'accuracy:0.95', received None"),
    ],
)
def test_what_is_no_criterion_is_one_line(given: Any, message: str) -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Success.of(given)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert [fault.field for fault in raised.value.faults] == ["success"]


def test_a_value_may_be_one_of_numpys() -> None:
    assert repr(Success("accuracy", np.float64(0.9))) == repr(Success("accuracy", 0.9))
    with pytest.raises(InvalidValuesError, match="success must be a number, received 'a'"):
        Success("accuracy", "a")  # type: ignore[arg-type]
    with pytest.raises(InvalidValuesError, match="success must be a text, received 3"):
        Success(3)  # type: ignore[arg-type]


def test_the_margin_of_the_launch_is_no_other_criterion() -> None:
    problem = Problem(margin=0.05)
    assert Success.of("escaped:0.05").within(problem) == ESCAPED
    other = Success.of("escaped:0.06")
    assert other.within(problem) == other
    assert SOLVED.within(problem) == SOLVED
    with pytest.raises(
        InvalidValuesError,
        match=r"success must leave room above the plateau of 0\.6667, received 'escaped:0\.4'",
    ):
        Success.of("escaped:0.4").within(problem)


@given(points=st.integers(2, 2000), count=st.integers(0, 2000))
def test_points_are_counted_as_a_launch_counts_them(points: int, count: int) -> None:
    """Of decimals that fall on a count of points, too, where floats would round either way."""
    labels = (np.arange(points) % 2).astype(np.uint8)
    data = Dataset("some", np.arange(float(points))[:, None], labels)
    problem = Problem(data=data, margin=0.0, solved_at=1.0)
    share = count % points / points
    if share < 0.99 * (1 - data.plateau):
        launched = replace(problem, margin=share).bars.escaped
        assert Success("escaped", share).least_correct(problem) == launched
    if share > data.plateau:
        launched = replace(problem, solved_at=share).bars.solved
        assert Success("accuracy", share).least_correct(problem) == launched


def test_an_accuracy_on_a_count_is_met_by_that_count() -> None:
    problem = Problem()
    assert 0.68 * 300 > 204, "in floats"
    assert Success("accuracy", 0.68).least_correct(problem) == 204
    assert Success("accuracy", math.nextafter(0.68, 1)).least_correct(problem) == 205
    assert Success("escaped", 0.01).least_correct(problem) == 204
    assert (SOLVED.least_correct(problem), ESCAPED.least_correct(problem)) == (297, 204)
    assert Success("loss", 0.1).least_correct(problem) is None


def test_outcomes_tell_of_escaped_and_solved_alone() -> None:
    assert [one for one in Outcome if ESCAPED.is_met_by(one)] == [Outcome.ESCAPED, Outcome.SOLVED]
    assert [one for one in Outcome if SOLVED.is_met_by(one)] == [Outcome.SOLVED]
    with pytest.raises(ValueError, match="an outcome does not tell of accuracy:1"):
        Success("accuracy", 1.0).is_met_by(Outcome.SOLVED)


def test_epochs_are_kept_of_accuracies_above_the_plateau() -> None:
    problem = Problem()  # of 300 points, 200 of the larger class
    for text, least in (
        ("escaped", 204),
        ("solved", 297),
        ("escaped:0", 201),
        ("accuracy:0.67", 201),
        ("accuracy:1", 300),
    ):
        assert Success.of(text).timed(problem) == least
    for text in ("accuracy:0.6666", "accuracy:0.1", "loss:1", "best:0", "not-wrong"):
        assert not Success.of(text).has_epochs(problem)
        with pytest.raises(InvalidValuesError, match="must have epochs"):
            Success.of(text).timed(problem)
