from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.data.datasets import Dataset, bands, bands2d, xor
from search.statistics.endings.symmetry import is_exact, symmetries
from tests.search_tests.functions import grid


def made(features: list[list[float]], labels: list[int]) -> Dataset:
    return Dataset("made", np.array(features, dtype=float), np.array(labels, dtype=np.uint8))


def test_four_points_of_xor_have_the_eight_symmetries_of_the_square() -> None:
    found = symmetries(grid(2))
    assert len(found) == 7
    assert all(symmetry.exact for symmetry in found)
    # A turn by a quarter and the reflections of one feature take each class to the other.
    assert sorted(symmetry.classes for symmetry in found) == [(0, 1)] * 3 + [(1, 0)] * 4


@pytest.mark.parametrize(("features", "count"), [(3, 48), (4, 384), (5, 3840)])
def test_parity_has_the_symmetries_of_the_cube(features: int, count: int) -> None:
    assert len(symmetries(grid(features))) == count - 1


def test_of_too_many_features_none_are_tried() -> None:
    assert symmetries(grid(6)) == ()


def test_another_class_at_one_corner_leaves_those_that_keep_the_corner() -> None:
    """Class 1 at (1, 1) alone: only the swap of both features keeps it."""
    (swap,) = symmetries(made([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]))
    assert swap.images.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert swap.classes == (0, 1)


@pytest.mark.parametrize(
    ("data", "count", "exact"), [(bands(), 1, False), (bands2d(), 3, False), (xor(), 7, True)]
)
def test_built_in_data(data: Dataset, count: int, exact: bool) -> None:
    """The bands of a line lie not quite evenly, and so not its mirror image either."""
    assert len(symmetries(data)) == count
    assert is_exact(data) is exact


def test_a_line_is_reflected_in_its_own_units() -> None:
    (reflection,) = symmetries(made([[1000.0], [1001], [1002], [1003]], [0, 1, 1, 0]))
    assert reflection.images[:, 0].tolist() == [1003, 1002, 1001, 1000]
    (swapping,) = symmetries(made([[1000.0], [1001], [1002], [1003]], [0, 0, 1, 1]))
    assert swapping.classes == (1, 0)


def test_a_rare_class_has_to_be_kept_too() -> None:
    """Of 200 points 4 are class 1, at one end: nearly all keep their class, but not those."""
    labels = (np.arange(200) >= 196).astype(np.uint8)
    assert symmetries(Dataset("rare", np.linspace(0, 1, 200)[:, None], labels)) == ()


def test_a_cloud_that_leans_is_not_its_own_mirror_image() -> None:
    random = np.random.default_rng(0)
    features = random.exponential(size=(200, 1))
    labels = (random.random(200) < 0.5).astype(np.uint8)
    assert symmetries(Dataset("leaning", features, labels)) == ()


def test_two_noisy_moons_turn_into_each_other() -> None:
    random = np.random.default_rng(0)
    angle = np.linspace(0, np.pi, 100)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    features = np.concatenate([upper, [1, 0.5] - upper]) + random.normal(scale=0.1, size=(200, 2))
    data = Dataset("moons", features, np.repeat([0, 1], 100).astype(np.uint8))
    (turn,) = symmetries(data)
    assert turn.classes == (1, 0)
    assert not turn.exact
    assert turn.images == pytest.approx(2 * features.mean(axis=0) - features)


def test_three_classes_can_be_permuted() -> None:
    labels = np.repeat([0, 1, 2], 10).astype(np.uint8)
    data = Dataset("line", np.arange(30.0)[:, None], labels, ("a", "b", "c"))
    (reflection,) = symmetries(data)
    assert reflection.classes == (2, 1, 0)


@given(st.integers(0, 10_000), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_an_exact_symmetry_permutes_the_points_and_their_classes(seed: int, features: int) -> None:
    random = np.random.default_rng(seed)
    points = grid(features).features
    labels = random.integers(0, 2, len(points)).astype(np.uint8)
    labels[:2] = [0, 1]
    data = Dataset("cube", points, labels)
    classes = {tuple(point): label for point, label in zip(points, labels, strict=True)}
    for symmetry in symmetries(data):
        assert sorted(map(tuple, symmetry.images)) == sorted(map(tuple, points))
        reached = [classes[tuple(image)] for image in symmetry.images]
        assert reached == [symmetry.classes[label] for label in labels]
