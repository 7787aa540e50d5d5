"""What weights make of rows: repeated, left out, or weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search.estimator.points import Points, points_of, scaled
from search.problem.data.datasets import bands, bands2d
from search.problem.scaling import SCALINGS, centre_and_factor, scale

ROWS = 6
features = arrays(np.float64, (ROWS, 2), elements=st.sampled_from([-1.0, -0.0, 0.0, 0.5, 2.0]))
labels = arrays(np.uint8, ROWS, elements=st.integers(0, 2))
counts = arrays(np.int64, ROWS, elements=st.integers(1, 4))


def same(first: Points, second: Points) -> bool:
    return all(
        getattr(first, name).tobytes() == getattr(second, name).tobytes()
        for name in ("features", "labels", "weights")
    )


@given(features, labels, counts, st.permutations(range(ROWS)))
def test_a_whole_weight_is_the_row_so_often_in_any_order(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, order: list[int]
) -> None:
    weighted = points_of(x, y, weights.astype(np.float64))
    repeated = points_of(
        x.repeat(weights, axis=0)[::-1], y.repeat(weights)[::-1], np.ones(weights.sum())
    )
    assert same(weighted, repeated)
    assert same(weighted, points_of(x[order], y[order], weights[order].astype(np.float64)))
    assert weighted.loss_weights is None


def test_other_weights_are_shared_among_the_copies() -> None:
    x, y = np.array([[3.0], [1.0], [2.0]]), np.array([0, 1, 0], dtype=np.uint8)
    points = points_of(x, y, np.array([0.5, 2.5, 1.0]))
    assert points.features[:, 0].tolist() == [1, 1, 1, 2, 3]
    assert points.labels.tolist() == [1, 1, 1, 0, 0]
    assert points.weights == pytest.approx([2.5 / 3] * 3 + [1.0, 0.5])
    assert points.loss_weights == pytest.approx(points.weights / 0.8)


def test_weights_that_are_all_alike_weigh_nothing() -> None:
    x, y = np.array([[3.0], [1.0]]), np.array([0, 1], dtype=np.uint8)
    assert points_of(x, y, np.array([0.25, 0.25])).loss_weights is None
    weighed = points_of(x, y, np.ones(2)).under(np.array([3.0, 1.0]))
    assert weighed.loss_weights is not None
    assert weighed.loss_weights.tolist() == [0.5, 1.5]  # the row of 1.0, of class 1, comes first


def test_too_many_points_are_refused() -> None:
    x, y = np.array([[3.0], [1.0]]), np.array([0, 1], dtype=np.uint8)
    with pytest.raises(ValueError, match=r"sample_weight must make at most 16,777,216 points"):
        points_of(x, y, np.array([1.0, 2.0**24]))


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize(
    "x",
    [
        bands().features,
        bands2d().features,
        1e9 + bands2d().features,
        np.ldexp(bands2d().features, 600),
        np.array([[7.0, 1e-12], [7.0, 3e-12], [7.0, 4e-12]]),
    ],
    ids=["bands", "bands2d", "far off", "huge", "constant and tiny"],
)
def test_a_centre_and_a_factor_scale_as_the_scaling_does(scaling: str, x: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        found = scaled(x, *centre_and_factor(scaling, x))
        expected = scale(scaling, x)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
