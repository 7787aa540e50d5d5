"""How many restarts are enough, and which seeds they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multirestart as mr
from search.estimator.enough import ended_early, is_enough, looks
from search.estimator.seeds import first_seed, seeds_of
from search.estimator.settings import Settings
from search.statistics.escape import EscapeRate


def test_looks_double() -> None:
    assert list(looks(64, 500)) == [range(64), range(64, 128), range(128, 256), range(256, 500)]
    assert list(looks(64, 10)) == [range(10)]


@given(st.integers(1, 256), st.integers(1, 5000))
def test_looks_leave_nothing_out(first: int, most: int) -> None:
    assert [number for part in looks(first, most) for number in part] == list(range(most))


@pytest.mark.parametrize(
    ("escaped", "restarts", "precision", "enough"),
    [
        (0, 1000, None, False),
        (1, 64, None, False),
        (8, 64, None, False),  # the lower end is 0.0647: 69 are needed
        (9, 64, None, True),
        (64, 64, None, True),
        (32, 64, 0.25, True),
        (32, 64, 0.2, False),
    ],
)
def test_enough_is_judged_by_the_interval(
    escaped: int, restarts: int, precision: float | None, enough: bool
) -> None:
    assert is_enough(EscapeRate(escaped, restarts), precision) is enough


@pytest.mark.parametrize(
    ("escaped", "parameters", "said"),
    [
        (
            8,
            {},
            "n_init='auto' ended at max_n_init=64: 8 of 64 escaped, and by the lower end of the "
            "interval an escape with 99% certainty takes 69 restarts",
        ),
        (
            32,
            {"precision": 0.2},
            "n_init='auto' ended at max_n_init=64: 32 of 64 escaped, and the 95% interval is "
            "0.2380 wide, not 0.2",
        ),
        (9, {}, ""),
        (0, {}, ""),
        (8, {"n_init": 64}, ""),
    ],
)
def test_where_it_had_to_end_it_says_how_far_it_came(
    escaped: int, parameters: dict[str, Any], said: str
) -> None:
    asked = mr.RestartClassifier(**{"n_init": "auto", "max_n_init": 64, **parameters})
    assert ended_early(Settings.of(asked.get_params()), EscapeRate(escaped, 64)) == said


def test_seeds_follow_the_first_of_a_block() -> None:
    first = first_seed(7)
    assert first == first_seed(7) == first_seed(np.random.RandomState(7))
    assert first % 256 == 0
    assert first != first_seed(8)
    assert seeds_of(first, range(2, 5)) == [first + 2, first + 3, first + 4]
    assert seeds_of(2**31 - 256, range(255, 258)) == [2**31 - 1, 0, 1]


def test_without_a_random_state_seeds_are_new_and_numpy_is_left_alone() -> None:
    np.random.seed(3)
    expected = np.random.random(2)
    np.random.seed(3)
    assert len({first_seed(None) for _ in range(8)}) > 1
    assert np.random.random(2).tolist() == expected.tolist()
