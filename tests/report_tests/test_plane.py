"""The plane that regions are drawn in."""

from __future__ import annotations

import numpy as np
import pytest

from search.problem.data.datasets import Dataset, bands2d
from search.reports.figures.plane import plane_of


def test_two_features_are_their_own_plane() -> None:
    data = bands2d()
    plane = plane_of(data)
    assert plane.titles == ("feature 1", "feature 2")
    assert plane.points is data.features
    assert np.array_equal(plane.lifted(data.features), data.features)


def test_points_of_three_features_in_a_plane_are_lifted_to_themselves() -> None:
    random = np.random.default_rng(0)
    flat = random.normal(size=(50, 2)) * (3.0, 1.0)
    directions = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 4.0]])
    data = Dataset("flat", flat @ directions + (5.0, 6.0, 7.0), np.arange(50, dtype=np.uint8) % 2)
    plane = plane_of(data)
    assert np.allclose(plane.lifted(plane.points), data.features)
    shares = [int(title.partition("(")[2].partition("%")[0]) for title in plane.titles]
    assert sum(shares) in (99, 100, 101)
    assert shares[0] >= shares[1]


def test_components_are_those_of_the_correlations_with_a_sign_of_their_own() -> None:
    features = np.random.default_rng(1).normal(size=(40, 4)) @ np.diag([1.0, 10.0, 100.0, 0.1])
    labels = np.arange(40, dtype=np.uint8) % 2
    plane = plane_of(Dataset("four", features, labels))
    values, vectors = np.linalg.eigh(np.corrcoef(features.T))
    spread = features.std(axis=0)
    for side, vector in zip((plane.across, plane.up), vectors.T[::-1], strict=False):
        assert np.allclose(np.abs(side / spread), np.abs(vector))
        assert (side / spread)[np.abs(side / spread).argmax()] > 0
    assert plane.titles[0] == f"1st component ({values[-1] / 4:.0%} of variance)"
    turned = plane_of(Dataset("turned", features[::-1], labels))
    assert np.allclose(turned.across, plane.across)


@pytest.mark.parametrize("points", [[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], [[0, 0, 0], [1, 1, 1]]])
def test_constant_features_have_a_plane_too(points: list[list[float]]) -> None:
    labels = np.array([0, 1], dtype=np.uint8)
    plane = plane_of(Dataset("few", np.array(points, dtype=np.float64), labels))
    assert np.isfinite(plane.lifted(plane.points)).all()
    assert np.allclose(plane.lifted(plane.points), points)
