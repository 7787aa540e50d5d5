from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import DIMENSIONS, Choices, LogRange, Value
from search.problem.errors import InvalidValuesError, UserError
from search.problem.network import ACTIVATIONS
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import SCALINGS


def parse_rates(text: str) -> Choices:
    return DIMENSIONS["learning_rate"].parsed("learning_rates", text)


def offered(values: st.SearchStrategy[Value]) -> st.SearchStrategy[tuple[Value, ...]]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


layers = st.lists(st.integers(1, 16), min_size=1, max_size=3)
rates = st.floats(0, exclude_min=True, allow_infinity=False)  # down to 5e-324
ranges = (
    st.lists(rates, min_size=2, max_size=2, unique=True)
    .map(sorted)
    .map(lambda ends: LogRange(*ends))
)
spaces = st.builds(
    SearchSpace,
    st.lists(st.sampled_from(sorted(SCALINGS)), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(sorted(OPTIMIZERS)), min_size=1, unique=True).map(tuple),
    st.one_of(
        st.lists(rates, min_size=1, max_size=4, unique=True).map(tuple),
        ranges,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "batch_size": offered(st.integers(1, 10**9) | st.just("full")),
            "hidden": offered(layers.map(lambda sizes: "-".join(map(str, sizes)))),
            "activation": offered(st.sampled_from(ACTIVATIONS)),
            "use_bias": offered(st.booleans()),
            "initializer": offered(st.sampled_from(["he_normal", "uniform:0.5", "normal:2"])),
            "l2": offered(st.floats(0, 1e300)) | ranges,
        },
    ),
)


@given(spaces)
def test_a_space_survives_json(space: SearchSpace) -> None:
    assert SearchSpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@given(st.lists(rates, min_size=1, max_size=4, unique=True))
def test_learning_rates_survive_the_command_line(listed: list[float]) -> None:
    assert parse_rates(",".join(map(repr, listed))) == tuple(listed)


def test_configurations_are_all_combinations_in_order() -> None:
    space = SearchSpace(("none", "standard"), ("sgd",), (0.1, 0.01))
    assert space.configurations == (
        Configuration("none", "sgd", 0.1),
        Configuration("none", "sgd", 0.01),
        Configuration("standard", "sgd", 0.1),
        Configuration("standard", "sgd", 0.01),
    )
    assert SearchSpace(("none",), ("sgd",), LogRange(0.1, 1)).configurations is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", (0.1,)),
        ("0.01, 1e-1", (0.01, 0.1)),
        ("0.001:1", LogRange(0.001, 1.0)),
    ],
)
def test_parses_learning_rates(text: str, expected: object) -> None:
    assert parse_rates(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fast", "must be a list like 0.01,0.1 or a range"),
        ("0.1,", "must be a list like"),
        ("1:2:3", "must be LOW:HIGH"),
        ("1:0.1", "both positive and LOW the smaller, received 1:0.1"),
        ("0:1", "must be LOW:HIGH, both positive and LOW the smaller, received 0:1"),
        ("-1:1", "both positive and LOW the smaller, received -1:1"),
        ("nan:1", "both positive and LOW the smaller, received nan:1"),
    ],
)
def test_refuses_learning_rates(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_rates(text)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ((("standrd",), ("sgd",), (0.1,)), "unknown scaling 'standrd': did you mean standard"),
        ((("none",), ("adamm",), (0.1,)), "unknown optimizer 'adamm': did you mean adam"),
        ((("none",), ("sgd",), (0.1, -0.1)), "must be a positive number, received -0.1"),
        ((("none",), ("sgd",), (float("inf"),)), "must be a positive number, received inf"),
        (((), ("sgd",), (0.1,)), "scalings must name at least one"),
        ((("none",), ("sgd", "sgd"), (0.1,)), "optimizers must name each value once"),
        ((("none",), ("sgd",), (0.1,), {"epochs": (1, 2)}), "unknown dimension 'epochs'"),
        ((("none",), ("sgd",), (0.1,), {"hidden": ()}), "hidden must name at least one value"),
        ((("none",), ("sgd",), (0.1,), {"hidden": ("2", (2,))}), "hidden must name each value"),
        (
            (("none",), ("sgd",), (0.1,), {"hidden": ("2-0",)}),
            "sizes of at least 1, received '2-0'",
        ),
        ((("none",), ("sgd",), (0.1,), {"batch_size": ("16",)}), "whole number or full, received"),
        (
            (("none",), ("sgd",), (0.1,), {"batch_size": LogRange(1, 9)}),
            "batch_size must be a list of values, not a range, received 1:9",
        ),
    ],
)
def test_refuses_what_is_no_space(space: tuple[tuple[str, ...], ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SearchSpace(*space)  # type: ignore[arg-type]


def test_a_configuration_is_a_mapping_in_one_order() -> None:
    one = Configuration("none", "sgd", 0.1, hidden="4-4", batch_size="full")
    assert dict(one) == {
        "scaling": "none",
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "hidden": "4-4",
        "batch_size": "full",
    }
    assert one == Configuration(**dict(reversed(list(one.items()))))  # type: ignore[arg-type]
    assert hash(one) == hash(Configuration.from_json(json.loads(json.dumps(one.to_json()))))
    assert one != Configuration("none", "sgd", 0.1)
    assert str(one) == "none sgd 0.1 hidden=4-4 batch_size=full"
    assert pickle.loads(pickle.dumps(one)) == one
    assert eval(repr(one)) == one


def test_a_configuration_tells_all_its_faults() -> None:
    with pytest.raises(UserError) as raised:
        Configuration("none", "sgdd", 0, depth=3)
    assert str(raised.value) == (
        "unknown dimension 'depth': it must be one of activation, batch_order, batch_size, "
        "bias_initializer, hidden, initializer, l2, learning_rate, loss_function, optimizer, "
        "scaling, use_bias; unknown optimizer 'sgdd': did you mean sgd? it must "
        f"be one of {', '.join(sorted(OPTIMIZERS))}; a learning rate must be a positive number, "
        "received 0"
    )


def test_combinations_of_varied_dimensions() -> None:
    space = SearchSpace(("none",), ("sgd", "adam"), (0.1,), {"batch_size": (16, "full")})
    assert space.configurations == (
        Configuration("none", "sgd", 0.1, batch_size=16),
        Configuration("none", "adam", 0.1, batch_size=16),
        Configuration("none", "sgd", 0.1, batch_size="full"),
        Configuration("none", "adam", 0.1, batch_size="full"),
    )


@given(spaces)
def test_what_is_varied_survives_the_command_line(space: SearchSpace) -> None:
    for name, values in space.vary.items():
        if isinstance(values, LogRange):
            text = f"{values.low!r}:{values.high!r}"
        else:
            text = ",".join(map(str, values))
        assert DIMENSIONS[name].parsed(name, text) == values


def test_a_space_lists_no_more_combinations_than_memory_holds() -> None:
    rates = tuple(10 ** (-index / 100) for index in range(1, 101))
    sizes = {"batch_size": tuple(range(1, 251))}
    assert len(SearchSpace(learning_rates=rates, vary=sizes).configurations or ()) == 100_000
    rule = "vary must leave at most 100,000 combinations of all that is listed, received 100,400"
    with pytest.raises(InvalidValuesError, match=rule):
        SearchSpace(learning_rates=rates, vary={"batch_size": tuple(range(1, 252))})
