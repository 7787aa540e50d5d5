"""Opening studies: by several launchers at one moment, and beside what Optuna made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from search.problem.datasets import bands
from search.problem.errors import UserError
from search.problem.problem import Problem
from search.running.plan import StudyPlan
from search.running.study import open_study, stored_plan
from search.statistics.objectives import OBJECTIVES, Direction
from storage.optuna_storage import open_optuna_storage
from tests.conftest import at_once
from tests.search_tests.test_ledger import SPACE

BEFORE = """
from search.problem.datasets import bands
from search.problem.errors import UserError
from search.problem.problem import Problem
from search.running.plan import StudyPlan
from search.running.study import open_study
from tests.search_tests.test_ledger import SPACE
"""


def opening(url: str, name: str, objective: str) -> tuple[str, str]:
    plan = f"StudyPlan({name!r}, Problem(bands()), SPACE, 2, 'grid', 0, 8, {objective!r})"
    return BEFORE, (
        f"try: print(open_study({url!r}, {name!r}, lambda _: {plan}).study_id)\n"
        "except UserError as error: print(error)"
    )


@pytest.mark.slow
def test_launchers_that_begin_together_open_one_new_file(tmp_path: Path) -> None:
    for attempt in range(2):
        url = f"sqlite:///{tmp_path / str(attempt)}.db"
        said = at_once(*[opening(url, "s", "escape-rate")] * 4)
        assert said == ["1\n"] * 4
    assert {path.suffix for path in tmp_path.iterdir()} == {".db"}


@pytest.mark.slow
def test_of_two_objectives_on_one_new_name_the_first_counts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    for attempt in range(2):
        name = str(attempt)
        said = at_once(*[opening(url, name, objective) for objective in OBJECTIVES])
        refused = [line for line in said if "holds something else: objective is" in line]
        assert len(refused) == len(OBJECTIVES) - 1
        plan = stored_plan(url, name)
        assert plan is not None
        study = optuna.load_study(study_name=name, storage=open_optuna_storage(url))
        assert [direction.name.lower() for direction in study.directions] == plan.directions
        assert study.metric_names == [metric for metric, _ in OBJECTIVES[plan.objective]]


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_an_empty_study_of_optuna_is_taken_if_it_seeks_the_same(
    tmp_path: Path, direction: Direction
) -> None:
    """Such a one is left by a launcher that is killed between its two first transactions."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    optuna.create_study(study_name="s", storage=open_optuna_storage(url), direction=direction)
    plan = StudyPlan("s", Problem(bands()), SPACE, 2, "grid", 0, 8)
    if direction == "maximize":
        assert open_study(url, "s", lambda _: plan).study_id == 1
    else:
        with pytest.raises(UserError, match="study 's' was made by Optuna"):
            open_study(url, "s", lambda _: plan)
        assert stored_plan(url, "s") is None


def test_a_plan_is_made_from_what_is_kept_when_the_study_is_opened(tmp_path: Path) -> None:
    """Options that are left out must not undo what another launcher has asked for meanwhile."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    first = StudyPlan("s", Problem(bands()), SPACE, 2, "grid", 0, 8)
    open_study(url, "s", lambda _: first)
    open_study(url, "s", lambda kept: replace(kept or first, trials=20))
    last = open_study(url, "s", lambda kept: replace(kept or first, sampler_seed=7))
    assert (last.plan.trials, last.plan.sampler_seed) == (20, 7)
