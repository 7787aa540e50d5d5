"""What is told of data before it trains: ids, what cannot be learned, and what scaling loses."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import SearchSpace
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.errors import InvalidValuesError
from search.problem.plan import Plan
from search.problem.problem import Problem
from search.problem.scaling import SCALINGS

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=100)
CLASSES = np.tile([0, 1], 50)


def of(**columns: object) -> Dataset:
    """A data set of named columns of 100 points, half of each class."""
    shaped = np.column_stack([np.broadcast_to(np.asarray(c), 100) for c in columns.values()])
    labels = CLASSES.astype(np.uint8)
    return Dataset("mine", shaped.astype(np.float64), labels, names=tuple(columns))


@pytest.mark.parametrize("name", BUILT_IN)
def test_of_built_in_data_nothing_is_said(name: str) -> None:
    plan = Plan(problem=Problem(BUILT_IN[name](), margin=0.1), space=SearchSpace(tuple(SCALINGS)))
    assert plan.warnings == ()


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (np.arange(100), "another value in each row, in the order of the rows"),
        (-(np.arange(100) ** 1.5), "another value in each row, in the order of the rows"),
        (20240101 + np.arange(100), "another value in each row, in the order of the rows"),
        (RNG.permutation(100), "another whole number in each row"),
        (RNG.permutation(100) * 0.5, None),
        (np.arange(100) // 2, None),
        (NOISE, None),
    ],
)
def test_a_column_that_looks_like_an_id_is_told(column: object, what: str | None) -> None:
    data = of(id=column, x=NOISE)
    said = f"column 'id' has {what}: if it is an id, leave it out"
    assert data.warnings == (() if what is None else (said,))
    assert [caution.column for caution in data.cautions] == (["id"] if what else [])
    assert not any(caution.column for caution in of(only=column).cautions)


def test_identical_points_of_both_classes_bound_the_accuracy() -> None:
    data = of(x=np.minimum(np.arange(100), 90) % 91 * 1.5, y=0)
    # The last ten points are one, of five in each class.
    assert data.best_accuracy == 0.95
    assert data.warnings == (
        "10 of 100 points have the same features as a point of another class: no network can do "
        "better than an accuracy of 0.9500",
    )
    assert Plan(problem=Problem(data)).warnings[-1] == (
        "no restart can solve the problem: that needs 99 of 100 points, and identical points of "
        "different classes leave 95 at most"
    )
    assert (
        Plan(problem=Problem(data, margin=0.46, solved_at=1))
        .warnings[-1]
        .startswith("no restart can escape: that needs 97 of 100 points, ")
    )
    assert Plan(problem=Problem(data, solved_at=0.95)).warnings == data.warnings


@given(st.lists(st.tuples(st.sampled_from([-0.0, 0.0, 1.0]), st.booleans()), min_size=1))
def test_the_best_accuracy_is_that_of_the_larger_class_at_each_place(
    points: list[tuple[float, bool]],
) -> None:
    points = [*points, (2.0, True), (3.0, False)]
    right = 0
    for place in {place for place, _ in points}:
        here = [label for other, label in points if other == place]
        right += max(sum(here), len(here) - sum(here))
    data = Dataset.of([place for place, _ in points], [label for _, label in points])
    assert data.best_accuracy == right / len(points)


def test_constant_features_are_told_and_nothing_else() -> None:
    assert of(x=1.5, y=2).warnings == (
        "all features are constant: no network can tell the classes apart",
    )
    assert of(x=1).warnings[0].startswith("the only feature is constant")
    assert of(x=NOISE, y=2).warnings == ()


def test_numbers_that_are_one_in_float32_are_told() -> None:
    seconds = 1_700_000_000.5 + RNG.permutation(100)
    plan = Plan(problem=Problem(of(t=seconds, x=NOISE)), space=SearchSpace(tuple(SCALINGS)))
    (said,) = plan.warnings
    assert re.fullmatch(
        r"column 't': of 100 different numbers float32 keeps \d under scaling none, \d+ under "
        r"scaling maxabs; subtract the first of them from all",
        said,
    )
    less = Plan(problem=Problem(of(t=(seconds - seconds[0]) / 3, x=NOISE)), space=plan.space)
    assert less.warnings == ()


def test_numbers_beyond_float32_are_told() -> None:
    plan = Plan(problem=Problem(of(t=NOISE * 1e299, x=NOISE)))
    assert plan.warnings == (
        "column 't' is beyond float32 under scaling none: every restart diverges there; divide it, "
        "or leave the scaling out",
    )


def test_few_equal_numbers_among_very_many_are_chance() -> None:
    features = np.random.default_rng(1).uniform(1, 2, size=(200_000, 1))
    data = Dataset("many", features, (features[:, 0] > 1.5).astype(np.uint8))
    assert len(np.unique(features.astype(np.float32))) < 200_000
    assert Plan(problem=Problem(data)).warnings == ()


@pytest.mark.parametrize("ones", [1, 2, 10])
def test_data_of_nearly_one_class_are_told_what_fits(ones: int) -> None:
    for points in (500, 5_000):
        labels = (np.arange(points) < ones).astype(np.uint8)
        data = Dataset("rare", np.arange(points)[:, None] / 1.0, labels)
        with pytest.raises(
            InvalidValuesError, match=r"; try margin = (\S+), solved_at = 1$"
        ) as raised:
            Problem(data)
        values = dict(raised.value.faults[0].cure)
        assert float(values["margin"]) <= 0.001
        made = Problem(data, margin=float(values["margin"]), solved_at=float(values["solved_at"]))
        assert made.bars.escaped <= made.bars.solved == points
