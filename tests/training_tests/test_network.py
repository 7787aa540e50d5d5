from __future__ import annotations

import pytest

from search.problem.network import Layer, Network


@pytest.mark.parametrize(
    ("features", "hidden", "name", "weights"),
    [(1, (2,), "1-2-1", 7), (2, (2,), "2-2-1", 9), (10, (8, 4), "10-8-4-1", 129)],
)
def test_name_and_weight_count(
    features: int, hidden: tuple[int, ...], name: str, weights: int
) -> None:
    network = Network(features, hidden)
    assert str(network) == name
    assert network.weight_count == weights


def test_layers_follow_each_other_without_gap() -> None:
    assert Network(2, (3,)).layers == (Layer(2, 3, 0), Layer(3, 1, 9))


@pytest.mark.parametrize(
    ("features", "hidden", "activation", "message"),
    [
        (0, (2,), "sigmoid", "features must be at least 1, received 0"),
        (1, (), "sigmoid", "hidden must be one or more"),
        (1, (2, 0), "sigmoid", "hidden must be one or more"),
        (1, (2,), "gelu", "activation must be one of sigmoid, tanh, relu, received 'gelu'"),
    ],
)
def test_refuses_what_is_no_network(
    features: int, hidden: tuple[int, ...], activation: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Network(features, hidden, activation)
