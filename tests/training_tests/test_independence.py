"""Restarts of neighbouring seeds share no luck: rates of blocks vary as those of fair draws."""

from __future__ import annotations

import numpy as np
import pytest

from search.problem.network import Network
from search.training.stack import Recipe, train_stack
from tests.conftest import Points

pytestmark = pytest.mark.slow


def variance_over_binomial(
    points: Points, recipe: Recipe, block: int, restarts: int, enough: int
) -> float:
    """Variance of the rates of blocks of seeds over that of independent restarts.

    A restart counts as escaped that classifies `enough` points correctly.
    """
    tiles = train_stack(*points, recipe, range(restarts))
    escaped = np.concatenate([tile.final_correct >= enough for tile in tiles])
    rate = escaped.mean()
    assert 0.5 < rate < 0.999, "most escape, not all, or the comparison says little"
    rates = escaped.reshape(-1, block).mean(axis=1)
    return float(rates.var(ddof=1) / (rate * (1 - rate) / block))


def test_restarts_are_independent_where_the_order_of_batches_matters(
    standard_bands: Points,
) -> None:
    """With one batch order for 64 seeds the ratio was above 4; chance alone gives 1 +- 0.25."""
    recipe = Recipe(Network(1), "rmsprop", 1.0, epochs=40, batch_size=4)
    assert variance_over_binomial(standard_bands, recipe, 64, 2048, enough=204) < 2


def test_restarts_on_few_points_are_independent() -> None:
    """With one own order for a seed the ratio was above 3; chance alone gives 1 +- 0.18."""
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=np.float32)
    points = corners, np.array([0, 1, 1, 0], dtype=np.float32)
    recipe = Recipe(Network(2), "adam", 0.3, epochs=60, batch_size=1)
    assert variance_over_binomial(points, recipe, 256, 2**14, enough=3) < 1.9
