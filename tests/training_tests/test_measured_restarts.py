"""Measures of restarts that were trained, of every kind of output and loss, beside their record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands2d
from search.problem.problem import Problem, Task
from search.problem.rows import Outcome
from search.running.trial import train_trial
from search.statistics.measured import Measuring, measures_of

RNG = np.random.default_rng(3)
CENTRES = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.5, 2.5]])
LABELS = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
FOUR = Dataset.of(CENTRES[LABELS] + RNG.normal(0, 0.7, size=(100, 2)), LABELS).hold_out(0.2)
ADAM = Configuration("standard", "adam", 0.05)


@pytest.mark.parametrize(
    ("problem", "penalty"),
    [
        (Problem(FOUR, epochs=30), False),
        (Problem(FOUR, epochs=30, hidden=(3, 3), activation="tanh", use_bias=False), False),
        (Problem(bands2d().hold_out(0.1), epochs=20, loss_function="mse"), False),
        (Problem(FOUR, epochs=30, l2=0.01), True),
    ],
)
def test_accuracy_and_loss_are_those_of_the_record(problem: Problem, penalty: bool) -> None:
    restarts = train_trial(Task(problem, ADAM, 11, 16))
    assert all(restart.outcome is not Outcome.DIVERGED for restart in restarts)
    names = [
        *("accuracy", "loss", "balanced_accuracy", "auc", "validation_accuracy"),
        *(f"right_{name}" for name in problem.data.classes),
    ]
    measure = Measuring(problem, ADAM, measures_of(names, problem.data))
    figures = measure.of_stored([restart.weights for restart in restarts])
    points = problem.data.points
    recorded = np.array([restart.accuracy for restart in restarts])
    # A point that stands on a boundary may fall on either side.
    assert figures[:, 0] == pytest.approx(recorded, abs=1.01 / points)
    assert (figures[:, 0] == recorded).mean() > 0.9
    losses = np.array([restart.loss for restart in restarts])
    if penalty:
        assert (figures[:, 1] < losses).all()
    else:
        assert figures[:, 1] == pytest.approx(losses, abs=1e-5)
    assert figures[:, 5:].sum(axis=1) / points == pytest.approx(figures[:, 0])
    sizes = np.array(problem.data.class_sizes)
    assert (figures[:, 5:] / sizes).mean(axis=1) == pytest.approx(figures[:, 2])
    if len(sizes) == 4:
        assert_of_softmax(problem, restarts[0].weights, figures[0])


def assert_of_softmax(problem: Problem, weights: bytes, figures: Any) -> None:
    """The measures of one network by scikit-learn, from a forward pass written out."""
    metrics = pytest.importorskip("sklearn.metrics")
    data = problem.data
    mean, deviation = data.features.mean(axis=0), data.features.std(axis=0)
    flat = np.frombuffer(weights, "<f4").astype(np.float64)

    def probabilities(features: Any) -> Any:
        below = (features - mean) / deviation
        for layer in problem.network.layers:
            kernel = flat[layer.start : layer.bias].reshape(layer.inputs, layer.units)
            bias = flat[layer.bias : layer.end] if layer.use_bias else 0.0
            received = below @ kernel + bias
            is_tanh = problem.activation == "tanh"
            below = np.tanh(received) if is_tanh else 1 / (1 + np.exp(-received))
        powers = np.exp(received)
        return powers / powers.sum(axis=1, keepdims=True)

    held_out = data.validation
    assert held_out is not None
    of_training = probabilities(data.features)
    wanted = [
        metrics.balanced_accuracy_score(data.labels, of_training.argmax(axis=1)),
        metrics.roc_auc_score(data.labels, of_training, multi_class="ovr"),
        metrics.accuracy_score(held_out.labels, probabilities(held_out.features).argmax(axis=1)),
    ]
    assert figures[2:5] == pytest.approx(wanted, rel=1e-6)
