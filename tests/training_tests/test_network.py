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


@pytest.mark.parametrize(
    ("outputs", "use_bias", "name", "weights"),
    [(3, True, "4-8-3", 67), (10, False, "4-8-10", 112), (1, False, "4-8-1", 40)],
)
def test_more_classes_and_no_biases_change_the_weights(
    outputs: int, use_bias: bool, name: str, weights: int
) -> None:
    network = Network(4, (8,), outputs=outputs, use_bias=use_bias)
    assert str(network) == name
    assert network.weight_count == weights


def test_two_classes_have_one_output() -> None:
    with pytest.raises(ValueError, match="outputs must be 1, which tells two classes apart"):
        Network(1, outputs=2)


def test_layers_follow_each_other_without_gap() -> None:
    assert Network(2, (3,)).layers == (Layer(2, 3, 0), Layer(3, 1, 9))
    without = Network(2, (3,), outputs=4, use_bias=False).layers
    assert without == (Layer(2, 3, 0, use_bias=False), Layer(3, 4, 6, use_bias=False))
    assert [(layer.bias, layer.end) for layer in without] == [(6, 6), (18, 18)]


@pytest.mark.parametrize(
    ("features", "hidden", "activation", "message"),
    [
        (0, (2,), "sigmoid", "features must be at least 1, received 0"),
        (1, (), "sigmoid", "hidden must be one or more"),
        (1, (2, 0), "sigmoid", "hidden must be one or more"),
        (1, (2,), "linear", "activation must be one of sigmoid, tanh, .*, received 'linear'"),
    ],
)
def test_refuses_what_is_no_network(
    features: int, hidden: tuple[int, ...], activation: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Network(features, hidden, activation)


def test_the_output_has_an_activation_of_its_own() -> None:
    assert Network(2, (3, 4), "tanh").activations == ("tanh", "tanh", "sigmoid")
    assert Network(2, (3,), "relu", outputs=3).activations == ("relu", "softmax")
