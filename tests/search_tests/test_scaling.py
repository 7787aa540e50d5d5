from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from sklearn import preprocessing

from search.problem.data.datasets import bands
from search.problem.scaling import SCALINGS, scale, scaler

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


# Whole numbers: what is constant is so exactly, and what is not differs by at least 1.
whole = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8),
    elements=st.integers(-1000, 1000).map(float),
)
Features = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def by_formula(name: str, x: Features) -> Features:
    """Each scaling in closed form; what a constant column would be divided by is 1."""
    low, high = x.min(axis=0), x.max(axis=0)
    spread = {
        "none": np.ones_like(low),
        "standard": np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0)),
        "minmax": high - low,
        "maxabs": np.abs(x).max(axis=0),
        "robust": np.quantile(x, 0.75, axis=0) - np.quantile(x, 0.25, axis=0),
    }[name]
    centre = {
        "none": np.zeros_like(low),
        "standard": x.mean(axis=0),
        "minmax": low,
        "maxabs": np.zeros_like(low),
        "robust": np.median(x, axis=0),
    }[name]
    scaled: Features = (x - centre) / np.where(spread == 0, 1, spread)
    return scaled


@given(whole, st.sampled_from(sorted(SCALINGS)))
def test_scalings_are_their_formulas(features: Features, name: str) -> None:
    expected = by_formula(name, features)
    np.testing.assert_allclose(scale(name, features), expected, rtol=1e-6, atol=1e-6)


SCIKIT_LEARN = {
    "standard": preprocessing.StandardScaler,
    "minmax": preprocessing.MinMaxScaler,
    "maxabs": preprocessing.MaxAbsScaler,
    "robust": preprocessing.RobustScaler,
}
tall = arrays(
    np.float64,
    st.tuples(st.integers(1, 300), st.integers(1, 3)),
    elements=st.floats(-(2.0**24), 2.0**24, exclude_min=True, exclude_max=True),
)


@given(st.one_of(tall, whole))
@pytest.mark.parametrize("name", SCIKIT_LEARN)
def test_scalings_are_those_of_scikit_learn_bit_for_bit(name: str, features: Features) -> None:
    fitted = SCIKIT_LEARN[name]().fit(features)
    assert scaler(name, features)(features).tobytes() == scikit(fitted, features)
    assert scaler(name, features)(features[::-1] + 1).tobytes() == scikit(
        fitted, features[::-1] + 1
    )


def scikit(fitted: preprocessing.StandardScaler, points: Features) -> bytes:
    with np.errstate(over="ignore"):
        scaled: NDArray[np.float32] = fitted.transform(points).astype(np.float32)
    return scaled.tobytes()


@given(
    whole,
    st.sampled_from(["standard", "minmax", "robust"]),
    st.integers(1, 1000),
    st.integers(-1000, 1000),
)
def test_scalings_do_not_depend_on_unit_and_origin(
    features: Features, name: str, unit: int, origin: int
) -> None:
    other = scale(name, features * unit + origin)
    np.testing.assert_allclose(other, scale(name, features), rtol=1e-5, atol=1e-5)


@given(whole, st.sampled_from(["standard", "minmax", "maxabs", "robust"]), st.integers(-40, 1010))
def test_scalings_are_bit_equal_in_units_of_any_power_of_two(
    features: Features, name: str, power: int
) -> None:
    """Up to 2^1020, though its square, or the distance of two such numbers, is infinite."""
    other = scale(name, features * 2.0**power)
    assert other.tobytes() == scale(name, features).tobytes()


@given(whole, st.floats(allow_nan=False, allow_infinity=False))
def test_a_constant_column_becomes_a_finite_constant(features: Features, value: float) -> None:
    features = np.column_stack([features, np.full(len(features), value)])
    for name in sorted(set(SCALINGS) - {"none"}):
        column = scale(name, features)[:, -1].astype(np.float64)
        expected = 0.0
        if name == "maxabs":  # scikit-learn takes what is smaller for zero
            expected = np.sign(value) if abs(value) >= 10 * np.finfo(np.float64).eps else 0.0
        np.testing.assert_allclose(column, expected, rtol=0, atol=1e-7)


anything = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


@given(anything)
def test_any_finite_features_are_scaled_to_finite_ones(features: Features) -> None:
    for name in sorted(set(SCALINGS) - {"none", "robust"}):
        assert np.isfinite(scale(name, features)).all()
    # An outlier can be further from the quartiles than float32 reaches.
    assert not np.isnan(scale("robust", features)).any()
    with np.errstate(over="ignore"):
        assert (scale("none", features) == features.astype(np.float32)).all()
