from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.problem.data.datasets import xor
from search.problem.forward import forward
from search.problem.problem import Problem
from search.problem.rows import Member, Outcome
from search.problem.scaling import scale
from search.statistics.endings.basins import Basin, basins, readable
from search.statistics.endings.ends import Ends, ends, joined, stored_weights
from search.statistics.endings.kinds import Kind, constant_loss
from search.statistics.endings.parts import parts
from tests.search_tests.functions import (
    BEGUN,
    BEGUN_LOSS,
    BOTH,
    CONSTANT,
    CONSTANT_LOSS,
    INVERTED,
    LEFT,
    LEFT_LOSS,
    PROBLEM,
    RIGHT,
    cross_entropy,
    member,
    population,
    steps,
)

FEATURES = scale("none", PROBLEM.data.features)


def grouped(members: Sequence[Member]) -> list[Basin]:
    return basins(ends(PROBLEM, FEATURES, members))


def sizes(found: Sequence[Basin]) -> list[tuple[str, int]]:
    return [(basin.kind.value, basin.share.escaped) for basin in found]


@pytest.mark.parametrize(
    ("weights", "loss"),
    [
        (BOTH, math.exp(-20)),
        (LEFT, LEFT_LOSS),
        (RIGHT, LEFT_LOSS),
        (CONSTANT, CONSTANT_LOSS),
        (BEGUN, BEGUN_LOSS),
        (INVERTED, 20),
    ],
)
def test_hand_made_weights_have_the_losses_of_their_closed_forms(
    weights: bytes, loss: float
) -> None:
    logits = forward(PROBLEM.network, stored_weights([weights]), FEATURES).logits
    assert cross_entropy(logits, PROBLEM.data.labels)[0] == pytest.approx(loss, abs=1e-6)


def test_the_constant_answers_loss_is_the_entropy_of_the_classes() -> None:
    assert constant_loss(PROBLEM.data.labels) == pytest.approx(CONSTANT_LOSS)
    assert round(CONSTANT_LOSS, 4) == 0.6365


def test_the_constant_answers_squared_error_is_the_variance_of_the_classes() -> None:
    assert constant_loss(PROBLEM.data.labels, "mse") == pytest.approx(2 / 9)


def test_what_was_found_is_told_by_the_loss_that_was_minimised() -> None:
    """LEFT's squared error is 1/4 on two of three points; its split can save two times 1/36."""
    problem = dataclasses.replace(PROBLEM, loss_function="mse")
    split, half = 1 / 6, 2 / 9 - 1 / 36
    members = [member(1, LEFT, split), member(2, LEFT, half - 1e-6), member(3, LEFT, half + 1e-6)]
    assert sizes(basins(ends(problem, FEATURES, members))) == [("found", 2), ("begun", 1)]


def test_a_penalty_on_the_weights_hides_nothing_that_was_found() -> None:
    problem = dataclasses.replace(PROBLEM, l2=0.01)
    penalty = 0.01 * 3 * 40**2  # the kernels of LEFT are 40, 40, 40 and 0
    members = [member(1, LEFT, LEFT_LOSS + penalty)]
    assert sizes(basins(ends(problem, FEATURES, members))) == [("found", 1)]


def test_known_functions_fall_into_their_basins() -> None:
    found = grouped(population())
    assert sizes(found) == [
        ("constant", 40),
        ("found", 30),
        ("solved", 20),
        ("found", 5),
        ("begun", 3),
        ("diverged", 2),
    ]
    assert {basin.share.restarts for basin in found} == {100}
    assert [basin.outcome for basin in found[2:4]] == [Outcome.SOLVED, Outcome.NOT_ESCAPED]
    assert found[-1].loss is None
    assert found[-1].loss_low is None


def test_one_loss_can_be_two_functions() -> None:
    found = grouped([member(1, LEFT, LEFT_LOSS), member(2, RIGHT, LEFT_LOSS)])
    assert sizes(found) == [("found", 1), ("found", 1)]


def test_one_function_can_have_many_losses() -> None:
    """The far side at 0.45 or 0.55: other losses, other predicted classes, the same basin."""
    levels = [steps(10.5, 20.5, (40, 0), -40 + shift) for shift in (-0.2, -0.1, 0.1, 0.2)]
    logits = forward(PROBLEM.network, stored_weights(levels), FEATURES).logits
    losses = cross_entropy(logits, PROBLEM.data.labels)
    assert len({round(float(loss), 6) for loss in losses}) > 1
    members = [member(i, level, float(losses[i])) for i, level in enumerate(levels)]
    assert sizes(grouped(members)) == [("found", 4)]


