"""Words, pictures and basins of networks of three classes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.problem.network import Network
from search.problem.rows import Outcome
from search.statistics.endings.class_pictures import (
    class_chart,
    class_plane,
    class_strip,
    true_class_plane,
    true_classes,
)
from search.statistics.endings.images import mirror_images
from search.statistics.endings.kinds import KINDS, Kind, constant_loss, kinds, which_constant
from search.statistics.endings.parts import (
    answers_and_gaps,
    differing,
    leaves_undecided,
    packed,
    parts,
    predicted,
)
from search.statistics.endings.regions import Answer, describe

LINE = Dataset(
    "line", np.arange(30.0)[:, None], np.repeat([0, 1, 2], 10).astype(np.uint8), ("a", "b", "c")
)
PLANE = Dataset(
    "plane",
    np.array([(x, y) for x in range(3) for y in range(4)], dtype=float),
    np.repeat([0, 1, 2], 4).astype(np.uint8),
    ("oak", "elm", "ash"),
)


def cut(*edges: float, sure: float = 0.9) -> Answer:
    """The classes in turn along the first feature, each of so much probability where it is."""

    def answer(points: NDArray[np.float64]) -> NDArray[np.float64]:
        at = np.searchsorted(edges, points[:, 0])
        return np.where(np.arange(3) == at[:, None], sure, (1 - sure) / 2)

    return answer


def test_a_line_in_words() -> None:
    solved = describe(LINE, Kind.SOLVED, cut(9.5, 19.5))
    assert (solved.name, solved.right, solved.low, solved.high) == (
        *("solved", (10, 10, 10)),
        *(None, None),
    )
    assert solved.boundaries == pytest.approx((9.5, 19.5), abs=1e-6)
    assert solved.words == (
        "class a for x < 9.5, class b between 9.5 and 19.5, class c for x > 19.5: "
        "both boundaries found"
    )
    turned = describe(LINE, Kind.ESCAPED, lambda x: cut(9.5, 19.5)(x)[:, ::-1])
    assert turned.words == (
        "class a for x > 19.5, class b between 9.5 and 19.5, class c for x < 9.5: "
        "both boundaries in place, between other classes"
    )
    begun = describe(LINE, Kind.BEGUN, cut(9.5, sure=0.4))
    assert begun.words == "leans to class a for x < 9.5, to class b for x > 9.5: one boundary begun"


def test_a_boundary_between_other_classes_is_no_boundary_found() -> None:
    """A step from a to c is no step from a to b."""
    regions = describe(LINE, Kind.FOUND, lambda x: cut(9.5)(x)[:, [0, 2, 1]])
    assert regions.name == "one boundary in place, between other classes"
    away = describe(LINE, Kind.FOUND, lambda x: cut(1.5)(x)[:, [0, 2, 1]])
    assert away.name == "one boundary out of place"


def test_points_counted_in_words() -> None:
    regions = describe(PLANE, Kind.ESCAPED, cut(0.5, 0.5))
    assert regions.right == (4, 0, 4)
    assert regions.words == (
        "right on 4 of 4 points of class oak, on 0 of 4 of class elm and on 4 of 4 of class ash; "
        "4 of class elm taken for ash"
    )
    found = describe(PLANE, Kind.FOUND, cut(0.5, 0.5, sure=0.4))
    assert found.words == (
        "leans to class oak on 4 points (4 of them class oak) and to class ash on 8 points "
        "(4 of them class ash): a split found"
    )


def test_a_constant_in_words() -> None:
    shares = np.array([0.3, 0.3, 0.4])
    best = describe(PLANE, Kind.CONSTANT, lambda points: np.tile(shares, (len(points), 1)))
    assert best.words == (
        "classes oak, elm, ash at 0.30, 0.30, 0.40 on every point: the constant answer"
    )
    other = describe(PLANE, Kind.CONSTANT, cut(-1, -1))
    assert other.words == (
        "classes oak, elm, ash at 0.05, 0.05, 0.90 on every point: another constant than the "
        "best, which is 0.33, 0.33, 0.33"
    )


def test_undecided_between_classes() -> None:
    """Sure of the first class and of half of the last, between two classes elsewhere."""

    def answer(points: NDArray[np.float64]) -> NDArray[np.float64]:
        between = (points[:, 0] == 1) | ((points[:, 0] == 2) & (points[:, 1] > 1))
        return np.where(between[:, None], [0.1, 0.45, 0.45], cut(0.5, 1.5)(points))

    regions = describe(PLANE, Kind.UNDECIDED, answer)
    assert (regions.name, regions.right, regions.undecided) == (
        "6 right, 6 undecided",
        (4, 0, 2),
        6,
    )
    assert regions.words == (
        "6 points right, 6 undecided between classes (4 of class elm and 2 of class ash)"
    )


def test_pictures() -> None:
    assert class_strip(LINE, cut(9.5, 19.5), 6) == "001122"
    assert true_classes(LINE, 6) == "001122"
    assert class_chart(LINE, cut(9.5, 19.5), 6) == ["  │001122│", "   001122  points", "   0   29"]
    assert class_plane(PLANE, cut(0.5, 1.5), 4, 2) == ["0112", "0112"]
    assert true_class_plane(PLANE, 6, 4) == ["0  1 2"] * 4


def test_kinds_of_three_classes() -> None:
    labels = LINE.labels.astype(np.int64)
    made = [cut(9.5, 19.5), cut(9.5, sure=0.5), cut(9.5, sure=0.34), cut(9.5, sure=0.4)]
    answers = np.stack([answer(LINE.features) for answer in made])
    losses = np.array([0.1, np.log(3) - 0.4, np.log(3), np.log(3) - 0.1])
    outcomes = [Outcome.SOLVED, *[Outcome.NOT_ESCAPED] * 3]
    codes = parts(answers, np.array([True, False, False, False]))
    assert codes.tolist()[1] == [0] * 10 + [1] * 20
    undecided = np.zeros(4, dtype=np.bool_)
    found = kinds(outcomes, answers, codes, undecided, losses, labels, 3)
    assert [KINDS[index] for index in found] == [
        *(Kind.SOLVED, Kind.FOUND),
        *(Kind.CONSTANT, Kind.BEGUN),
    ]
    assert constant_loss(labels) == pytest.approx(np.log(3))


def test_which_constant_of_three_classes() -> None:
    labels = LINE.labels.astype(np.int64)
    answers = np.stack([cut(-1)(LINE.features), np.full((30, 3), 1 / 3)])
    codes = which_constant(answers, labels, 3)
    assert codes[0].tolist() == [1] * 30
    assert codes[1].tolist() == [0, 1] * 15


def test_codes_survive_packing() -> None:
    """The distance of packed codes is the number of points whose codes differ."""
    random = np.random.default_rng(0)
    for classes, points in ((2, 4), (3, 17), (10, 64), (16, 30)):
        codes = random.integers(0, classes + 1, (20, points), dtype=np.uint8)
        rows = packed(codes, classes)
        expected = (codes != codes[3]).sum(axis=1)
        assert differing(rows, rows[3], points).tolist() == expected.tolist()


def test_a_mirror_image_takes_the_classes_back() -> None:
    """Class a up to 4.5, b up to 19.5: its image is b from 9.5 and c from 24.5."""
    network = Network(1, (2,), outputs=3)
    hidden = [40, 40, -40 * 4.5, -40 * 19.5]
    weights = np.array([*hidden, -40, 20, 0, 0, -40, 40, 20, 0, 0], dtype=np.float32)
    own = answers_and_gaps(network, weights[None], LINE.features.astype(np.float32))[0]
    assert predicted(own)[0].tolist() == [0] * 5 + [1] * 15 + [2] * 10
    to_scale = partial(np.asarray, dtype=np.float32)
    images = mirror_images(LINE, network, to_scale, weights, Kind.ESCAPED)
    expected = np.array([[0] * 10 + [1] * 15 + [2] * 5], dtype=np.uint8)
    assert images.tolist() == packed(expected, 3).tolist()


def test_undecided_needs_classes_that_are_decided_and_few_that_are_nearly_so() -> None:
    codes = np.array([[0, 0, 1, 1]] * 4, dtype=np.uint8)
    gaps = np.array([[5, 5, 5, 0], [5, 0, 0, 5], [5, 0.05, 0, 5], [5, 5, 0, 0]], dtype=float)
    assert leaves_undecided(codes, gaps).tolist() == [True, True, False, False]


def test_an_exact_zero_without_biases_is_decided() -> None:
    features = np.array([[0.0], [1.0]], dtype=np.float32)
    with_biases = np.zeros((1, 7), dtype=np.float32)
    without = np.zeros((1, 4), dtype=np.float32)
    assert answers_and_gaps(Network(1), with_biases, features)[1].tolist() == [[0, 0]]
    network = Network(1, activation="relu", use_bias=False)
    assert np.isinf(answers_and_gaps(network, without, features)[1]).all()
