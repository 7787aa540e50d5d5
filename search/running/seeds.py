"""Blocks of seeds: how long they are, and how a free one is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.problem.errors import UserError
from search.training.batches import SEEDS_PER_BLOCK

LAST_SEED = 2**31 - 1
_ATTEMPTS = 64  # a block is almost surely free; where few are, all are looked at
_SEED_STREAM = 1  # keeps this draw apart from that of a configuration, which is of stream 2


def block_length(restarts: int) -> int:
    """The seeds that are set apart for so many restarts: whole blocks of `SEEDS_PER_BLOCK`.

    A tile is of one block. Two of one length are the same or have no seed in common.
    """
    return -(-restarts // SEEDS_PER_BLOCK) * SEEDS_PER_BLOCK


def free_block(
    taken: Sequence[range], length: int, wanted: object, sampler_seed: int, number: int
) -> int:
    """The first of `length` seeds that are not taken, drawn uniformly for the place `number`.

    Raises UserError if every block is taken.
    """
    blocks = (LAST_SEED + 1) // length
    for attempt in range(_ATTEMPTS):
        seed = (uniform(_SEED_STREAM, sampler_seed, number, attempt) % blocks) * length
        if not any(seed < each.stop and each.start < seed + length for each in taken):
            return seed
    used = {
        block
        for each in taken
        for block in range(each.start // length, (each.stop - 1) // length + 1)
    }
    free = [block for block in range(blocks) if block not in used]
    if not free:
        raise UserError(f"all {blocks} blocks of seeds of {wanted} are used up")
    return free[uniform(_SEED_STREAM, sampler_seed, number) % len(free)] * length


def uniform(*key: int) -> int:
    """63 random bits, a function of the key on any machine and in any version of NumPy."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))
