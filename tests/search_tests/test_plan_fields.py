"""The flat fields of a plan: what they are taken for, and what is made of those left out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import SearchSpace
from search.problem.data.datasets import BUILT_IN
from search.problem.data.sources import load_data
from search.problem.dimensions import LogRange
from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.problem.problem import Problem
from tests.search_tests.test_plan import RANGE, plans

of_built_in_data = plans(
    st.builds(
        Problem,
        st.sampled_from(sorted(BUILT_IN)).map(lambda name: BUILT_IN[name]()),
        hidden=st.lists(st.integers(1, 16), min_size=1, max_size=4).map(tuple),
        margin=st.floats(0, 0.3),
        epochs=st.integers(1, 10**9),
    )
)


def test_of_no_fields_the_default_plan_is_made() -> None:
    assert PlanFields().plan() == Plan()


@given(of_built_in_data, of_built_in_data)
def test_all_fields_of_a_plan_make_it_again_whatever_is_kept(plan: Plan, kept: Plan) -> None:
    fields = PlanFields.of(plan)
    assert fields.plan() == fields.plan(kept) == plan
    assert fields.name_among(()) == plan.name


@given(of_built_in_data)
def test_of_no_fields_the_kept_plan_is_made(kept: Plan) -> None:
    assert PlanFields().plan(kept) == kept


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (0.1, (0.1,)),
        (1, (1.0,)),
        ([0.1, 1], (0.1, 1.0)),
        ((0.1,), (0.1,)),
        ("0.01,0.1", (0.01, 0.1)),
        ("0.001:1", LogRange(0.001, 1.0)),
        ({"low": 0.001, "high": 1}, LogRange(0.001, 1.0)),
        (None, (0.01, 0.1)),
    ],
)
def test_learning_rates_have_many_forms(rates: object, expected: object) -> None:
    assert PlanFields(learning_rate=rates).plan().space.learning_rates == expected


def test_one_value_is_a_list_of_one() -> None:
    plan = PlanFields(hidden=4, scaling="none", optimizer="adam").plan()
    assert (plan.problem.hidden, plan.space.scalings, plan.space.optimizers) == (
        (4,),
        ("none",),
        ("adam",),
    )


NO_RATES = (
    "must be a number, a list like [0.01, 0.1], text like 0.01,0.1 or 0.001:1, "
    "or a table like {low = 0.001, high = 1.0}"
)


@pytest.mark.parametrize(
    ("field", "value", "rule", "received"),
    [
        ("epochs", "3", "must be a whole number", "'3'"),
        ("epochs", True, "must be a whole number", "true"),
        ("trials", 3.0, "must be a whole number", "3.0"),
        ("sampler_seed", [1], "must be a whole number", "[1]"),
        ("margin", "0.1", "must be a number", "'0.1'"),
        ("margin", True, "must be a number", "true"),
        ("hidden", [2, "3"], "must be a list of whole numbers like [4, 4]", '[2, "3"]'),
        ("hidden", [True], "must be a list of whole numbers like [4, 4]", "[true]"),
        ("hidden", [list(range(99))], "must be a list of whole numbers like [4, 4]", None),
        ("scaling", ["none", 1], "must be a list of names", '["none", 1]'),
        ("study", 7, "must be text", "7"),
        ("learning_rate", True, NO_RATES, "true"),
        ("learning_rate", [0.1, "1"], NO_RATES, '[0.1, "1"]'),
        ("learning_rate", {"low": 0.1}, NO_RATES, '{"low": 0.1}'),
        ("learning_rate", {"low": 1, "high": 2, "mid": 3}, NO_RATES, None),
    ],
)
def test_nothing_is_taken_for_what_it_is_not(
    field: str, value: object, rule: str, received: str | None
) -> None:
    with pytest.raises(InvalidValuesError) as raised:
        PlanFields(**{field: value})
    (fault,) = raised.value.faults
    assert (fault.field, fault.rule) == (field, rule)
    assert received in (fault.received, None)
    assert len(fault.received) <= 63


def test_an_unknown_field_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        PlanFields(epoch=3, self=1, restarts="8")
    known = ", ".join(sorted(PlanFields.model_fields))
    assert raised.value.faults == (
        Fault("restarts", "must be a whole number", "'8'"),
        Fault(
            "epoch",
            f"must be one of {known}",
            "'epoch'",
            f"unknown field 'epoch': did you mean epochs? it must be one of {known}",
        ),
        Fault(
            "self",
            f"must be one of {known}",
            "'self'",
            f"unknown field 'self': it must be one of {known}",
        ),
    )


@pytest.mark.parametrize("kept", [None, Plan(), Plan(space=RANGE, sampler="qmc")])
def test_all_that_breaks_a_rule_is_told_at_once_by_its_flat_name(kept: Plan | None) -> None:
    fields = PlanFields(
        study="",
        hidden=[0],
        scaling=["standrd"],
        optimizer=["adm"],
        learning_rate="fast",
        trials=0,
        sampler="grid",
    )
    with pytest.raises(InvalidValuesError) as raised:
        fields.plan(kept)
    assert [fault.field for fault in raised.value.faults] == [
        "hidden",
        "scaling",
        "optimizer",
        "learning_rate",
        "study",
        "trials",
    ]


def test_an_empty_list_is_not_left_out() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        PlanFields(hidden=[], scaling=[], optimizer=[], learning_rate=[]).plan()
    assert str(raised.value) == (
        "hidden must be layer sizes of at least 1, received (); "
        "scaling must name at least one value, received (); "
        "optimizer must name at least one value, received (); "
        "learning_rate must name at least one value, received ()"
    )


def test_the_sampler_is_looked_at_beside_a_faulty_problem() -> None:
    fields = PlanFields(epochs=-1, learning_rate="0.1:1", sampler="grid")
    with pytest.raises(InvalidValuesError) as raised:
        fields.plan()
    assert str(raised.value) == (
        "epochs must be at least 0, received -1; the sampler grid needs lists of values "
        "like 0.01,0.1, received the range 0.1:1 of learning_rate"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"trials": 9}, replace(Plan(sampler="grid", trials=5), trials=9)),
        ({"sampler": "tpe"}, Plan(sampler="tpe", trials=5)),
        (
            {"optimizer": "adam"},
            Plan(sampler="grid", trials=5, space=SearchSpace(optimizers=("adam",))),
        ),
        ({"data": "xor"}, Plan("bands", Problem(BUILT_IN["xor"]()), sampler="grid", trials=5)),
        ({"study": "mine"}, Plan("mine", sampler="grid", trials=5)),
    ],
)
def test_what_is_left_out_is_the_kept_studys(fields: dict[str, Any], expected: Plan) -> None:
    assert PlanFields(**fields).plan(Plan(sampler="grid", trials=5)) == expected


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """98 points of one class and 2 of the other: above them a margin of 0.01 reaches 0.99."""
    rows = "".join(f"{x},{int(x > 97)}\n" for x in range(100))
    path = tmp_path / "points.csv"
    path.write_text(f"x,class\n{rows}")
    return path


def test_a_margin_that_only_the_default_target_refuses_can_be_given(points: Path) -> None:
    """Of 98% of one class: the default of 0.01 would leave no room below 0.99."""
    fields = PlanFields(data=str(points), target="class")
    with pytest.raises(InvalidValuesError, match="solved_at must be above"):
        fields.plan()
    made = fields.overridden({"margin": 0.001, "solved_at": 1.0}).plan()
    assert (made.name, made.problem.margin, made.problem.solved_at) == ("points", 0.001, 1.0)


def test_a_target_goes_with_its_file(points: Path) -> None:
    fields = PlanFields(data=str(points), target="class")
    assert fields.overridden({"data": "xor"}).plan() == Plan(problem=Problem(BUILT_IN["xor"]()))
    assert fields.overridden({"epochs": 3}).target == "class"
    with pytest.raises(UserError) as raised:
        PlanFields(target="class").name_among(())
    assert str(raised.value) == ("a target column goes with a CSV file; data 'bands' is built in")


def test_where_data_came_from_has_to_be_said(points: Path) -> None:
    plan = Plan(problem=Problem(load_data(str(points), "class"), margin=0.001, solved_at=1))
    with pytest.raises(UserError) as raised:
        PlanFields.of(plan)
    assert str(raised.value) == (
        "study 'points' keeps the points of its data 'points' but not the file that they came "
        "from: name the CSV file and its target column"
    )
    assert PlanFields.of(plan, str(points), "class").plan() == plan


@pytest.mark.parametrize(
    ("there", "name"),
    [((), "bands"), (("other",), "other"), (("other", "bands"), "bands"), (("bands",), "bands")],
)
def test_of_no_name_and_no_data_the_study_there_is_meant(there: tuple[str, ...], name: str) -> None:
    assert PlanFields(trials=2).name_among(there) == name
    assert PlanFields(study="mine").name_among(there) == "mine"
    assert PlanFields(data="xor").name_among(there) == "xor"


def test_which_of_several_studies_is_meant_has_to_be_said() -> None:
    with pytest.raises(UserError, match="choose a study by its name: one, two"):
        PlanFields().name_among(("one", "two"))


@pytest.mark.parametrize(
    "asked",
    [
        {"batch_size": [16, "full"], "hidden": "2, 4-4"},
        {"hidden": ["2", "4-4"], "batch_size": "16,full"},
    ],
)
def test_what_is_varied_may_be_a_list_or_text(asked: dict[str, object]) -> None:
    plan = PlanFields(vary=asked).plan()
    assert plan.space.vary == {"hidden": ("2", "4-4"), "batch_size": (16, "full")}
    assert PlanFields.of(plan).plan() == plan
    assert PlanFields(trials=30).plan(plan) == replace(plan, trials=30)


def test_a_varied_dimension_is_not_held_too() -> None:
    kept = Plan(space=SearchSpace(vary={"batch_size": (16, 32)}))
    for fields, plan in (
        (PlanFields(batch_size=8, vary={"batch_size": 16}), None),
        (PlanFields(batch_size=8), kept),
    ):
        with pytest.raises(InvalidValuesError) as raised:
            fields.plan(plan)
        assert str(raised.value) == "batch_size must be left out, for it is varied, received 8"


def test_faults_of_what_is_varied_are_told_at_once() -> None:
    with pytest.raises(InvalidValuesError) as raised:
        PlanFields(vary={"batch_size": [0], "hiden": [2], "hidden": "4-4,0"}).plan()
    faulty = [fault.field for fault in raised.value.faults]
    assert faulty == ["vary batch_size", "dimension", "vary hidden"]


STRANGE = [
    *(10**400, -(10**400), "9" * 5000, ["9" * 5000], [10**400], 1e308, "1e999"),
    *(
        "\ud800",
        ["\ud800"],
        "\0",
        ["\0"],
        "\0.csv",
        "\ud800.csv",
        "\u00b2",
        "4-\u00b2",
        "",
        "-",
        " ",
    ),
    *(float("nan"), float("inf"), True, -1, 0, [], {}, [None], [[]], [{}], {"l2": [10**400]}),
]


@pytest.mark.parametrize("field", sorted(PlanFields.model_fields))
def test_whatever_a_field_is_given_is_taken_or_refused(field: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,0\n2,1\n3,0\n4,1\n")
    of_file = {"data": str(tmp_path / "a.csv"), "target": "y"}
    for value in STRANGE:
        for fields in (
            {field: value},
            {**of_file, field: value},
            {"vary": {field: value}},
            {"vary": {field: [value]}},
        ):
            with suppress(UserError):
                PlanFields(**fields).plan()
