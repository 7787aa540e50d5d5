from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import (
    Configuration,
    LearningRateRange,
    SearchSpace,
    parse_learning_rates,
)
from search.problem.errors import UserError
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import SCALINGS

rates = st.floats(0, exclude_min=True, allow_infinity=False)  # down to 5e-324
spaces = st.builds(
    SearchSpace,
    st.lists(st.sampled_from(sorted(SCALINGS)), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(sorted(OPTIMIZERS)), min_size=1, unique=True).map(tuple),
    st.one_of(
        st.lists(rates, min_size=1, max_size=4, unique=True).map(tuple),
        st.lists(rates, min_size=2, max_size=2, unique=True)
        .map(sorted)
        .map(lambda ends: LearningRateRange(*ends)),
    ),
)


@given(spaces)
def test_a_space_survives_json(space: SearchSpace) -> None:
    assert SearchSpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@given(st.lists(rates, min_size=1, max_size=4, unique=True))
def test_learning_rates_survive_the_command_line(listed: list[float]) -> None:
    assert parse_learning_rates(",".join(map(repr, listed))) == tuple(listed)


def test_configurations_are_all_combinations_in_order() -> None:
    space = SearchSpace(("none", "standard"), ("sgd",), (0.1, 0.01))
    assert space.configurations == (
        Configuration("none", "sgd", 0.1),
        Configuration("none", "sgd", 0.01),
        Configuration("standard", "sgd", 0.1),
        Configuration("standard", "sgd", 0.01),
    )
    assert SearchSpace(("none",), ("sgd",), LearningRateRange(0.1, 1)).configurations is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", (0.1,)),
        ("0.01, 1e-1", (0.01, 0.1)),
        ("0.001:1", LearningRateRange(0.001, 1.0)),
    ],
)
def test_parses_learning_rates(text: str, expected: object) -> None:
    assert parse_learning_rates(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fast", "must be a list like 0.01,0.1 or a range"),
        ("0.1,", "must be a list like"),
        ("1:2:3", "must be LOW:HIGH"),
        ("1:0.1", "LOW below HIGH"),
        ("0:1", "must be a positive number, received 0"),
        ("-1:1", "must be a positive number, received -1"),
        ("nan:1", "must be a positive number, received nan"),
    ],
)
def test_refuses_learning_rates(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_learning_rates(text)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ((("standrd",), ("sgd",), (0.1,)), "unknown scaling 'standrd': did you mean standard"),
        ((("none",), ("adamm",), (0.1,)), "unknown optimizer 'adamm': did you mean adam"),
        ((("none",), ("sgd",), (0.1, -0.1)), "must be a positive number, received -0.1"),
        ((("none",), ("sgd",), (float("inf"),)), "must be a positive number, received inf"),
        (((), ("sgd",), (0.1,)), "scalings must name at least one"),
        ((("none",), ("sgd", "sgd"), (0.1,)), "optimizers must name each value once"),
    ],
)
def test_refuses_what_is_no_space(space: tuple[tuple[str, ...], ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SearchSpace(*space)  # type: ignore[arg-type]
