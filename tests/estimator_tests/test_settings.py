"""The parameters of an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import multirestart as mr
from search.estimator.settings import InvalidParametersError, Settings
from search.problem.outcome import Bars


def settings(**parameters: Any) -> Settings:
    return Settings.of(mr.RestartClassifier(**parameters).get_params())


def test_parameters_are_made_plain() -> None:
    made = settings(n_init=np.int64(3), hidden=[4, 2], learning_rate=np.float32(0.5), epochs=7)
    assert (made.n_init, made.epochs) == (3, 7)
    assert made.trained["hidden"] == (4, 2)
    assert made.trained["learning_rate"] == 0.5
    assert settings(n_init="auto").n_init is None
    assert settings(batch_size="full").step_points(300) == 300
    assert settings(batch_size=32).step_points(20) == 20


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidParametersError) as raised:
        settings(
            n_init=0,
            max_n_init="auto",
            hidden=(),
            optimizer="adm",
            epochs=-1,
            select="best",
            validation_fraction=1,
            margin=None,
            solved_at=2,
            precision=0,
            n_jobs="2",
        )
    assert {fault.field for fault in raised.value.faults} == {
        "n_init",
        "max_n_init",
        "hidden",
        "optimizer",
        "epochs",
        "select",
        "validation_fraction",
        "margin",
        "solved_at",
        "precision",
        "n_jobs",
    }
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, mr.MultirestartError)


def test_a_wrong_n_init_is_told_of_auto() -> None:
    with pytest.raises(ValueError, match="n_init must be a whole number or 'auto', received 'al"):
        settings(n_init="all")


@pytest.mark.parametrize("n_jobs", [0, 1.5, True])
def test_processes_are_a_whole_number(n_jobs: Any) -> None:
    with pytest.raises(ValueError, match="n_jobs must be a whole number other than 0, or None"):
        settings(n_jobs=n_jobs)
    for good in (-1, 2, None, np.int64(2)):
        settings(n_jobs=good)


def test_validation_loss_needs_held_out_points() -> None:
    with pytest.raises(ValueError, match="validation_fraction must be a share between 0 and 1"):
        settings(select="validation_loss")


@pytest.mark.parametrize(
    ("majority", "points", "bars"),
    [
        (200, 300, Bars(204, 297)),
        (2, 4, Bars(3, 4)),
        (998, 1000, Bars(1000, 1000)),  # no room for the margin
    ],
)
def test_bars_are_those_of_a_problem(majority: int, points: int, bars: Bars) -> None:
    assert settings().bars(majority, points) == bars
