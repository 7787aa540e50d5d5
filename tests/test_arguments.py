"""Arguments from Python: what cannot be meant is one line that says how, of one kind of error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multirestart as mr
from search.statistics.cutoff import Cutoff
from tests.conftest import Launched
from tests.search_tests.test_timing import timing

NUMBERS: list[Any] = [-1, 10**30, 10**5000, 1.5, float("nan"), "1", None, True, [1]]


def refused(call: Callable[[], object], *fields: str) -> str:
    """Hold a call to naming the fields that are wrong, in one short line; that line."""
    with pytest.raises(mr.InvalidValuesError) as raised:
        call()
    assert tuple(fault.field for fault in raised.value.faults) == fields
    message = str(raised.value)
    assert " must be " in message
    assert ", received " in message
    assert "\n" not in message
    assert len(message) < 200 * len(fields)
    return message


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: str(type(number)))
def test_a_restart_is_asked_for_by_two_whole_numbers(launched: Launched, number: Any) -> None:
    study = mr.open_study(launched.url)
    assert refused(lambda: study.restart(number, 0), "trial").startswith(
        "trial must be a whole number from 0 to 4294967295, received "
    )
    refused(lambda: study.restart(0, number), "seed")
    refused(lambda: study.restart(number, number), "trial", "seed")


@pytest.mark.parametrize("number", [each for each in NUMBERS if not isinstance(each, int)])
def test_a_check_takes_whole_numbers(launched: Launched, number: Any) -> None:
    study = mr.open_study(launched.url)
    refused(lambda: study.check(retrain=number), "retrain")
    refused(lambda: study.check(0, number), "draw")
    refused(lambda: study.check(-1, -1), "retrain", "draw")


def test_numbers_may_be_those_of_a_data_frame(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    best = study.best()[0].counts
    assert best.best_trial is not None
    assert best.best_seed is not None
    found = study.restart(np.int64(best.best_trial), np.uint32(best.best_seed))  # type: ignore[arg-type]
    assert found == study.restart(best.best_trial, best.best_seed)
    assert study.check(np.int64(0)).retrained == 0  # type: ignore[arg-type]


def test_a_configuration_is_one(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    named: Any = "standard/adam/0.1"
    assert refused(lambda: study.basins(named), "configuration") == (
        "configuration must be a Configuration, like that of a row of `best`, received "
        "'standard/adam/0.1'"
    )
    one: Any = study.best()[0].configuration
    refused(lambda: study.compare(one, one), "first", "second")
    refused(lambda: study.compare(named, one), "second")
    with pytest.raises(mr.MultirestartError, match=r"'grid' has no restarts of robust/adam/0\.3;"):
        study.basins(mr.Configuration("robust", "adam", 0.3))


@pytest.mark.parametrize(
    "rules",
    [
        {"top": "2"},
        {"alpha": "0.05"},
        {"first_round": 1.5},
        {"first_round": 0},
        {"max_restarts": 10**30},
        {"max_restarts": True},
        {"practical": 10**400},
        {"practical": float("nan")},
        {"confirm": 10**30},
        {"workers": "2"},
        {"on_event": 3},
        {"alpha": [], "confirm": 0.5},
    ],
)
def test_a_race_of_other_kinds_of_values_is_not_begun(
    launched: Launched, tmp_path: Path, rules: dict[str, Any]
) -> None:
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "s.db")
    study = mr.open_study(f"sqlite:///{tmp_path / 's.db'}")
    refused(lambda: study.race(**rules), *rules)
    assert study.store.races(study.study_id) == []


def test_a_launch_takes_a_plan_and_a_url(tmp_path: Path) -> None:
    other: Any
    for other in ("bands", mr.Problem(), {"name": "bands"}):
        assert refused(partial(mr.launch, other), "plan").startswith(
            "plan must be a Plan like Plan(name='bands'), received "
        )
    for other in (tmp_path / "s.db", 3, None):
        refused(partial(mr.launch, storage=other), "storage")
        refused(partial(mr.open_study, other), "storage")
    refused(lambda: mr.launch(3, storage=3, on_event=3), *("plan", "storage", "on_event"))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [3, ["grid"], b"grid"])
def test_a_study_is_opened_by_its_name(launched: Launched, name: Any) -> None:
    refused(lambda: mr.open_study(launched.url, name), "name")


def test_rows_hold_plain_numbers(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    with_cutoff = timing("adam", (5, 120))
    assert isinstance(with_cutoff.cutoff, Cutoff)
    assert with_cutoff.cutoff.holds
    rows: list[Any] = [
        *(*study.best(), *study.times(), *study.restarts(), study.compare(), study.effects()),
        *(ending for row in study.best() for ending in study.basins(row.configuration)),
        with_cutoff,
    ]
    found = {kind for row in rows for kind in kinds_in(row.to_json())}
    assert found <= {dict, list, str, int, float, bool, type(None)}


@pytest.mark.parametrize("wrong", [3, None, 1.5, float("nan"), [1], {}, b"x"], ids=repr)
def test_plans_and_problems_are_made_of_their_own_kinds(wrong: Any) -> None:
    refused(lambda: mr.Problem(data=wrong), "data")
    refused(lambda: mr.Problem(loss_function=wrong), "loss_function")
    refused(lambda: mr.Plan(sampler=wrong), "sampler")
    refused(lambda: mr.Plan(objective=wrong), "objective")
    refused(lambda: mr.Plan(first=[wrong]), "first")
    if wrong != {}:
        refused(lambda: mr.SearchSpace(vary=wrong), "vary")
    if wrong is not None:
        for field in ("name", "problem", "space"):
            refused(partial(mr.Plan, **{field: wrong}), field)
    if wrong != 3:
        refused(lambda: mr.Plan(restarts=wrong), "restarts")
        refused(lambda: mr.Plan(sampler_seed=wrong), "sampler_seed")
    if not isinstance(wrong, int | float):
        refused(lambda: mr.Problem(margin=wrong), "margin")
        refused(lambda: mr.Problem(solved_at=wrong), "solved_at")


def test_numbers_of_a_problem_may_be_of_numpy() -> None:
    problem = mr.Problem(margin=np.float64(0.3), solved_at=np.float64(0.999))
    assert problem.bars == mr.Problem(margin=0.3, solved_at=0.999).bars
    assert type(mr.Plan(restarts=np.int64(8)).restarts) is int  # type: ignore[arg-type]


def kinds_in(value: object) -> set[type]:
    """The kinds of a value and of all that it holds."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*map(kinds_in, inner))
