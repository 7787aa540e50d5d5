"""Basins of whole configurations: mirror images, undecided points, what tells basins apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.problem import Problem
from search.problem.rows import Member, Outcome
from search.statistics.endings.basins import Basin
from search.statistics.endings.ending import Ending, configuration_endings, ending_keys
from search.statistics.endings.kinds import Kind
from search.statistics.escape import EscapeRate
from tests.search_tests.functions import (
    LEFT,
    LEFT_LOSS,
    PROBLEM,
    RAW,
    grid,
    member,
    steps,
)

XOR = Problem(grid(2))
LN2 = math.log(2)


def endings(problem: Problem, members: Sequence[Member]) -> list[Ending]:
    by_seed = {member.seed: member for member in members}
    return configuration_endings(
        problem, RAW, [members], lambda seeds: {seed: by_seed[seed] for seed in seeds}
    )


def planes(first: Sequence[float], second: Sequence[float], output: Sequence[float]) -> bytes:
    """A 2-2-1 network of two hard steps, each up where x1 a + x2 b > c for (a, b, c)."""
    (a, b, c), (d, e, f) = np.array([first, second]) * 200
    return np.array([a, d, b, e, -c, -f, *output], dtype="<f4").tobytes()


# Right on the corner that the first step is up at and on its neighbour, 1/2 on an edge.
HALF = (40, 20, -20)
EDGES = [
    planes((-1, 1, 0.5), (1, 0, 0.5), HALF),  # 1/2 where x1 = 1
    planes((1, -1, 0.5), (-1, 0, -0.5), HALF),  # x1 = 0
    planes((1, -1, 0.5), (0, 1, 0.5), HALF),  # x2 = 1
    planes((-1, 1, 0.5), (0, -1, -0.5), HALF),  # x2 = 0
]
# Class 1 at one corner alone: right on three points.
CORNERS = [
    planes((-1, 1, 0.5), (0, 0, 1), (40, 0, -20)),
    planes((1, -1, 0.5), (0, 0, 1), (40, 0, -20)),
]
SOLUTION = planes((-1, 1, 0.5), (1, -1, 0.5), (40, 40, -20))


def test_mirror_images_are_one_basin_with_its_orientations() -> None:
    counts = (12, 9, 9, 5)
    weights = [edge for edge, count in zip(EDGES, counts, strict=True) for _ in range(count)]
    found = endings(
        XOR, [member(seed, row, LN2 / 2) for seed, row in enumerate([*weights, SOLUTION])]
    )
    assert [ending.name for ending in found] == ["2 right, 2 undecided", "a split found"]
    assert found[0].basin.orientations == counts
    assert (found[0].basin.share.escaped, found[0].basin.differs) == (35, 0)
    assert found[0].words == (
        "2 points right, 2 undecided at 1/2 (1 of class 0 and 1 of class 1); its mirror images "
        "too, 4 orientations in all"
    )
    row = found[0].to_json()
    assert list(row) == list(ending_keys(2))
    assert (row["right_0"], row["right_1"], row["undecided"]) == (1, 1, 2)
    assert (row["orientations"], row["outcome"]) == ([12, 9, 9, 5], "not escaped")
    assert (row["probability_low"], row["probability_high"]) == pytest.approx((0, 1), abs=1e-8)


def test_undecided_restarts_are_one_basin_whatever_rounding_made_of_them() -> None:
    """By it 2 of 4 points are right, or 3, or all 4."""
    tilted = [np.frombuffer(EDGES[0], "<f4").copy() for _ in range(3)]
    for weights, tilt in zip(tilted, (-0.004, 0.002, 0.009), strict=True):
        weights[-1] += tilt
    outcomes = (Outcome.NOT_ESCAPED, Outcome.ESCAPED, Outcome.SOLVED)
    (one,) = endings(
        XOR,
        [
            member(seed, weights.tobytes(), LN2 / 2, outcome)
            for seed, (weights, outcome) in enumerate(zip(tilted, outcomes, strict=True))
        ],
    )
    assert (one.basin.kind, one.basin.share.escaped, one.basin.outcome) == (Kind.UNDECIDED, 3, None)
    assert one.name == "2 right, 2 undecided"


def test_a_point_that_a_boundary_passes_is_not_told_apart() -> None:
    """One point of 300 stands at 1/2, and so would the boundary in any solution."""
    through = steps(10.5, 20.5, (40, -40), -20, steepness=2)
    at = PROBLEM.data.features[PROBLEM.data.features > 10.5].min()
    weights = np.frombuffer(through, "<f4").copy()
    weights[2] = -2 * at  # the first step is at 1/2 there, and so is the output
    (ending,) = endings(PROBLEM, [member(1, weights.tobytes(), 0.02, Outcome.SOLVED)])
    assert ending.basin.kind is Kind.SOLVED
    assert ending.to_json()["undecided"] == 0


def test_an_answer_that_is_one_class_or_a_half_keeps_its_words() -> None:
    """LEFT stands at 1/2 on 200 points; what it has found says more than that."""
    (ending,) = endings(PROBLEM, [member(1, LEFT, LEFT_LOSS)])
    assert (ending.name, ending.basin.kind) == ("one boundary found", Kind.FOUND)


def test_both_boundaries_of_a_symmetric_line_are_one_basin() -> None:
    right = steps(10.5, 19.5, (0, -40), 0)
    found = endings(
        PROBLEM,
        [member(seed, LEFT if seed < 3 else right, LEFT_LOSS) for seed in range(5)],
    )
    assert [(one.name, one.basin.orientations) for one in found] == [("one boundary found", (3, 2))]
    # Right ends at 19.41, the mirror image of left at 2 * 15.33 - 10.59 = 20.08.
    assert found[0].basin.differs == 7


def test_escaped_by_ripples_is_nearly_constant() -> None:
    ripples = [steps(10.5 + shift, 20.5, (0.05, 0), -0.01) for shift in (0, 1, 5)]
    (one,) = endings(
        PROBLEM,
        [member(seed, row, 0.69, Outcome.ESCAPED) for seed, row in enumerate(ripples)],
    )
    assert (one.name, one.basin.share.escaped) == ("nearly constant", 3)
    assert one.basin.outcome is Outcome.ESCAPED
    assert one.words == (
        "class 1 here and there, its probability 0.498 to 0.510 on every point: nearly constant, "
        "right on 194 of 300 points"
    )


def test_basins_of_one_name_are_told_apart_by_what_is_right() -> None:
    """Three points right, and two; each with its mirror image."""
    one_step = planes((1, 0, 0.5), (0, 0, 1), (40, 0, -20))  # class 1 where x1 = 1: two right
    rows = [*CORNERS, one_step]
    found = endings(XOR, [member(seed, row, 0.4, Outcome.ESCAPED) for seed, row in enumerate(rows)])
    assert [(one.name, one.basin.orientations) for one in found] == [
        ("escaped, 3 of 4 right", (1, 1)),
        ("escaped, 2 of 4 right", (1,)),
    ]


def test_basins_that_nothing_tells_apart_are_numbered() -> None:
    """On a cube two undecided points can share a face or not, and as many are right."""
    problem = Problem(grid(2))
    diagonal = planes((1, 1, 1.5), (-1, -1, -0.5), (-20, -20, 0))  # 1/2 on both points of class 1
    found = endings(problem, [member(1, diagonal, 0.4), member(2, EDGES[0], 0.4)])
    assert len({one.name for one in found}) == 2


def test_too_many_basins_are_told_apart_more_roughly() -> None:
    """Boundaries about 20 of 300 points apart: within 30 points of each other, not within 15."""
    where = np.arange(1.0, 30.0, 2.0)
    weights = [steps(at, 20.5, (3, 0), -3) for at in where]
    crowd = [member(seed, row, 0.6) for seed, row in enumerate(weights)]
    found = endings(PROBLEM, crowd)
    assert sum(one.basin.share.escaped for one in found) == len(where)
    assert max(one.basin.differs or 0 for one in found) > 0.05 * 300
    assert max(one.basin.differs or 0 for one in found) <= 0.1 * 300
    few = endings(PROBLEM, crowd[:5])
    assert [one.basin.share.escaped for one in few] == [1] * 5


def test_others_of_one_kind_are_called_by_it() -> None:
    basin = Basin(Kind.OTHERS, EscapeRate(9, 10), None, None, None, None, None)
    one = replace(basin, merged=((Kind.ESCAPED, 4, 9),))
    two = replace(basin, merged=((Kind.ESCAPED, 4, 8), (Kind.BEGUN, 1, 1)))
    assert Ending(RAW, one, None).name == "4 others, all escaped"
    assert Ending(RAW, two, None).name == "5 others"


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_basins_on_xor_are_the_orbits_of_the_square(seed: int, count: int) -> None:
    """Counted here from the permutations of the corners, without any network or distance."""
    random = np.random.default_rng(seed)
    weights = random.normal(scale=12, size=(count, 9)).astype("<f4")
    members = [member(i, row.tobytes(), 0.4, Outcome.ESCAPED) for i, row in enumerate(weights)]
    told = [one for one in endings(XOR, members) if one.basin.kind is Kind.ESCAPED]
    if sum(one.basin.share.escaped for one in told) < count:
        return  # some are undecided, nearly constant or put together with others
    x, y = XOR.data.features.T
    hidden = 1 / (
        1 + np.exp(-(weights[:, :2, None] * x + weights[:, 2:4, None] * y + weights[:, 4:6, None]))
    )
    classes = (weights[:, 6:8, None] * hidden).sum(axis=1) + weights[:, 8:] > 0
    corners = list(product((0, 1), repeat=2))
    labels = np.array([a ^ b for a, b in corners])
    orbits = set()
    for row in classes:
        images = []
        for swap, flip_a, flip_b in product((0, 1), repeat=3):
            goes_to = [corners.index((b, a) if swap else (a, b)) for a, b in corners]
            goes_to = [
                corners.index((corners[i][0] ^ flip_a, corners[i][1] ^ flip_b)) for i in goes_to
            ]
            turned = labels[goes_to[0]] != labels[0]
            images.append(tuple(int(row[i] ^ turned) for i in goes_to))
        orbits.add(min(images))
    assert len(told) == len(orbits)