def test_an_answer_that_only_ripples_is_constant_and_which_constant_counts() -> None:
    rippling = [steps(x, 20.5, (0.05, 0), -0.7) for x in (2.0, 8.0, 15.0, 25.0)]
    members = [member(i, weights, 0.64) for i, weights in enumerate(rippling)]
    sure = [member(9, steps(0, 0, (0, 0), 5), 3.34), member(8, steps(0, 0, (0, 0), -9), 3.0)]
    assert sizes(grouped([*members, *sure])) == [
        *(("constant", 4), ("constant", 1), ("constant", 1)),
    ]


def test_a_constant_is_one_basin_though_one_half_lies_in_its_ripples() -> None:
    problem = Problem(xor())
    random = np.random.default_rng(1)
    weights = random.normal(scale=0.02, size=(30, 9)).astype("<f4")
    weights[:, -3:] *= 0.2
    members = [member(seed, row.tobytes(), 0.6931) for seed, row in enumerate(weights)]
    features = scale("standard", problem.data.features)
    assert sizes(basins(ends(problem, features, members))) == [("constant", 30)]


def test_the_typical_member_has_the_median_loss() -> None:
    losses = [0.50, 0.47, 0.48, 0.49]
    (basin,) = grouped([member(seed, LEFT, loss) for seed, loss in enumerate(losses)])
    assert (basin.seed, basin.loss, basin.loss_low, basin.loss_high) == (2, 0.48, 0.47, 0.50)
    (basin,) = grouped([member(seed, LEFT, 0.47) for seed in (7, 3, 5)])
    assert basin.seed == 5


@given(st.permutations(population()), st.integers(1, 100))
@settings(max_examples=10, deadline=None)
def test_neither_order_nor_blocks_matter(members: list[Member], size: int) -> None:
    blocks = [members[first : first + size] for first in range(0, len(members), size)]
    found = basins(joined(ends(PROBLEM, FEATURES, block) for block in blocks))
    assert found == grouped(population())


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_every_member_is_in_one_basin_that_is_near_it(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    weights = random.normal(scale=8, size=(count, 7)).astype("<f4")
    members = [
        member(seed, row.tobytes(), float(random.uniform(0.3, 0.8)))
        for seed, row in enumerate(weights)
    ]
    found = grouped(members)
    assert sum(basin.share.escaped for basin in found) == count
    assert len({basin.seed for basin in found}) == len(found)
    shown = readable(found, most=3)
    assert sum(basin.share.escaped for basin in shown) == count
    assert len(shown) <= 4


def test_many_small_basins_are_put_together() -> None:
    singles = [
        member(seed, steps(left, right, (40, -40), -40), 0.55)
        for seed, (left, right) in enumerate((x, x + 2.9) for x in np.arange(0.5, 27, 3.0))
    ]
    crowd = [member(100 + seed, CONSTANT, CONSTANT_LOSS) for seed in range(490)]
    winner = member(99, BOTH, 0.0, Outcome.SOLVED)
    found = grouped([*singles, *crowd, winner])
    assert len(found) == 11
    shown = readable(found)
    assert sizes(shown) == [("constant", 490), ("solved", 1), ("others", 9)]
    (_, _, others) = shown
    assert sum(restarts for _, _, restarts in others.merged) == 9
    assert (others.seed, others.loss, others.outcome) == (None, None, None)
    assert readable(found[:6]) == found[:6]


def test_functions_without_end_are_left_over_together() -> None:
    random = np.random.default_rng(3)
    count = 400
    found = basins(
        Ends(
            seeds=np.arange(count),
            trials=np.zeros(count, dtype=np.int64),
            losses=np.full(count, 0.5),
            kinds=np.full(count, list(Kind).index(Kind.FOUND), dtype=np.int8),
            outcomes=np.zeros(count, dtype=np.int8),
            functions=np.arange(count, dtype=np.int32),
            table=random.integers(0, 256, size=(count, 64), dtype=np.uint8),
            points=512,
        )
    )
    assert len(found) == 65
    assert found[0].share.escaped == count - 64


def test_the_higher_part_of_an_escaped_member_is_class_1() -> None:
    answers = np.array([[0.1, 0.3, 0.7], [0.1, 0.3, 0.7]])[..., None]
    assert parts(answers, np.array([True, False])).tolist() == [
        [False, False, True],
        [False, False, True],
    ]
    assert parts(answers * 0.6, np.array([True, False])).tolist() == [
        [False, False, False],
        [False, False, True],
    ]
