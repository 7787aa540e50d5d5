"""Plans: what they are by default, what they refuse, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import SearchSpace
from search.problem.data.datasets import bands, xor
from search.problem.dimensions import LogRange
from search.problem.errors import InvalidValuesError
from search.problem.objectives import OBJECTIVES
from search.problem.plan import MAX_RESTARTS, MAX_TRIALS, Plan
from search.problem.problem import Problem
from search.problem.rows import StudyRecord
from search.problem.samplers import SAMPLERS
from tests.search_tests.test_configuration import spaces
from tests.search_tests.test_problem import problems

RANGE = SearchSpace(learning_rates=LogRange(0.001, 1.0))


@st.composite
def plans(draw: st.DrawFn, problem: st.SearchStrategy[Problem] | None = None) -> Plan:
    space = draw(spaces)
    refused = "grid" if space.ranges else "qmc"
    printable = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
    return Plan(
        name=draw(printable),
        problem=draw(problems() if problem is None else problem),
        space=space,
        restarts=draw(st.integers(1, MAX_RESTARTS)),
        sampler=draw(st.sampled_from([name for name in SAMPLERS if name != refused])),
        sampler_seed=draw(st.integers(0, 2**64 - 1)),
        trials=draw(st.integers(1, MAX_TRIALS)),
        objective=draw(st.sampled_from(sorted(OBJECTIVES))),
        first=(space.configurations or ())[-1:] if draw(st.booleans()) else (),
    )


def test_the_default_is_the_study_of_the_source_problem() -> None:
    plan = Plan()
    assert plan == Plan(
        name="bands",
        problem=Problem(bands(), (2,), "sigmoid", 200, 32, 0.01, 0.99),
        space=SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1)),
        restarts=256,
        sampler="tpe",
        sampler_seed=0,
        trials=24,
        objective="escape-rate",
    )


def test_what_is_given_is_all_that_differs() -> None:
    assert replace(Plan(), trials=4, restarts=64) == Plan(trials=4, restarts=64)
    hidden = Plan(problem=Problem(hidden=(4,)))
    assert (hidden.name, str(hidden.problem.network)) == ("bands", "1-4-1")
    assert Plan(problem=Problem(xor())).name == "xor"
    assert Plan(problem=Problem(xor()), name="mine").name == "mine"


@pytest.mark.parametrize(
    ("plan", "trials"),
    [
        (Plan(), 24),
        (Plan(sampler="grid"), 8),
        (Plan(sampler="grid", space=SearchSpace(("none",), ("sgd",), (0.1,))), 1),
        (Plan(sampler="grid", trials=3), 3),
        (Plan(sampler="qmc", space=RANGE), 24),
    ],
)
def test_trials_left_out_are_24_or_the_grid_once(plan: Plan, trials: int) -> None:
    assert plan.trials == trials


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Plan("two\nlines", None, RANGE, 0, "grid", -1, 10**7, "speed")
    assert str(raised.value) == (
        r"name must be a printable name, received 'two\nlines'; "
        "restarts must be at least 1 and at most 1000000, received 0; "
        "trials must be at least 1 and at most 1000000, received 10000000; "
        "sampler_seed must be at least 0 and below 2**64, received -1; "
        "the sampler grid needs lists of values like 0.01,0.1, "
        "received the range 0.001:1 of learning_rate; "
        "unknown objective 'speed': did you mean escape-rate? it must be one of both, "
        "escape-rate, expected-epochs, solve-rate"
    )


def test_qmc_needs_a_range() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Plan(sampler="qmc")
    (fault,) = raised.value.faults
    assert (fault.field, fault.rule, fault.received) == (
        "sampler",
        "needs a range like 0.001:1",
        "lists",
    )
    assert str(raised.value) == (
        "the sampler qmc needs a range like 0.001:1; lists are for the sampler grid"
    )


@given(plans())
def test_a_plan_survives_its_record(plan: Plan) -> None:
    record = plan.to_record()
    stored = StudyRecord(
        json.loads(json.dumps(record.problem)), json.loads(json.dumps(record.search)), record.data
    )
    back = Plan.from_record(plan.name, stored)
    assert back == plan
    assert back.differences(plan) == []


def test_a_record_keeps_its_format() -> None:
    record = Plan(sampler="grid", sampler_seed=3).to_record()
    assert record.search == {
        "space": {
            "scaling": ["none", "standard"],
            "optimizer": ["sgd", "adam"],
            "learning_rate": [0.01, 0.1],
        },
        "restarts": 256,
        "sampler": "grid",
        "sampler_seed": 3,
        "trials": 8,
        "objective": "escape-rate",
        "first": [],
    }
    del record.search["objective"]  # the first studies kept none
    assert Plan.from_record("bands", record) == Plan(sampler="grid", sampler_seed=3)


@pytest.mark.parametrize(
    ("changed", "differences"),
    [
        ({"trials": 9, "sampler": "random", "sampler_seed": 1}, []),
        ({"restarts": 2}, ["restarts is 256, not 2"]),
        ({"objective": "both"}, ["objective is escape-rate, not both"]),
        ({"space": RANGE}, ["learning_rate is 0.01,0.1, not 0.001:1"]),
        ({"problem": Problem(hidden=(4, 4))}, ["hidden is 2, not 4,4"]),
    ],
)
def test_only_what_a_study_keeps_for_life_is_a_difference(
    changed: dict[str, Any], differences: list[str]
) -> None:
    assert Plan().differences(replace(Plan(), **changed)) == differences
