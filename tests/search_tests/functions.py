"""Members of the source problem with hand-made weights, whose functions and losses are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands
from search.problem.problem import Problem
from search.problem.rows import Member, Outcome

PROBLEM = Problem(bands())
RAW = Configuration("none", "adam", 0.1)
LN2 = math.log(2)


def steps(
    left: float, right: float, output: Sequence[float], bias: float, steepness: float = 40
) -> bytes:
    """A 1-2-1 network: sigmoid steps up at x = left and x = right, then a sigmoid of both."""
    weights = [steepness] * 2 + [-steepness * left, -steepness * right] + [*output, bias]
    return np.array(weights, dtype="<f4").tobytes()


BOTH = steps(10.5, 20.5, (40, -40), -20)
"""Class 1 between both boundaries: solved, loss exp(-20)."""
LEFT = steps(10.5, 20.5, (40, 0), -40)
"""0 up to 10.5, 1/2 beyond: loss 2/3 ln 2."""
RIGHT = steps(10.5, 20.5, (0, -40), 0)
"""1/2 up to 20.5, 0 beyond: the mirror image, of the same loss."""
INVERTED = steps(10.5, 20.5, (-40, 40), 20)
CONSTANT = steps(10.5, 20.5, (0, 0), -LN2)
"""1/3 everywhere: loss ln 3 - 2/3 ln 2 = 0.6365."""
BEGUN = steps(10.5, 20.5, (0.5, 0), -1.1)
"""0.25 up to 10.5, 0.354 beyond."""

CONSTANT_LOSS = math.log(3) - 2 / 3 * LN2
LEFT_LOSS = 2 / 3 * LN2
_LOW, _HIGH = 1 / (1 + math.exp(1.1)), 1 / (1 + math.exp(0.6))
BEGUN_LOSS = -(math.log(1 - _LOW) + math.log(_HIGH) + math.log(1 - _HIGH)) / 3


def cross_entropy(
    logits: NDArray[np.floating[Any]], labels: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Mean of -log(probability of the right class), (members,), from logits (members, points)."""
    losses: NDArray[np.float64] = np.logaddexp(
        0, np.where(labels == 1, -1, 1) * logits.astype(np.float64)
    ).mean(axis=1)
    return losses


def member(
    seed: int, weights: bytes, loss: float, outcome: Outcome = Outcome.NOT_ESCAPED
) -> Member:
    return Member(seed, seed // 100, outcome, loss, weights)


def population() -> list[Member]:
    """40 constant, 30 and 5 with one boundary, 20 solved, 3 begun, 2 diverged; in two trials."""
    kinds = [
        *[(CONSTANT, CONSTANT_LOSS, Outcome.NOT_ESCAPED)] * 40,
        *[(LEFT, LEFT_LOSS, Outcome.NOT_ESCAPED)] * 30,
        *[(RIGHT, LEFT_LOSS, Outcome.NOT_ESCAPED)] * 5,
        *[(BOTH, math.exp(-20), Outcome.SOLVED)] * 20,
        *[(BEGUN, BEGUN_LOSS, Outcome.NOT_ESCAPED)] * 3,
        *[(steps(math.nan, 0, (0, 0), 0), math.nan, Outcome.DIVERGED)] * 2,
    ]
    return [
        member(50 + seed, weights, loss, outcome)
        for seed, (weights, loss, outcome) in enumerate(kinds)
    ]


def grid(features: int) -> Dataset:
    """The corners of the unit cube with their parity: for two features the four points of XOR."""
    corners = np.array(list(product((0.0, 1.0), repeat=features)))
    return Dataset("grid", corners, (corners.sum(axis=1) % 2).astype(np.uint8))
