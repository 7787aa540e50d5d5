from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.training.batches import SEEDS_PER_ORDER, batch_orders, order_block, steps_per_epoch

blocks = st.integers(0, 2**32 // SEEDS_PER_ORDER)


@given(blocks, st.integers(1, 50))
def test_each_epoch_visits_every_point_once(block: int, points: int) -> None:
    orders = batch_orders(block, 0, 3, points)
    assert (np.sort(orders, axis=1) == np.arange(points)).all()


@given(blocks, st.integers(0, 9), st.integers(1, 9), st.integers(1, 50))
def test_an_epoch_is_the_same_from_wherever_one_starts(
    block: int, first: int, epochs: int, points: int
) -> None:
    whole = batch_orders(block, 0, first + epochs, points)
    assert (batch_orders(block, first, epochs, points) == whole[first:]).all()


def test_epochs_and_blocks_differ() -> None:
    orders = [tuple(row) for block in range(4) for row in batch_orders(block, 0, 25, 300)]
    assert len(set(orders)) == 100


def test_the_definition_does_not_change() -> None:
    """Rows of a record can be checked only as long as the same seed means the same batches."""
    assert batch_orders(5, 2, 2, 8).tolist() == [
        [5, 2, 7, 0, 3, 1, 4, 6],
        [1, 4, 7, 5, 2, 3, 0, 6],
    ]


def test_a_block_is_of_consecutive_seeds() -> None:
    assert [order_block(seed) for seed in (0, 63, 64, 127, 128)] == [0, 0, 1, 1, 2]


def test_the_last_step_may_be_short() -> None:
    assert [steps_per_epoch(points, 32) for points in (1, 32, 33, 300)] == [1, 1, 2, 10]
