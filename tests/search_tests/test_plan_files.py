"""Plan files: read as they are written, and what is wrong in them told in one line."""

from __future__ import annotations

import re
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import SearchSpace
from search.problem.data.datasets import xor
from search.problem.data.sources import load_data
from search.problem.errors import UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.problem.plan_files import NewPlanFile, read_plan, saved_fields, to_toml
from search.problem.problem import Problem
from tests.conftest import ROOT
from tests.search_tests.test_plan import RANGE
from tests.search_tests.test_plan_fields import of_built_in_data

POINTS = "x,class\n1,a\n2,b\n3,a\n"


@given(of_built_in_data)
def test_a_plan_survives_its_file(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(to_toml(PlanFields.of(plan)), encoding="utf-8")
        assert read_plan(path).plan() == plan


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_toml(text: str) -> None:
    assert tomllib.loads(to_toml(PlanFields(target=text))) == {"target": text}


def test_writes_what_a_person_would() -> None:
    plan = Plan('it\'s "mine"', Problem(xor(), hidden=(4, 3)), RANGE, sampler="qmc")
    assert to_toml(PlanFields.of(plan)).splitlines() == [
        'study = "it\'s \\"mine\\""',
        'data = "xor"',
        "hidden = [4, 3]",
        'activation = "sigmoid"',
        "epochs = 200",
        "batch_size = 32",
        'batch_order = "shuffled"',
        'loss_function = "crossentropy"',
        'initializer = "glorot_uniform"',
        'bias_initializer = "zeros"',
        "use_bias = true",
        "l2 = 0.0",
        "margin = 0.01",
        "solved_at = 0.99",
        'scaling = ["none", "standard"]',
        'optimizer = ["sgd", "adam"]',
        "learning_rate = {low = 0.001, high = 1.0}",
        "vary = {}",
        "restarts = 256",
        "trials = 24",
        'sampler = "qmc"',
        "sampler_seed = 0",
        'objective = "escape-rate"',
        "first = []",
    ]


def test_what_toml_cannot_hold_is_refused() -> None:
    with pytest.raises(UserError) as raised:
        to_toml(PlanFields(data="\udcff/points.csv"))
    assert str(raised.value) == (r"a plan file is text in UTF-8, which '\udcff/points.csv' is not")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('epochs = "3"', "{}: epochs must be a whole number, received '3'"),
        ("epochs = true", "{}: epochs must be a whole number, received true"),
        ("margin = 1979-05-27", '{}: margin must be a number, received "1979-05-27"'),
        ("epochs = -1", "{}: epochs must be at least 0, received -1"),
        ("sampler_seed = -1", "{}: sampler_seed must be at least 0 and below 2**64, received -1"),
        ("margin = nan", "{}: margin must be at least 0 and leave room above the plateau of "
         "0.6667, received nan"),
        ("study = ''", "{}: study must be a printable name, received ''"),
        ("learning_rate = inf", "{}: a learning rate must be a positive number, received inf"),
        (
            "sampler = 'grid'\nlearning_rate = {low = 0.1, high = 1}",
            "{}: the sampler grid needs lists of values like 0.01,0.1, "
            "received the range 0.1:1 of learning_rate",
        ),
        (
            "activation = 'gelo'",
            "{}: unknown activation 'gelo': did you mean gelu or elu or selu? it must be one of "
            "elu, gelu, leaky_relu, relu, selu, sigmoid, softplus, tanh",
        ),
        (
            "data = 'bandz'",
            "{}: unknown data 'bandz': did you mean bands or bands2d? it must be one of "
            "bands, bands2d, the path of a file, xor",
        ),
        (
            "data = 'points.csv'",
            "{}: target must name the class column of the file 'points.csv', received none",
        ),
        (
            "epochs = -1\ntrials = 0",
            "{0}: epochs must be at least 0, received -1; "
            "{0}: trials must be at least 1 and at most 1000000, received 0",
        ),
        ("a", "{}: not well-formed TOML (Expected '=' after a key in a key/value pair (at end of "
         "document))"),
        ("a = 1\na = 2", "{}: not well-formed TOML (Cannot overwrite a value (at end of "
         "document))"),
        (f"epochs = {'9' * 5000}", "{}: a whole number in it is too long"),
        (f"epochs = 0x{'f' * 5000}", "{}: a whole number in it is too long"),
        (f"epochs = {'[' * 5000}", "{}: a value in it is nested too deeply"),
        (b"\xff\xfea\x00", "cannot read {}: it is not text in UTF-8; save it as UTF-8"),
        (b"#" * 2**20 + b"#", "cannot read {}: longer than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_file(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as raised:
        read_plan(path).plan()
    assert str(raised.value) == message.format(path)


def test_an_unknown_field_is_told_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("batchsize = 3\n[problem]\nepochs = 3\n")
    with pytest.raises(UserError) as raised:
        read_plan(path)
    known = ", ".join(sorted(PlanFields.model_fields))
    assert str(raised.value) == (
        f"{path}: unknown field 'batchsize': did you mean batch_size or batch_order? "
        f"it must be one of {known}; "
        f"{path}: unknown field 'problem': it must be one of {known}"
    )


@pytest.mark.parametrize(
    ("name", "reason"), [("none.toml", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        read_plan(tmp_path / name)
    assert str(raised.value) == f"cannot read {tmp_path / name}: {reason}"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbfepochs = 3\r\ntrials = 4\r\n")
    assert read_plan(path).plan() == Plan(problem=Problem(epochs=3), trials=4)


def test_a_fault_is_told_where_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("epochs = 0\nbatch_size = 0\n")
    with pytest.raises(UserError) as raised:
        read_plan(path).overridden({"epochs": -1}).plan()
    assert str(raised.value) == (
        f"{path}: batch_size must be at least 1, received 0; epochs must be at least 0, received -1"
    )


def test_a_path_of_data_starts_at_the_files_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plans" / "data").mkdir(parents=True)
    (tmp_path / "plans" / "data" / "points.csv").write_text(POINTS)
    path = tmp_path / "plans" / "plan.toml"
    path.write_text('data = "data/points.csv"\ntarget = "class"\n')
    monkeypatch.chdir(tmp_path)
    data = load_data("plans/data/points.csv", "class")
    assert read_plan(Path("plans/plan.toml")).plan().problem.data == data
    given = read_plan(path).overridden({"data": "plans/data/points.csv"})
    assert given.plan().problem.data == data


@pytest.mark.parametrize("data", ["points.csv", "link.csv", "./bands", "{}/points.csv"])
@pytest.mark.parametrize("folder", [".", "plans", "linked"])
def test_a_saved_file_finds_the_data_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, folder: str
) -> None:
    for name in ("points.csv", "bands"):
        (tmp_path / name).write_text(POINTS)
    (tmp_path / "link.csv").symlink_to("points.csv")
    (tmp_path / "plans").mkdir()
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "linked").symlink_to("far/away")
    monkeypatch.chdir(tmp_path)
    asked = PlanFields(data=data.format(tmp_path), target="class", hidden=3)
    plan = asked.plan()
    fields = saved_fields(plan, asked, Path(folder))
    path = Path(folder) / "plan.toml"
    path.write_text(to_toml(fields))
    assert Path(fields.data or "").is_absolute() == data.startswith("{}")
    monkeypatch.chdir("/")
    again = read_plan(tmp_path / path)
    assert again.plan() == plan
    assert saved_fields(plan, again, tmp_path / folder).plan() == plan


def test_a_new_file_is_gone_unless_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    with NewPlanFile(path):
        assert path.exists()
    assert not path.exists()
    with NewPlanFile(path) as file:
        file.keep("whole")
    with pytest.raises(UserError) as raised, NewPlanFile(path):
        pass
    assert str(raised.value) == f"{path} is there already: save the plan under another name"
    assert path.read_text() == "whole"
    with pytest.raises(UserError) as raised, NewPlanFile(tmp_path / "none" / "plan.toml"):
        pass
    assert str(raised.value) == (
        f"cannot write {tmp_path / 'none' / 'plan.toml'}: No such file or directory"
    )


def test_the_example_of_the_page_on_plans_is_a_plan(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plans.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    path = tmp_path / "points.toml"
    path.write_text(example)
    (tmp_path / "points.csv").write_text(POINTS)
    assert read_plan(path).plan() == Plan(
        "points at 4 units",
        Problem(load_data(str(tmp_path / "points.csv"), "class"), hidden=(4,)),
        SearchSpace(("none", "standard"), ("adam", "rmsprop"), (0.01, 0.1)),
        restarts=1024,
        sampler="grid",
        trials=8,
    )
    assert all(f"`{field}`" in page for field in PlanFields.model_fields)
