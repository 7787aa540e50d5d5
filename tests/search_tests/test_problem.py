from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search.problem.batch_orders import BATCH_ORDERS
from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands
from search.problem.errors import InvalidValuesError, UserError
from search.problem.network import ACTIVATIONS
from search.problem.problem import Problem

finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    points, features = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    labels = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=4, max_size=4))])
    data = Dataset(
        draw(st.text(min_size=1)),
        draw(arrays(np.float64, (points, features), elements=finite)),
        labels[:points].astype(np.uint8),
        draw(st.tuples(st.text(), st.text())),
    )
    margin = draw(st.floats(0, (1 - data.plateau) * 0.99))
    return Problem(
        data,
        hidden=tuple(draw(st.lists(st.integers(1, 16), min_size=1, max_size=4))),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        epochs=draw(st.integers(1, 10**9)),
        loss_function="mse" if draw(st.booleans()) else "crossentropy",
        initializer=draw(st.sampled_from(["he_normal", "glorot_uniform", "uniform:0.5"])),
        bias_initializer=draw(st.sampled_from(["zeros", "normal:0.25"])),
        use_bias=draw(st.booleans()),
        batch_order=draw(st.sampled_from(BATCH_ORDERS)),
        l2=draw(st.floats(0, 1e300)),
        batch_size=draw(st.integers(1, 10**9) | st.just("full")),
        margin=margin,
        solved_at=draw(st.floats(data.plateau + margin, 1, exclude_min=True)),
    )


@given(problems())
def test_a_problem_survives_json_and_bytes(problem: Problem) -> None:
    stored = json.loads(json.dumps(problem.to_json()))
    back = Problem.from_json(stored, problem.data.to_bytes())
    assert back.to_json() == problem.to_json()
    assert back.data.features.tobytes() == problem.data.features.tobytes()
    assert (back.data.labels == problem.data.labels).all()
    assert back.bars == problem.bars


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": (256, 1)}, "hidden must have at most 256 units in all, received 257"),
        ({"hidden": (10**30,)}, "hidden must have at most 256 units in all"),
        ({"epochs": 10**9 + 1}, "epochs must be at most 1,000,000,000, received 1,000,000,001"),
        ({"batch_size": 10**30}, "batch_size must be at most 1,000,000,000"),
        ({"margin": float("nan")}, "margin must be at least 0"),
        ({"solved_at": float("nan")}, "solved_at must be above the plateau"),
    ],
)
def test_refuses_what_would_not_end(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Problem(bands(), **options)


def test_all_faults_are_told_at_once_each_with_its_field() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Problem(bands(), hidden=(0,), epochs=-1, margin=2)
    assert [(fault.field, fault.received) for fault in raised.value.faults] == [
        ("hidden", "(0,)"),
        ("epochs", "-1"),
        ("margin", "2"),
    ]
    assert str(raised.value) == (
        "hidden must be layer sizes of at least 1, received (0,); "
        "epochs must be at least 0, received -1; "
        "margin must be at least 0 and leave room above the plateau of 0.6667, received 2"
    )


def test_a_configuration_takes_the_place_of_what_the_problem_holds() -> None:
    problem = Problem()
    under = problem.under(Configuration("none", "sgd", 0.1, hidden="4-4", batch_size="full"))
    assert under == Problem(hidden=(4, 4), batch_size="full")
    assert (str(under.network), under.step_points) == ("1-4-4-1", 300)
    assert problem.under(Configuration("none", "sgd", 0.1)) is problem
    assert Problem(batch_size=1000).step_points == 300
