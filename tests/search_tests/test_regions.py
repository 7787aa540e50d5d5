from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands2d
from search.problem.problem import Problem
from search.statistics.endings.ends import stored_weights
from search.statistics.endings.kinds import Kind
from search.statistics.endings.regions import Answer, answer_of, describe
from tests.search_tests.functions import (
    BEGUN,
    BOTH,
    CONSTANT,
    INVERTED,
    LEFT,
    PROBLEM,
    RAW,
    RIGHT,
    steps,
)


def raw(weights: bytes) -> Answer:
    return answer_of(PROBLEM, RAW, stored_weights([weights])[0])


@pytest.mark.parametrize(
    ("kind", "weights", "name", "words"),
    [
        (
            Kind.CONSTANT,
            CONSTANT,
            "constant answer",
            "class 1 nowhere, its probability 0.33 on every point: the constant answer",
        ),
        (
            Kind.CONSTANT,
            steps(10.5, 20.5, (0, 0), 3),
            "another constant",
            "class 1 everywhere, its probability 0.95 on every point: another constant than the "
            "best, which is 0.33",
        ),
        (
            Kind.FOUND,
            LEFT,
            "one boundary found",
            "class 1 at 0.50 for x > 10.6, at 0.00 elsewhere: one boundary found",
        ),
        (
            Kind.FOUND,
            RIGHT,
            "one boundary found",
            "class 1 at 0.50 for x < 20.4, at 0.00 elsewhere: one boundary found",
        ),
        (
            Kind.BEGUN,
            BEGUN,
            "one boundary begun",
            "class 1 at 0.35 for x > 10.5, at 0.25 elsewhere: one boundary begun",
        ),
        (
            Kind.SOLVED,
            BOTH,
            "solved",
            "class 1 between 10.5 and 20.5: both boundaries found",
        ),
        (
            Kind.BEGUN,
            INVERTED,
            "both boundaries the wrong way round",
            "class 1 at 1.00 for x < 10.5 and for x > 20.5, at 0.00 elsewhere: "
            "both boundaries the wrong way round",
        ),
        (
            Kind.ESCAPED,
            INVERTED,
            "escaped",
            "class 1 for x < 10.5 and for x > 20.5: both boundaries the wrong way round",
        ),
        (
            Kind.FOUND,
            steps(2, 20.5, (40, 0), -40),
            "one boundary out of place",
            "class 1 at 0.50 for x > 2.1, at 0.00 elsewhere: one boundary out of place",
        ),
    ],
)
def test_words_for_one_feature(kind: Kind, weights: bytes, name: str, words: str) -> None:
    regions = describe(PROBLEM.data, kind, raw(weights))
    assert (regions.name, regions.words) == (name, words)


def test_boundaries_are_in_the_datas_units_under_every_scaling() -> None:
    """A step at 10.5 and one at 20.5, as a network on standardised features writes them."""
    line = PROBLEM.data.features
    mean, deviation = line.mean(), line.std()
    left, right = (10.5 - mean) / deviation, (20.5 - mean) / deviation
    weights = stored_weights([steps(left, right, (40, -40), -20, steepness=300)])[0]
    answer = answer_of(PROBLEM, Configuration("standard", "adam", 0.1), weights)
    regions = describe(PROBLEM.data, Kind.SOLVED, answer)
    assert regions.boundaries == pytest.approx((10.5, 20.5), abs=1e-3)
    assert regions.right == (200, 100)
    assert (regions.low, regions.high) == pytest.approx((0, 1), abs=1e-6)


@pytest.mark.parametrize(
    ("factor", "shown"),
    [
        (1e-6, "class 1 between 0.0000105 and 0.0000205"),
        (1e6, "class 1 between 10500000 and 20500000"),
    ],
)
def test_the_datas_units_set_the_decimals(factor: float, shown: str) -> None:
    data = Dataset("scaled", PROBLEM.data.features * factor, PROBLEM.data.labels)
    regions = describe(data, Kind.SOLVED, lambda points: raw(BOTH)(points / factor))
    assert regions.words == f"{shown}: both boundaries found"


def test_classes_that_overlap_claim_no_boundary() -> None:
    data = dataclasses.replace(PROBLEM.data, labels=(np.arange(300) % 2).astype(np.uint8))
    regions = describe(data, Kind.FOUND, raw(LEFT))
    assert regions.name == "one boundary drawn"


def test_classes_are_called_by_their_names() -> None:
    data = dataclasses.replace(PROBLEM.data, classes=("oak", "elm"))
    words = describe(data, Kind.SOLVED, raw(BOTH)).words
    assert words == "class elm between 10.5 and 20.5: both boundaries found"


def test_more_features_fall_back_to_points_counted() -> None:
    problem = Problem(bands2d())
    # Along the first band's direction, x1 + x2 runs from 0 to 30 times the square root of 2.
    edge = 10.5 * np.sqrt(2)
    row = np.array([9, 0, 9, 0, -9 * edge, 0, 40, 0, -40], dtype=np.float32)
    answer = answer_of(problem, RAW, row)
    found = describe(problem.data, Kind.FOUND, answer)
    assert found.boundaries is None
    assert found.name == "a split found"
    assert found.words == (
        "class 1 at 0.50 on 200 points (100 of them class 1), at 0.00 on the other 100 "
        "(0 of them): a split found"
    )
    row[-1] = -20
    escaped = describe(problem.data, Kind.ESCAPED, answer_of(problem, RAW, row))
    assert escaped.words == ("right on 100 of 200 points of class 0 and on 100 of 100 of class 1")
