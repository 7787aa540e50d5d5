"""The Keras file of a restart: it says what is recorded, or is not written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from search.export.keras_file import write_keras_file
from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset
from search.problem.errors import LaunchError, UserError
from search.problem.problem import Problem
from search.problem.rows import Outcome, RecordedRestart
from search.training.backend import keras
from search.verify.tolerance import losses_agree
from tests.export_tests.made import CASES, Case

pytestmark = [
    pytest.mark.slow,
    # Keras 3.15 as it saves a variable of TensorFlow's under NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
ABLE = [case for name, case in CASES.items() if name != "huge numbers"]


@pytest.mark.parametrize("case", ABLE)
def test_it_takes_raw_points_and_says_what_is_recorded(case: Case, tmp_path: Path) -> None:
    recorded, path = case.trained(), tmp_path / "best.keras"
    write_keras_file(case.problem, recorded, path)
    model = keras.models.load_model(path)
    data = case.problem.data
    loss, accuracy = model.evaluate(data.features, data.labels[:, None], verbose=0)
    assert round(accuracy * data.points) == round(recorded.restart.accuracy * data.points)
    assert losses_agree(loss, recorded.restart.loss)
    assert [path.name for path in tmp_path.iterdir()] == ["best.keras"]


def test_features_that_float32_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    """Seconds since 1970: Keras rounds them to the next 128 before the first layer."""
    seconds = 1.7e9 + np.arange(60.0)
    data = Dataset.of(seconds[:, None], np.arange(60) // 30, "clock")
    case = Case(Problem(data, epochs=100), Configuration("standard", "adam", 0.1))
    recorded = case.trained()
    assert recorded.restart.outcome is Outcome.SOLVED
    with pytest.raises(UserError, match="rounds features to float32"):
        write_keras_file(case.problem, recorded, tmp_path / "best.keras")
    assert not [*tmp_path.iterdir()]


def test_what_another_restart_would_say_is_refused(tmp_path: Path) -> None:
    case = CASES["bands"]
    recorded = case.trained()
    restart = recorded.restart
    for changed in (replace(restart, loss=restart.loss + 0.01), replace(restart, accuracy=0.0)):
        wrong = replace(recorded, restart=changed)
        with pytest.raises(UserError, match="would not say what is recorded"):
            write_keras_file(case.problem, wrong, tmp_path / "best.keras")
    assert not [*tmp_path.iterdir()]


def test_what_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    case = CASES["untrained"]
    recorded = case.trained()
    diverged = replace(recorded.restart, outcome=Outcome.DIVERGED)
    taken = tmp_path / "taken.keras"
    taken.touch()
    for restart, path, kind, message in (
        (diverged, tmp_path / "best.keras", UserError, "diverged"),
        (recorded.restart, tmp_path / "best.h5", UserError, "must end in .keras"),
        (recorded.restart, taken, UserError, "is there already"),
        (recorded.restart, tmp_path / "no" / "best.keras", LaunchError, "cannot write"),
    ):
        with pytest.raises(kind, match=message):
            write_keras_file(case.problem, RecordedRestart(0, case.configuration, restart), path)
    assert [*tmp_path.iterdir()] == [taken]
