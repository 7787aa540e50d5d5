"""Which seeds the restarts of a fit have."""

from __future__ import annotations

import secrets
from typing import Any

from sklearn.utils import check_random_state

from search.training.batches import SEEDS_PER_BLOCK

_SEEDS = 2**31
_BLOCKS = _SEEDS // SEEDS_PER_BLOCK


def first_seed(random_state: Any) -> int:
    """The seed of restart 0: the first of a block, drawn uniformly.

    Args:
        random_state: As scikit-learn has it, but that None asks the operating system and does not
            touch NumPy's global generator.

    Returns:
        The seed.
    """
    if random_state is None:
        return secrets.randbelow(_BLOCKS) * SEEDS_PER_BLOCK
    return int(check_random_state(random_state).randint(_BLOCKS)) * SEEDS_PER_BLOCK


def seeds_of(first: int, numbers: range) -> list[int]:
    """The seeds of restarts by their numbers: one after the other from the first seed on.

    So the seed of a restart depends on the first and on its number alone, and no seed comes twice.
    """
    return [(first + number) % _SEEDS for number in numbers]
