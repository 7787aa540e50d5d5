from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from search.problem.data.datasets import BUILT_IN, Dataset, bands, bands2d, xor
from search.problem.errors import UserError


def test_bands_is_the_source_problem() -> None:
    data = bands()
    expected = np.concatenate(
        [np.linspace(0, 10, 100), np.linspace(11, 20, 100), np.linspace(21, 30, 100)]
    )
    assert (data.features[:, 0] == expected).all()
    assert data.labels.tolist() == [0] * 100 + [1] * 100 + [0] * 100
    assert data.plateau == pytest.approx(2 / 3)


def test_bands2d_is_bands_turned() -> None:
    data = bands2d()
    back = data.features @ np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    np.testing.assert_allclose(back[:, 0], bands().features[:, 0], atol=1e-12)
    assert data.plateau == pytest.approx(2 / 3)
    # Two parallel lines separate the classes ...
    assert back[99, 0] < back[100, 0]
    # ... and the second coordinate says nothing: its mean is the same in all three bands.
    assert np.ptp(back[:, 1].reshape(3, 100).mean(axis=1)) < 0.5


@pytest.mark.parametrize("feature", [0, 1])
def test_neither_feature_of_bands2d_separates(feature: int) -> None:
    """No interval of one feature holds class 1 alone: the best one leaves many points wrong."""
    data = bands2d()
    order = np.argsort(data.features[:, feature])
    gain = np.where(data.labels[order] == 1, 1, -1)
    sums = np.concatenate([[0], np.cumsum(gain)])
    best = max(sums[j] - sums[: j + 1].min() for j in range(len(sums)))
    accuracy = (200 + best) / 300
    assert accuracy < 0.85


def test_xor_is_balanced() -> None:
    data = xor()
    assert data.plateau == 0.5
    corners = np.round(data.features).astype(int)
    assert (data.labels == corners[:, 0] ^ corners[:, 1]).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_bytes_round_trip(name: str) -> None:
    data = BUILT_IN[name]()
    back = Dataset.from_bytes(name, data.classes, data.to_bytes())
    assert back.digest == data.digest
    assert back.features.dtype == np.float64


def test_digest_tells_data_apart_and_ignores_the_name() -> None:
    data = bands()
    assert replace(data, name="other").digest == data.digest
    assert replace(data, labels=1 - data.labels).digest != data.digest
    assert bands2d().digest != data.digest


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.zeros((2, 0)), [0, 1], "points by features"),
        (np.zeros((2, 1)), [0, 1, 1], "3 labels for 2 points"),
        (np.array([[0.0], [np.nan]]), [0, 1], "finite features only"),
        (np.zeros((2, 1)), [1, 1], "points of both classes, received none of 0"),
    ],
)
def test_refuses_what_is_no_data(
    features: np.ndarray[tuple[int, int], np.dtype[np.float64]], labels: list[int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Dataset("points", features, np.array(labels, dtype=np.uint8))


def test_data_are_equal_if_name_points_and_classes_are() -> None:
    data = bands()
    assert data == bands()
    assert hash(data) == hash(bands())
    moved = data.features + 1
    others = (
        {"name": "b"},
        {"features": moved},
        {"labels": 1 - data.labels},
        {"classes": ("a", "b")},
    )
    for changed in others:
        assert data != replace(data, **changed)
    assert data != "bands"
