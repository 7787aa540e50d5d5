from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from search.problem.configuration import Configuration
from search.problem.data.datasets import bands2d
from search.problem.forward import forward
from search.problem.network import ACTIVATIONS, Network
from search.problem.problem import Problem, Task
from search.problem.scaling import scale
from tests.search_tests.functions import cross_entropy


def test_a_1_2_1_network_by_hand() -> None:
    weights = np.array([[1.0, -2.0, 0.5, 0.25, 3.0, -1.0, 0.75]])
    outputs = forward(Network(1, (2,), "relu"), weights, np.array([[2.0], [-1.0]]))
    assert outputs.hidden[0].tolist() == [[[2.5, 0.0], [0.0, 2.25]]]
    assert outputs.logits.tolist() == [[3 * 2.5 + 0.75, -2.25 + 0.75]]


def test_a_softmax_without_biases_by_hand() -> None:
    network = Network(1, (1,), "relu", outputs=3, use_bias=False)
    outputs = forward(network, np.array([[2.0, 0, 0, np.log(2)]]), np.array([[0.5], [-1.0]]))
    assert outputs.logits.tolist() == [[[0, 0, np.log(2)], [0, 0, 0]]]
    assert outputs.probabilities == pytest.approx(
        np.array([[[0.25, 0.25, 0.5], [1 / 3, 1 / 3, 1 / 3]]])
    )
    assert outputs.classes.tolist() == [[2, 0]]


def test_class_1_needs_more_than_half() -> None:
    weights = np.array([[1.0, 0, 1, 0]])
    outputs = forward(Network(1, (1,), "tanh"), weights, np.array([[0.1], [0.0], [-0.1]]))
    assert outputs.classes.tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_members_do_not_touch_each_other(activation: str, outputs: int) -> None:
    network, random = Network(3, (4, 2), activation, outputs), np.random.default_rng(0)
    weights = random.normal(size=(5, network.weight_count))
    points = random.normal(size=(7, 3))
    together = forward(network, weights, points).logits
    for member in range(5):
        alone = forward(network, weights[member : member + 1], points).logits
        assert together[member] == pytest.approx(alone[0], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hidden", "activation"), [((2,), "sigmoid"), ((3, 2), "tanh"), ((4, 4), "relu")]
)
def test_stored_weights_give_the_recorded_loss_and_accuracy(
    hidden: tuple[int, ...], activation: str
) -> None:
    from search.running.trial import train_trial

    problem = Problem(bands2d(), hidden=hidden, activation=activation, epochs=8)
    task = Task(problem, Configuration("standard", "adam", 0.1), 5, 24)
    restarts = train_trial(task)
    weights = np.array([np.frombuffer(restart.weights, "<f4") for restart in restarts])
    features = scale("standard", problem.data.features)
    logits = forward(problem.network, weights, features).logits
    assert logits.dtype == np.float32
    losses = cross_entropy(logits, problem.data.labels)
    assert losses == pytest.approx([restart.loss for restart in restarts], abs=1e-5)
    accuracies = ((expit(logits) > 0.5) == (problem.data.labels == 1)).mean(axis=1)
    one_point = 1 / problem.data.points  # one that lies on a boundary may fall on either side
    assert accuracies == pytest.approx([restart.accuracy for restart in restarts], abs=one_point)
