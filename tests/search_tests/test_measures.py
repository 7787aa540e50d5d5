"""Measures of networks' answers: held to scikit-learn's and to what defines them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics.measures import (
    ABOVE_HALF,
    area_under_curve,
    balanced_accuracy,
    cross_entropy,
    predicted,
    right_points,
    squared_error,
)

RNG = np.random.default_rng(0)
Floats = np.ndarray[Any, np.dtype[np.float32]]


def answers(classes: int, points: int = 211, members: int = 7) -> tuple[Floats, Any]:
    """Logits, some large, some tied, none apart by rounding alone, and labels of every class."""
    shape = (members, points) if classes == 2 else (members, points, classes)
    logits = (RNG.normal(size=shape) * 3).round(2)
    logits[0] = np.round(logits[0])
    logits[1] *= 20
    logits[2, :] = logits[2, 0]
    return logits.astype(np.float32), np.arange(points) * 5 % 13 % classes


def probabilities(logits: Floats) -> np.ndarray[Any, Any]:
    exact = logits.astype(np.float64)
    if logits.ndim == 2:
        return 1 / (1 + np.exp(-exact))
    powers = np.exp(exact - exact.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_measures_are_those_of_scikit_learn(classes: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    logits, labels = answers(classes)
    right = right_points(logits, labels, classes)
    sizes = np.bincount(labels)
    balanced = balanced_accuracy(right, sizes)
    loss, area = cross_entropy(logits, labels), area_under_curve(logits, labels)
    for member, each in enumerate(probabilities(logits)):
        answer = predicted(logits)[member]
        assert (answer == (each > 0.5 if classes == 2 else each.argmax(axis=-1))).all()
        assert right[member].sum() == metrics.accuracy_score(labels, answer, normalize=False)
        hits = metrics.confusion_matrix(labels, answer).diagonal()
        assert right[member].tolist() == hits.tolist()
        wanted = metrics.balanced_accuracy_score(labels, answer)
        assert balanced[member] == pytest.approx(wanted, rel=1e-12)
        if member != 1:  # scikit-learn cuts probabilities off near 0
            wanted = metrics.log_loss(labels, each)
            assert loss[member] == pytest.approx(wanted, rel=1e-6)
        if member != 1:  # whose probabilities are tied at 1
            # Rounded, for scikit-learn takes rounding of float64 for an order.
            wanted = metrics.roc_auc_score(labels, each.round(12), multi_class="ovr")
            assert area[member] == pytest.approx(wanted, rel=1e-9)


def test_rounding_is_no_order() -> None:
    """The area of a constant answer is 1/2 exactly, and a step's is that of its two sides."""
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 4 // 3
    noise = generator.uniform(-4e-7, 4e-7, (5, 200))
    constant = (np.array([[0.0], [-0.7], [30.0], [-2e4], [1.0]]) * (1 + noise)).astype(np.float32)
    constant[0] = noise[0]
    assert (area_under_curve(constant, labels) == 0.5).all()
    step = np.where(np.arange(200) < 100, -8.0, 3.0) + noise[:1]
    assert area_under_curve(step.astype(np.float32), labels) == 0.5
    apart = labels * 1e-3 + noise[:1]
    assert area_under_curve(apart.astype(np.float32), labels) == 1.0
    endless = np.where(labels == 1, np.inf, -np.inf)[None].astype(np.float32)
    assert area_under_curve(endless, labels) == 1.0
    assert area_under_curve(np.abs(endless), labels) == 0.5


def test_the_loss_is_exact_where_probabilities_are_0_and_1() -> None:
    logits = np.array([[200.0, -200.0, 50.0], [-200.0, 200.0, 0.0]], dtype=np.float32)
    loss = cross_entropy(logits, np.array([1, 0, 1]))
    assert loss[0] == pytest.approx(0.0, abs=1e-15)
    assert loss[1] == pytest.approx((400 + np.log(2)) / 3, rel=1e-15)
    softmax = np.stack([np.zeros_like(logits), logits], axis=-1)
    assert cross_entropy(softmax, np.array([1, 0, 1])) == pytest.approx(loss, abs=1e-15)


