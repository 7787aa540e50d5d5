"""The printed program: run by itself, it gives the restart that is recorded."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from search.export.program import program
from search.problem.configuration import Configuration
from search.problem.errors import UserError
from search.problem.problem import Task
from search.problem.rows import Outcome, RecordedRestart, Restart
from search.problem.scaling import SCALINGS, scale
from search.statistics.measured import Measuring, measures_of
from search.training.batches import batch_order
from search.verify.tolerance import losses_agree
from tests.export_tests.made import CASES, Case, three_classes

NOT_TRAINED = Restart(300, Outcome.ESCAPED, 0.75, 0.5, 0.5, 3, None, b"", 225)


def run(text: str) -> dict[str, object]:
    """What a program leaves behind. It is of this project: `exec` runs nothing else."""
    names: dict[str, object] = {"__name__": "program"}
    exec(compile(text, "program", "exec"), names)
    return names


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_gives_the_recorded_accuracy_and_loss(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = case.trained()
    names = run(program("of a test", case.problem, recorded))
    said = capsys.readouterr().out
    (accuracy, loss), (_, recorded_loss), *held_out = re.findall(
        r"^[a-z ]+ (\S+), loss (\S+)$", said, re.M
    )
    points = case.problem.data.points
    assert round(float(accuracy) * points) == round(recorded.restart.accuracy * points)
    assert losses_agree(float(loss), recorded.restart.loss)
    assert recorded_loss == f"{recorded.restart.loss:.6f}"
    scaled = scale(case.configuration.scaling, case.problem.data.features)
    assert np.asarray(names["X"]).tobytes() == scaled.tobytes()
    assert len(held_out) == (case.problem.data.validation is not None)
    if held_out:
        measures = measures_of(["validation_accuracy"], case.problem.data)
        measuring = Measuring(case.problem, case.configuration, measures)
        expected = measuring.of_stored([recorded.restart.weights])[0, 0]
        assert float(held_out[0][0]) == pytest.approx(expected, abs=1e-6)


def until_the_model(text: str) -> dict[str, object]:
    """The part of a program that needs no Keras, run."""
    return run(text.partition("keras.utils.set_random_seed")[0].replace("import keras\n", ""))


@pytest.mark.parametrize("points", [2, 5, 64, 255, 256, 257, 300])
def test_its_batch_order_is_that_of_training(points: int) -> None:
    base = CASES["bands"]
    features, labels = np.arange(float(points))[:, None], np.arange(points) % 2
    problem = replace(base.problem, data=type(base.problem.data).of(features, labels, "some"))
    for seed in (0, 255, 256, 2**32 - 1):
        restart = RecordedRestart(0, base.configuration, replace(NOT_TRAINED, seed=seed))
        order = until_the_model(program("some", problem, restart))["batch_order"]
        for epoch in (0, 1, 199):
            told = order(epoch)  # type: ignore[operator]
            assert told.tolist() == batch_order(seed, epoch, points).tolist()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_its_points_are_scaled_bit_for_bit_as_in_training(scaling: str) -> None:
    base = CASES["three classes, held out, l2"]
    configuration = type(base.configuration)(scaling, "sgd", 0.01)
    text = program("three", base.problem, RecordedRestart(0, configuration, NOT_TRAINED))
    names = until_the_model(text)
    scaled = scale(scaling, base.problem.data.features)
    assert np.asarray(names["X"]).tobytes() == scaled.tobytes()


def test_names_that_are_no_python_stay_in_comments() -> None:
    data = replace(three_classes(), name='x"\n1/0 #', classes=('"', "\n2/0", "3"))
    problem = replace(CASES["bands"].problem, data=data)
    recorded = RecordedRestart(0, CASES["bands"].configuration, NOT_TRAINED)
    compile(program('"""\\', problem, recorded), "program", "exec")
    until_the_model(program('"""\\', problem, recorded))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_line_is_longer_than_100_characters(case: Case) -> None:
    data = replace(case.problem.data, name="of a long name " * 9)
    problem = replace(case.problem, data=data)
    optimizer = "adam:amsgrad=true:beta_1=0.12345678:beta_2=0.987654321:epsilon=1e-09"
    long = Configuration(case.configuration.scaling, optimizer, 0.1)
    text = program("a study " * 15, problem, RecordedRestart(0, long, NOT_TRAINED))
    assert [line for line in text.splitlines() if len(line) > 100] == []
    compile(text, "program", "exec")


def test_a_restart_of_another_training_is_refused() -> None:
    base = CASES["bands"]
    problem = replace(base.problem, training_version=1)
    with pytest.raises(UserError, match="cannot be trained again"):
        program("old", problem, RecordedRestart(0, base.configuration, NOT_TRAINED))
    assert Task(problem, base.configuration, 0, 1).problem.outdated is not None
