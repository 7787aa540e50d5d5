from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from search.datasets import bands
from search.scaling import SCALINGS, scale

moderate = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8),
    elements=st.floats(-1e6, 1e6, width=32),
)


def test_none_only_rounds_to_float32() -> None:
    features = bands().features
    assert (scale("none", features) == features.astype(np.float32)).all()


def test_standard_has_mean_0_and_deviation_1() -> None:
    scaled = scale("standard", bands().features)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)


@given(moderate)
def test_ranges_that_scalings_promise(
    features: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    for name, low in (("minmax", 0.0), ("maxabs", -1.0)):
        scaled = scale(name, features)
        assert scaled.min() >= low - 1e-5
        assert scaled.max() <= 1 + 1e-5


@given(moderate)
def test_every_scaling_keeps_shape_order_and_finiteness(
    features: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    for name in SCALINGS:
        scaled = scale(name, features)
        assert scaled.shape == features.shape
        assert scaled.dtype == np.float32
        assert np.isfinite(scaled).all()
        for column in range(features.shape[1]):
            order = np.argsort(features[:, column], kind="stable")
            assert (np.diff(scaled[order, column].astype(np.float64)) >= -1e-5).all()


def test_numbers_beyond_float32_become_infinite_without_a_warning() -> None:
    assert np.isinf(scale("none", np.array([[1e39], [0.0]]))).any()
    for name in SCALINGS:
        scale(name, np.array([[1e308, 1.0], [-1e308, 1.0], [0.0, 1.0]]))