def test_the_squared_error_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    logits, labels = answers(2)
    error = squared_error(logits, labels)
    for member, each in enumerate(probabilities(logits)):
        assert error[member] == pytest.approx(metrics.brier_score_loss(labels, each), rel=1e-6)
    assert squared_error(np.zeros((1, 4), dtype=np.float32), np.array([0, 1, 1, 0])) == [0.25]


def test_the_loss_of_many_points_is_their_mean() -> None:
    logits = RNG.normal(size=(3, 5_000)).astype(np.float32) * 30
    labels = np.arange(5_000) % 2
    exact = logits.astype(np.float64)
    wanted = np.logaddexp(0, np.where(labels == 1, -exact, exact)).mean(axis=1)
    assert cross_entropy(logits, labels) == pytest.approx(wanted, rel=1e-7)


@given(
    st.lists(
        st.tuples(st.sampled_from([-np.inf, -2.5, -1e-3, -0.0, 0.0, 1.0, 3.5]), st.booleans()),
        max_size=30,
    )
)
def test_the_area_is_the_share_of_pairs_in_order(points: list[tuple[float, bool]]) -> None:
    points = [*points, (1.0, True), (0.0, False)]
    ones = [score for score, is_one in points if is_one]
    zeros = [score for score, is_one in points if not is_one]
    won = sum((one > zero) + (one == zero) / 2 for one in ones for zero in zeros)
    scores = np.array([[score for score, _ in points]], dtype=np.float32)
    labels = np.array([is_one for _, is_one in points], dtype=np.uint8)
    area = area_under_curve(scores, labels)
    assert area[0] == won / (len(ones) * len(zeros))
    assert area_under_curve(-scores, labels)[0] == pytest.approx(1 - area[0], abs=1e-15)


def test_an_area_that_there_is_not_is_no_number() -> None:
    scores = np.array([[0.0, np.nan, 1.0], [0.0, 0.5, 1.0]], dtype=np.float32)
    assert np.isnan(area_under_curve(scores, np.array([0, 1, 1]))).tolist() == [True, False]
    assert np.isnan(area_under_curve(scores, np.array([1, 1, 1]))).all()
    three = np.zeros((1, 3, 3), dtype=np.float32)
    assert area_under_curve(three, np.array([0, 1, 2])).tolist() == [0.5]
    assert np.isnan(area_under_curve(three, np.array([0, 1, 1]))).all()


def test_class_1_needs_a_probability_above_one_half_in_float32() -> None:
    near = np.float32(ABOVE_HALF)
    steps = (near.view(np.int32) + np.arange(-3000, 3001, dtype=np.int32)).view(np.float32)
    tails = np.exp(-steps.astype(np.float64)).astype(np.float32)  # rounded once
    wanted = np.float32(1) / (np.float32(1) + tails) > np.float32(0.5)
    assert 0 < wanted.sum() < len(wanted)
    assert (predicted(steps[None])[0] == wanted).all()
    assert predicted(-steps[None]).sum() == 0


def test_a_constant_answer_is_worth_the_same_with_any_classes() -> None:
    for classes in (2, 3, 5):
        shape = (1, 50) if classes == 2 else (1, 50, classes)
        logits, labels = np.zeros(shape, dtype=np.float32), np.arange(50) % classes
        right = right_points(logits, labels, classes)
        assert balanced_accuracy(right, np.bincount(labels)) == pytest.approx(1 / classes)
        assert area_under_curve(logits, labels).tolist() == [0.5]
        assert cross_entropy(logits, labels) == pytest.approx(np.log(classes))


def test_a_class_without_points_is_left_out_of_balanced_accuracy() -> None:
    right = np.array([[2, 0, 1], [0, 0, 3]])
    assert balanced_accuracy(right, np.array([4, 0, 3])) == pytest.approx([5 / 12, 1 / 2])
