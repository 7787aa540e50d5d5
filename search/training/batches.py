"""Batch order: which points make up each step of each epoch, as a function of the seed.

Seeds in a block of `SEEDS_PER_ORDER` share their batch order, so that a block trains as one tile
whose data are the same in every lane. Another block has another order: the restarts of a trial
see several orders, and an escape rate is not conditional on one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEEDS_PER_ORDER = 64

_STREAM = 0x6D72  # sets this use of Philox apart from any other that takes the block as its key
_WORDS_PER_COUNT = 4  # one step of Philox's counter yields four 64-bit words


def order_block(seed: int) -> int:
    """The block of seeds that `seed` shares its batch order with."""
    return seed // SEEDS_PER_ORDER


def batch_orders(block: int, first_epoch: int, epochs: int, points: int) -> NDArray[np.int32]:
    """Permutations of the points for `epochs` epochs from `first_epoch` (0 is the first) on.

    Shape (epochs, points). An epoch's permutation sorts random 64-bit words of its own, so it is
    the same from whichever epoch one starts. The words are raw Philox output (Salmon et al. 2011,
    "Parallel random numbers: as easy as 1, 2, 3"), which NumPy promises not to change.
    """
    counts = -(-points // _WORDS_PER_COUNT)
    generator = np.random.Philox(key=np.array([block, _STREAM], dtype=np.uint64))
    generator.advance(first_epoch * counts)
    words = generator.random_raw(epochs * counts * _WORDS_PER_COUNT)
    rows = words.reshape(epochs, counts * _WORDS_PER_COUNT)[:, :points]
    return np.argsort(rows, axis=1).astype(np.int32)


def steps_per_epoch(points: int, batch_size: int) -> int:
    """Steps in an epoch; the last may be of fewer points, as in Keras."""
    return -(-points // batch_size)
