"""Points whose output stands at 1/2 are told apart, and count as not right."""

from __future__ import annotations

import numpy as np
import pytest

from search.problem.forward import forward
from search.problem.network import Network
from search.problem.undecided import UNDECIDED, sides

NETWORK = Network(1, (1,), "relu")
X = np.array([[-1.0], [-1.0], [1.0], [1.0]], np.float32)
LABELS = np.array([0, 1, 0, 1], np.uint8)


def weights(slope: float, bias: float) -> list[float]:
    """A network whose logit is the bias left of 0, and slope x + bias right of it."""
    return [1.0, 0.0, slope, bias]


def keras_counts(rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[int]:
    counts: list[int] = ((forward(NETWORK, rows, X).logits > 0) == LABELS).sum(axis=1).tolist()
    return counts


@pytest.mark.parametrize(
    ("slope", "bias", "expected"),
    [
        (9.0, -4.0, (2, 0, 2)),
        (9.0, 0.0, (1, 2, 1)),
        (9.0, UNDECIDED / 2, (1, 2, 2)),
        (9.0, -UNDECIDED / 2, (1, 2, 2)),
        (9.0, -1.01 * UNDECIDED, (2, 0, 2)),
        (0.0, 0.0, (0, 4, 0)),
        (0.0, 1e-30, (0, 4, 2)),
        (np.nan, 1.0, (1, 0, 3)),
    ],
)
def test_points_on_each_side(slope: float, bias: float, expected: tuple[int, int, int]) -> None:
    rows = np.array([weights(slope, bias)], np.float32)
    found = sides(NETWORK, rows, X, LABELS, np.array(keras_counts(rows)))
    if np.isnan(slope):  # what diverged is judged by that alone
        assert found.undecided.tolist() == [0]
    else:
        assert tuple(int(part[0]) for part in found) == expected


def test_rounding_to_either_side_of_a_half_makes_no_difference() -> None:
    """Two of four points stand at 1/2: whichever side they round to, two are right."""
    labels = np.array([0, 1, 0, 0], np.uint8)
    near = [1e-9, -1e-9, 1e-3, -1e-3, 9e-3, -9e-3]
    rows = np.array([weights(-9.0, bias) for bias in near], np.float32)
    correct = ((forward(NETWORK, rows, X).logits > 0) == labels).sum(axis=1)
    assert len(set(correct.tolist())) == 1
    found = sides(NETWORK, rows, X, labels, correct)
    assert found.right.tolist() == [2] * 6
    assert found.undecided.tolist() == [2] * 6
    assert found.wrong.tolist() == [1] * 6


def test_where_nothing_is_undecided_kerass_count_holds() -> None:
    rows = np.array([weights(9.0, -4.0)] * 2, np.float32)
    found = sides(NETWORK, rows, X, LABELS, np.array([2, 3]))
    assert found.right.tolist() == [2, 3]
    assert found.wrong.tolist() == [2, 1]


def test_an_exact_half_of_a_network_without_biases_is_no_rounding() -> None:
    """Such a point counts as Keras counts it, as class 0, and is on no wrong side."""
    network = Network(1, (1,), "relu", use_bias=False)
    rows = np.array([[1.0, 9.0], [1.0, 1e-4]], np.float32)
    correct = (forward(network, rows, X).classes == LABELS).sum(axis=1)
    assert correct.tolist() == [2, 2]
    found = sides(network, rows, X, LABELS, correct)
    assert found.right.tolist() == [2, 1]
    assert found.undecided.tolist() == [0, 2]
    assert found.wrong.tolist() == [1, 1]


def test_between_the_two_likeliest_of_three_classes_a_point_is_undecided() -> None:
    network = Network(1, (1,), "relu", outputs=3)
    near, apart = UNDECIDED / 2, 2 * UNDECIDED
    outputs = ([0, 0, 0], [1, 1 + near, 0], [1, 1 + apart, 0], [5, -5, 5.001])
    rows = np.array([[0, 0, 0, 0, 0, *biases] for biases in outputs], np.float32)
    labels = np.array([0, 1, 1, 2], np.uint8)
    correct = (forward(network, rows, X).classes == labels).sum(axis=1)
    found = sides(network, rows, X, labels, correct)
    assert found.undecided.tolist() == [4, 4, 0, 4]
    assert found.right.tolist() == [0, 0, 2, 0]
    assert found.wrong.tolist() == [0, 2, 2, 3]
