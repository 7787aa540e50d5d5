"""Batch order: which points make up each step of each epoch, as a function of the seed.

That is said of shuffled batches; in a fixed order every epoch takes the points as the data have
them, whatever the seed.

An epoch's order is two permutations, one after the other. The *shared order* is drawn anew for each
epoch, for all seeds of a block of `SEEDS_PER_BLOCK`; the *own order* is drawn for each seed. At
place p of an epoch stands the point own[shared[p]]: every epoch's order is uniform and new, as in
Keras, and restarts are independent, for the points behind one place differ from seed to seed. The
stack reads rows of the shared order, which all its lanes have in common, from data that are laid
out once in the own order of each lane; an order drawn anew for each lane and epoch would cost
several times the training.

Between seeds each epoch's order is independent; how the orders of two epochs relate is common to a
block, which had no measurable effect (`scripts/independence.py`).

Few points have few permutations: of 4 points there are 24, so lanes would repeat each other. Then a
seed has several own orders, for epochs in turn, until they hold `OWN_ROWS` points together. With
one alone, the variance of the escape rates of blocks of 256 seeds was 3.1 times the binomial one
for 4 points, 1.6 for 8 and 1.4 for 9 (batch size 1); with several it is 1 within noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.problem.batch_orders import FIXED, SHUFFLED

SEEDS_PER_BLOCK = 256
OWN_ROWS = 256

_SHARED, _OWN = 0x6D72, 0x6D73  # two streams of Philox, apart from any other use of a block's key
_WORDS_PER_COUNT = 4  # one step of Philox's counter yields four 64-bit words
_WORDS_TOGETHER = 2**18  # are sorted in the second-level cache


def block_of(seed: int) -> int:
    """The block of seeds that `seed` shares its shared orders with."""
    return seed // SEEDS_PER_BLOCK


def own_orders_per_seed(points: int) -> int:
    """How many own orders a seed has; epoch e (from 0 on) is in the order e modulo that."""
    return -(-OWN_ROWS // points)


def shared_orders(
    block: int, first_epoch: int, epochs: int, points: int, order: str = SHUFFLED
) -> NDArray[np.int32]:
    """Shared orders of a block for `epochs` epochs from `first_epoch` (0 is the first) on.

    Shape (epochs, points). An epoch's order is the same from whichever epoch one starts.
    """
    if order == FIXED:
        return np.tile(np.arange(points, dtype=np.int32), (epochs, 1))
    return _permutations(_SHARED, block, range(first_epoch, first_epoch + epochs), points)


def own_orders(seeds: Sequence[int], points: int, order: str = SHUFFLED) -> NDArray[np.int32]:
    """The own orders of seeds of one block, shape (seeds, own orders of a seed, points)."""
    if order == FIXED:
        fixed = np.arange(points, dtype=np.int32)
        return np.tile(fixed, (len(seeds), own_orders_per_seed(points), 1))
    count, places = own_orders_per_seed(points), [seed % SEEDS_PER_BLOCK for seed in seeds]
    first, last = min(places), max(places)
    if last - first < 2 * len(places):  # mostly in a row: drawn in one go
        rows = _permutations(
            _OWN, block_of(seeds[0]), range(first * count, (last + 1) * count), points
        )
        return rows.reshape(-1, count, points)[np.subtract(places, first)]
    return np.concatenate([own_orders([seed], points) for seed in seeds])


def batch_order(seed: int, epoch: int, points: int, order: str = SHUFFLED) -> NDArray[np.int32]:
    """The points in the order in which a seed trains on them in an epoch (0 is the first)."""
    own = own_orders([seed], points, order)[0]
    shared = shared_orders(block_of(seed), epoch, 1, points, order)[0]
    places: NDArray[np.int32] = own[epoch % len(own)][shared]
    return places


def steps_per_epoch(points: int, batch_size: int) -> int:
    """Steps in an epoch; the last may be of fewer points, as in Keras."""
    return -(-points // batch_size)


def _permutations(stream: int, block: int, rows: range, points: int) -> NDArray[np.int32]:
    """The permutations `rows` of a stream, shape (rows, points).

    Each sorts random 64-bit words of its own, whose lowest bits are replaced by the point. The
    words are raw Philox output (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
    which NumPy promises not to change.
    """
    counts = -(-points // _WORDS_PER_COUNT)
    generator = np.random.Philox(key=np.array([block, stream], dtype=np.uint64))
    generator.advance(rows.start * counts)
    low = np.uint64((1 << max(points - 1, 1).bit_length()) - 1)
    permutations = np.empty((len(rows), points), dtype=np.int32)
    together = max(1, _WORDS_TOGETHER // points)
    for first in range(0, len(rows), together):
        part = permutations[first : first + together]
        words = generator.random_raw(len(part) * counts * _WORDS_PER_COUNT)
        words = words.reshape(len(part), counts * _WORDS_PER_COUNT)[:, :points]
        # Sorting the words themselves takes half as long as finding the order that would sort them.
        words = (words & ~low) | np.arange(points, dtype=np.uint64)
        words.sort(axis=1)
        part[:] = words & low
    return permutations
