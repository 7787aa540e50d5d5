from __future__ import annotations

import numpy as np
import pytest

from search.problem.network import Network
from search.statistics.endings.units import UnitState, describe_units, hidden_units

POINTS = np.linspace(-1, 1, 21, dtype=np.float32)[:, None]


def state(activation: str, kernel: float, bias: float, outgoing: float) -> tuple[UnitState, float]:
    weights = np.array([kernel, bias, outgoing, 0.0], dtype=np.float32)
    (unit,) = hidden_units(Network(1, (1,), activation), weights, POINTS)
    assert (unit.layer, unit.unit) == (1, 1)
    return unit.state, unit.mean


@pytest.mark.parametrize(
    ("activation", "kernel", "bias", "outgoing", "expected", "mean"),
    [
        ("sigmoid", 1, 0, 1, UnitState.ACTIVE, 0.5),
        ("sigmoid", 1, 9, 1, UnitState.SATURATED, 1),
        ("sigmoid", 1, -9, 1, UnitState.SATURATED, 0),
        ("sigmoid", 0.001, 0, 1, UnitState.CONSTANT, 0.5),
        ("sigmoid", 1, 0, 0.01, UnitState.DEAD, 0.5),
        ("sigmoid", 1000, 50, 1, UnitState.STEP, 11 / 21),
        ("tanh", 1, 5, 1, UnitState.SATURATED, 1),
        ("tanh", 1, -5, 1, UnitState.SATURATED, -1),
        ("tanh", 1000, 50, 1, UnitState.STEP, 1 / 21),
        ("relu", 1, -2, 9, UnitState.DEAD, 0),
        ("relu", 1, 0, 0.001, UnitState.DEAD, 5.5 / 21),
        ("relu", 0.001, 1, 1, UnitState.CONSTANT, 1),
        ("relu", 1, 0, 1, UnitState.ACTIVE, 5.5 / 21),
        ("elu", 1, 0, 1, UnitState.ACTIVE, 0.072),
        ("elu", 1, -9, 1, UnitState.CONSTANT, -1),
        ("leaky_relu", 1, -2, 1, UnitState.ACTIVE, -0.4),
        ("softplus", 1, -20, 1, UnitState.DEAD, 0),
        ("gelu", 1, 500, 1, UnitState.CONSTANT, 500),
    ],
)
def test_states(
    activation: str, kernel: float, bias: float, outgoing: float, expected: UnitState, mean: float
) -> None:
    found, measured = state(activation, kernel, bias, outgoing)
    assert found is expected
    assert measured == pytest.approx(mean, abs=0.01)


def test_units_of_several_layers_are_judged_by_what_they_receive_and_send() -> None:
    network = Network(1, (2, 2), "relu")
    kernel_1, bias_1 = [1, 1], [2, -3]  # unit 1 works, unit 2 is dead
    kernel_2, bias_2 = [1, -1, 1, 1], [0, 0]  # unit 2 receives at most -1
    weights = np.array([*kernel_1, *bias_1, *kernel_2, *bias_2, 1, 1, 0], dtype=np.float32)
    units = hidden_units(network, weights, POINTS)
    assert [unit.state for unit in units] == [
        *(UnitState.ACTIVE, UnitState.DEAD),
        *(UnitState.ACTIVE, UnitState.DEAD),
    ]
    assert describe_units(units, several_layers=True) == "layer 1 unit 2 dead, layer 2 unit 2 dead"


def test_many_idle_units_are_counted() -> None:
    network = Network(1, (8,), "sigmoid")
    kernel, bias = [1.0] * 8, [9.0] * 5 + [0.0] * 3
    weights = np.array([*kernel, *bias, *[1.0] * 8, 0.0], dtype=np.float32)
    units = hidden_units(network, weights, POINTS)
    assert describe_units(units, several_layers=False) == "5 saturated at 1, 3 active"


@pytest.mark.parametrize(("count", "words"), [(1, "active"), (2, "both active"), (3, "all active")])
def test_units_that_all_work_are_not_listed(count: int, words: str) -> None:
    weights = np.array([*[1.0] * count, *[0.0] * count, *[1.0] * count, 0.0], dtype=np.float32)
    units = hidden_units(Network(1, (count,)), weights, POINTS)
    assert describe_units(units, several_layers=False) == words


def test_units_of_one_state_are_told_together() -> None:
    weights = np.array([1, 1, 9, 9, 1, 1, 0], dtype=np.float32)
    units = hidden_units(Network(1, (2,)), weights, POINTS)
    assert describe_units(units, several_layers=False) == "both saturated at 1"
