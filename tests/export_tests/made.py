"""Problems of every kind, trained briefly, for the tests of what is exported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands2d, xor
from search.problem.problem import Problem, Task
from search.problem.rows import RecordedRestart
from search.running.trial import train_trial


def three_classes(points: int = 90) -> Dataset:
    """Three overlapping clusters of 2 features, one of which is far from 0."""
    rng = np.random.default_rng(7)
    labels = np.arange(points) % 3
    features = rng.normal(size=(points, 2)) + 2.0 * np.eye(3, 2)[labels]
    features[:, 1] = 1000.0 + 50.0 * features[:, 1]
    return Dataset.of(features, [f"kind {label}" for label in labels], "three")


@dataclass(frozen=True)
class Case:
    """A problem under a configuration, and a seed."""

    problem: Problem
    configuration: Configuration
    seed: int = 1_234_567

    def trained(self) -> RecordedRestart:
        """The restart, as a study would record it."""
        (restart,) = train_trial(Task(self.problem, self.configuration, self.seed, 1))
        return RecordedRestart(0, self.configuration, restart)


CASES = {
    "bands": Case(Problem(epochs=20), Configuration("standard", "adam", 0.1)),
    "bands2d, raw, in one step": Case(
        Problem(bands2d(), epochs=5, batch_size="full"), Configuration("none", "sgd", 0.01)
    ),
    "xor, deep, without biases, fixed order": Case(
        Problem(xor(), (3, 4), "tanh", 10, 7, batch_order="fixed", use_bias=False),
        Configuration("minmax", "adam:beta_2=0.99:amsgrad=true", 0.05),
    ),
    "three classes, held out, l2": Case(
        Problem(three_classes().hold_out(0.2), (4,), "relu", 10, 16, 0.01, 0.9, l2=0.01),
        Configuration("robust", "nesterov", 0.05),
    ),
    "four points, varied, initializers": Case(
        Problem(
            Dataset.of([[0.0], [1.0], [2.0], [4.0]], [0, 1, 1, 0], "four"),
            epochs=70,
            initializer="he_normal",
            bias_initializer="uniform:0.5",
        ),
        Configuration("maxabs", "rmsprop", 0.01, batch_size=1, loss_function="mse"),
        1_234_570,
    ),
    "huge numbers": Case(
        Problem(
            Dataset.of(np.linspace(-3e200, 1e200, 40)[:, None], np.arange(40) // 20, "huge"),
            epochs=5,
            initializer="uniform:0.3",
            bias_initializer="normal:0.1",
        ),
        Configuration("standard", "adam", 0.1),
    ),
    "untrained": Case(Problem(epochs=0), Configuration("standard", "adam", 0.1)),
}
