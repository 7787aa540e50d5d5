"""Absurd data and learning rates: every restart has its row, and none that diverged escaped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands
from search.problem.optimizers import OPTIMIZERS
from search.problem.problem import Problem, Task
from search.problem.rows import Outcome, Restart
from search.problem.scaling import SCALINGS
from search.running.trial import train_trial
from search.verify.reference import compare, retrain

LINE = bands().features
EPOCHS, RESTARTS = 3, 5
FEATURES: Mapping[str, NDArray[np.float64]] = {
    "raw": LINE,
    "1e30": LINE * 1e30,
    "1e37": LINE * 1e37,
    "beyond float32": LINE * 1e300,
    "the largest": np.where(LINE > 15, 1.0, -1.0) * np.finfo(np.float64).max,
    "one of 1e300": np.concatenate([LINE[:-1], [[1e300]]]),
    "the smallest": LINE * 5e-324,
    "constant": np.full_like(LINE, 3.7),
    "constant 1e300": np.full_like(LINE, 1e300),
    "zero": np.zeros_like(LINE),
    "duplicates": np.tile([1.0, 2.0, 2.0], 100)[:, None],
}
RATES = (0.1, 1e6, 1e300)


def task(
    features: NDArray[np.float64], scaling: str, optimizer: str, rate: float, **problem: object
) -> Task:
    data = Dataset("points", features, bands().labels)
    return Task(
        Problem(data, **{"epochs": EPOCHS, **problem}),  # type: ignore[arg-type]
        Configuration(scaling, optimizer, rate),
        first_seed=64,
        restarts=RESTARTS,
    )


def is_finite(restart: Restart) -> bool:
    weights = np.frombuffer(restart.weights, dtype="<f4")
    numbers = (restart.loss, restart.last_epoch_loss, restart.accuracy)
    return all(map(math.isfinite, numbers)) and bool(np.isfinite(weights).all())


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_restart_has_a_true_outcome(optimizer: str) -> None:
    for (name, features), scaling, rate in product(FEATURES.items(), SCALINGS, RATES):
        here = f"{name}, {scaling} {optimizer} {rate}"
        restarts = train_trial(task(features, scaling, optimizer, rate))
        assert [restart.seed for restart in restarts] == list(range(64, 64 + RESTARTS)), here
        for restart in restarts:
            assert 0 <= restart.accuracy <= 1, here
            if restart.outcome is Outcome.DIVERGED:
                assert restart.escape_epoch is None, here
                assert 1 <= (restart.diverged_epoch or 0) <= EPOCHS, here
            else:
                assert is_finite(restart), here
                assert restart.diverged_epoch is None, here
                assert restart.outcome.has_escaped == (restart.escape_epoch is not None), here
                assert restart.outcome.has_escaped == (restart.accuracy * 300 > 203.5), here
            if (features == features[0]).all():
                assert not restart.outcome.has_escaped, here


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_features_beyond_float32_diverge_in_the_first_epoch(optimizer: str) -> None:
    """Infinite once in float32: infinity times a gradient of zero is no number."""
    for name in ("beyond float32", "the largest", "one of 1e300", "constant 1e300"):
        restarts = train_trial(task(FEATURES[name], "none", optimizer, 0.1))
        assert {(r.outcome, r.diverged_epoch) for r in restarts} == {(Outcome.DIVERGED, 1)}, name


@pytest.mark.parametrize("scaling", sorted(set(SCALINGS) - {"none"}))
def test_features_of_1e300_train_as_they_would_in_another_unit(scaling: str) -> None:
    unit = 2.0**990
    plain = train_trial(task(LINE, scaling, "adam", 0.1))
    assert train_trial(task(LINE * unit, scaling, "adam", 0.1)) == plain
    assert {restart.outcome for restart in plain} != {Outcome.DIVERGED}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_one_point_per_class(optimizer: str) -> None:
    for points, scaling, rate in product(([0, 1], [1, 1], [-1e300, 1e300]), SCALINGS, RATES):
        data = Dataset(
            "two", np.array(points, dtype=np.float64)[:, None], np.array([0, 1], dtype=np.uint8)
        )
        problem = Problem(data, epochs=EPOCHS)
        restarts = train_trial(Task(problem, Configuration(scaling, optimizer, rate), 0, 4))
        assert [restart.seed for restart in restarts] == [0, 1, 2, 3]
        assert {restart.accuracy for restart in restarts} <= {0, 0.5, 1}
        for restart in restarts:
            assert (restart.outcome is Outcome.DIVERGED) or is_finite(restart)


@pytest.mark.slow
def test_neighbours_of_what_diverged_are_bit_equal_to_themselves_alone() -> None:
    """With these rates some seeds diverge, each in its own epoch, and others do not."""
    whole = Task(
        task(FEATURES["1e30"], "none", "momentum", 1e20, epochs=12).problem,
        Configuration("none", "momentum", 1e20),
        first_seed=0,
        restarts=64,
    )
    restarts = train_trial(whole)
    diverged_epochs = Counter(restart.diverged_epoch for restart in restarts)
    assert len(diverged_epochs) > 3
    assert 10 < diverged_epochs[None] < 60
    for seed in range(0, 64, 5):
        (alone,) = train_trial(Task(whole.problem, whole.configuration, seed, 1))
        assert repr(alone) == repr(restarts[seed])  # repr: a NaN is not equal to itself
    assert repr(train_trial(Task(whole.problem, whole.configuration, 7, 50))) == repr(
        restarts[7:57]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("features", "optimizer", "rate", "first_seed"),
    [("1e30", "momentum", 1e20, 0), ("raw", "ftrl", 1e37, 0), ("1e37", "adamw", 1e6, 0)],
)
def test_plain_keras_diverges_where_the_stack_does(
    features: str, optimizer: str, rate: float, first_seed: int
) -> None:
    """One restart of each of the epochs in which restarts of the configuration diverged."""
    problem = task(FEATURES[features], "none", optimizer, rate, epochs=6).problem
    configuration = Configuration("none", optimizer, rate)
    restarts = train_trial(Task(problem, configuration, first_seed, 64))
    examples = {restart.diverged_epoch: restart for restart in restarts}
    assert len(examples) > 1
    for restart in examples.values():
        fresh = retrain(Task(problem, configuration, restart.seed, 1))
        assert (fresh.outcome, fresh.diverged_epoch) == (restart.outcome, restart.diverged_epoch)
        assert compare(restart, fresh).agrees


def test_a_comparison_of_what_diverged_shows_when() -> None:
    (recorded, *_) = train_trial(task(FEATURES["beyond float32"], "none", "sgd", 0.1))
    rows = {row[0]: row[1:] for row in compare(recorded, recorded).rows}
    assert rows["outcome"] == ["diverged", "diverged", "same"]
    assert rows["diverged epoch"] == ["1", "1", "same"]
    assert rows["loss on all points"][0] == "nan"
