from __future__ import annotations

import numpy as np
import pytest

from search.problem.network import Network
from search.training.initial import initial_weights
from search.training.reference import build_model, flat_weights
from search.training.stack import Recipe

SEEDS = (0, 1, 7, 64, 12345, 2**31 - 1, 2**32 - 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        Network(1),
        Network(2),
        Network(3, (4, 4), "tanh"),
        Network(10, (16,), "relu"),
    ],
    ids=str,
)
def test_start_is_bit_equal_to_keras(network: Network) -> None:
    weights = initial_weights(network, SEEDS)
    assert weights.shape == (network.weight_count, len(SEEDS))
    for lane, seed in enumerate(SEEDS):
        expected = flat_weights(build_model(Recipe(network, "sgd", 0.1, 1, 32), seed))
        assert weights[:, lane].tobytes() == expected.tobytes()


def test_a_seed_starts_the_same_beside_any_other() -> None:
    network = Network(2, (3,))
    together = initial_weights(network, range(100))
    for seed in (0, 41, 99):
        assert together[:, seed].tobytes() == initial_weights(network, [seed]).tobytes()


def test_kernels_fill_the_glorot_range_and_biases_are_zero() -> None:
    weights = initial_weights(Network(1), range(4096))
    limit = np.sqrt(6 / (1 + 2))
    kernel, bias = weights[:2], weights[2:4]
    assert abs(kernel).max() <= limit
    assert abs(kernel).max() > 0.99 * limit
    assert not bias.any()
