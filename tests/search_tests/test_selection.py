"""Which columns of a file are features: named, dropped, kept with a study, and told when wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.problem.data.datasets import xor
from search.problem.data.selection import Selection
from search.problem.data.sources import load_data
from search.problem.errors import InvalidValuesError, UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.problem.plan_files import read_plan, saved_fields, to_toml
from search.problem.problem import Problem

POINTS = "id,x,y,class\n1,5,2,a\n2,3,,b\n3,4,2,b\n4,5,5,a\n"


@pytest.fixture
def points(tmp_path: Path) -> str:
    path = tmp_path / "points.csv"
    path.write_text(POINTS)
    return str(path)


def test_columns_are_dropped_or_named(points: str) -> None:
    dropped = load_data(points, "class", drop=["id", "y"])
    assert dropped.features.tolist() == [[5], [3], [4], [5]]
    assert load_data(points, "class", features="x") == dropped
    both = load_data(points, "class", features=("y", "x"), missing="drop")
    assert both.names == ("x", "y")  # as the file has them
    assert both.features.tolist() == [[5, 2], [4, 2], [5, 5]]
    assert both.selection == Selection(features=("y", "x"), missing="drop")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"drop": ["i"]},
            "drop must name columns of {} (did you mean id? there are id, x, y), received 'i'",
        ),
        (
            {"features": ["z", "x"]},
            "features must name columns of {} (there are id, x, y), received 'z'",
        ),
        ({"drop": ["class"]}, "drop must not name the target 'class', received 'class'"),
        ({"features": ["class"]}, "features must not name the target 'class', received 'class'"),
        (
            {"drop": ["x"], "features": ["y"]},
            "drop must be left out where features are named: one of the two says which columns "
            "are, received x",
        ),
        (
            {"drop": ["id", "x", "y"]},
            "drop must leave at least one feature of {}, received 'id', 'x', 'y'",
        ),
        ({"missing": "fill"}, "missing must be refuse or drop, received 'fill'"),
    ],
)
def test_what_cannot_be_taken_is_one_line(
    points: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValuesError) as raised:
        load_data(points, "class", **options)
    assert str(raised.value) == message.format(points)
    with pytest.raises(InvalidValuesError) as raised:
        PlanFields(data=points, target="class", **options).plan()
    assert str(raised.value) == message.format(points)


@pytest.mark.parametrize("options", [{"drop": "id"}, {"features": "x"}, {"missing": "drop"}])
def test_built_in_data_have_no_columns_to_take(options: dict[str, Any], points: str) -> None:
    with pytest.raises(UserError, match=f"{next(iter(options))} goes with a file; data 'xor' is"):
        load_data("xor", **options)
    with pytest.raises(UserError, match="goes with a file; data 'bands' is built in"):
        PlanFields(**options).plan()
    fields = PlanFields(data=points, target="class", **options)
    assert fields.overridden({"data": "xor"}).plan() == Plan(problem=Problem(xor()))


def test_dropping_takes_the_place_of_naming_and_the_other_way_round(points: str) -> None:
    fields = PlanFields(data=points, target="class", features=["x"])
    assert fields.overridden({"drop": ("y",)}).plan().problem.data.names == ("id", "x")
    fields = PlanFields(data=points, target="class", drop=["y"])
    assert fields.overridden({"features": ("x",)}).plan().problem.data.names == ("x",)


@pytest.mark.parametrize("options", [{"drop": "id", "missing": "drop"}, {"features": "x"}])
def test_a_study_goes_on_with_the_columns_that_it_has(points: str, options: dict[str, Any]) -> None:
    asked = PlanFields(data=points, target="class", **options)
    made = asked.plan()
    kept = Plan.from_record("points", made.to_record())
    assert (kept, kept.problem.data.names) == (made, made.problem.data.names)
    for again in (PlanFields(), PlanFields(data=points, target="class"), asked):
        plan = again.plan(kept)
        assert kept.differences(plan) == []
        assert plan.problem.data.selection == made.problem.data.selection
    other = PlanFields(data=points, target="class", features="id").plan(kept)
    assert kept.differences(other) != []


def test_of_another_file_all_columns_are_taken(points: str, tmp_path: Path) -> None:
    kept = PlanFields(data=points, target="class", drop=["id", "y"]).plan()
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "points.csv"
    other.write_text("x,class\n1,a\n2,b\n")
    plan = PlanFields(data=str(other), target="class").plan(kept)
    assert plan.problem.data.names == ("x",)
    assert any("data is points" in difference for difference in kept.differences(plan))


def test_columns_survive_a_plan_file(points: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('data = "points.csv"\ntarget = "class"\ndrop = ["id"]\nmissing = "drop"\n')
    asked = read_plan(path)
    text = to_toml(saved_fields(asked.plan(), asked, tmp_path))
    assert 'drop = ["id"]\nmissing = "drop"\n' in text
    (tmp_path / "saved.toml").write_text(text)
    assert read_plan(tmp_path / "saved.toml").plan() == asked.plan()
    path.write_text('data = "points.csv"\ntarget = "class"\ndrop = "i"\n')
    with pytest.raises(UserError, match=r"plan.toml: drop must name columns of .*did you mean id"):
        read_plan(path).plan()
