from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.training.batches import (
    OWN_ROWS,
    SEEDS_PER_BLOCK,
    batch_order,
    block_of,
    own_orders,
    own_orders_per_seed,
    shared_orders,
    steps_per_epoch,
)

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(0, 300), st.integers(1, 50))
def test_each_epoch_visits_every_point_once(seed: int, epoch: int, points: int) -> None:
    assert sorted(batch_order(seed, epoch, points)) == list(range(points))


@given(seeds, st.integers(0, 9), st.integers(1, 9), st.integers(1, 50))
def test_an_epoch_is_the_same_from_wherever_one_starts(
    seed: int, first: int, epochs: int, points: int
) -> None:
    whole = shared_orders(block_of(seed), 0, first + epochs, points)
    assert (shared_orders(block_of(seed), first, epochs, points) == whole[first:]).all()


@given(st.integers(0, 2**24 - 1), st.data(), st.integers(1, 600))
def test_a_seed_has_its_own_orders_beside_any_others(
    block: int, data: st.DataObject, points: int
) -> None:
    block_seeds = range(block * SEEDS_PER_BLOCK, (block + 1) * SEEDS_PER_BLOCK)
    chosen = data.draw(st.lists(st.sampled_from(block_seeds), min_size=1, max_size=4, unique=True))
    together = own_orders(chosen, points)
    assert together.shape == (len(chosen), own_orders_per_seed(points), points)
    for seed, own in zip(chosen, together, strict=True):
        assert (own_orders([seed], points)[0] == own).all()


def test_an_epochs_order_is_the_own_order_after_the_shared_one() -> None:
    seed, points = 700, 100
    own, shared = own_orders([seed], points)[0], shared_orders(block_of(seed), 0, 7, points)
    for epoch in range(7):
        assert (batch_order(seed, epoch, points) == own[epoch % 3][shared[epoch]]).all()


@given(seeds, st.integers(0, 300), st.integers(1, 50))
def test_a_fixed_order_is_that_of_the_data(seed: int, epoch: int, points: int) -> None:
    assert (batch_order(seed, epoch, points, "fixed") == np.arange(points)).all()


def test_seeds_and_epochs_differ() -> None:
    orders = {
        tuple(batch_order(seed, epoch, 300))
        for seed in (0, 1, 255, 256, 2**31)
        for epoch in range(20)
    }
    assert len(orders) == 100


def test_places_of_an_epoch_are_uniform_over_seeds() -> None:
    """Chi-squared of which point stands first, over the seeds of 16 blocks: within 5 sigma."""
    points, count = 300, 16 * SEEDS_PER_BLOCK
    firsts = [
        own[0][shared_orders(block, 0, 1, points)[0][0]]
        for block in range(16)
        for own in own_orders(range(block * 256, (block + 1) * 256), points)
    ]
    expected = count / points
    chi2 = sum((Counter(firsts)[point] - expected) ** 2 / expected for point in range(points))
    assert abs(chi2 - (points - 1)) < 5 * np.sqrt(2 * (points - 1))


def test_few_points_have_several_own_orders() -> None:
    assert [own_orders_per_seed(points) for points in (1, 4, 100, 255, OWN_ROWS, 300)] == [
        *(256, 64, 3, 2, 1, 1)
    ]
    assert len({tuple(order) for order in own_orders([9], 4)[0]}) > 12  # of the 24 there are


def test_the_definition_does_not_change() -> None:
    """Rows of a record can be checked only as long as the same seed means the same batches."""
    assert shared_orders(5, 2, 2, 8).tolist() == [
        [5, 2, 7, 0, 3, 1, 4, 6],
        [1, 4, 7, 5, 2, 3, 0, 6],
    ]
    assert own_orders([1300], 8)[0, 30:].tolist() == [
        [0, 2, 6, 5, 4, 1, 3, 7],
        [7, 6, 1, 3, 2, 0, 4, 5],
    ]
    assert batch_order(1300, 3, 8).tolist() == [4, 1, 0, 2, 6, 5, 7, 3]


def test_seeds_in_a_row_share_a_block() -> None:
    assert [block_of(seed) for seed in (0, 255, 256, 511, 512)] == [0, 0, 1, 1, 2]


def test_the_last_step_may_be_short() -> None:
    assert [steps_per_epoch(points, 32) for points in (1, 32, 33, 300)] == [1, 1, 2, 10]
