"""Held-out points train nothing and judge nothing."""

from __future__ import annotations

from dataclasses import replace

from search.problem.configuration import Configuration
from search.problem.data.datasets import bands
from search.problem.problem import Problem, Task
from search.running.trial import train_trial


def test_restarts_are_those_of_the_training_points_alone() -> None:
    data = bands().hold_out(0.2)
    alone = replace(data, validation=None)
    outlying = alone.with_validation([-1e6, 1e6], [0, 1])
    first, second, third = (
        train_trial(Task(Problem(each, epochs=5), Configuration("standard", "adam", 0.1), 7, 4))
        for each in (data, alone, outlying)
    )
    assert first == second == third
