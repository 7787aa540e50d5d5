"""Opening studies: by several launchers at one moment, made or gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from search.dashboard.optuna_storage import open_optuna_storage, refuse_taken_name
from search.problem.errors import LaunchError, UserError
from search.problem.objectives import OBJECTIVES
from search.problem.plan import Plan
from search.running.opening import OpenStudy, open_study, reopen_study
from storage.errors import RecordError
from storage.opening import open_for_reading
from tests.conftest import at_once
from tests.search_tests.launchers import PLAN, Launcher

BEFORE = """
from dataclasses import replace
from search.problem.errors import UserError
from search.running.opening import open_study
from tests.search_tests.launchers import PLAN
"""


def opening(url: str, name: str, objective: str) -> tuple[str, str]:
    plan = f"replace(PLAN, name={name!r}, objective={objective!r})"
    return BEFORE, (
        f"try: print(open_study({url!r}, lambda _: {name!r}, lambda _: {plan}).study_id)\n"
        "except UserError as error: print(error)"
    )


def opened(url: str, plan: Plan) -> OpenStudy:
    return open_study(url, lambda _: plan.name, lambda _: plan)


@pytest.mark.slow
def test_launchers_that_begin_together_open_one_new_study(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    assert at_once(*[opening(url, "s", "escape-rate")] * 4) == ["1\n"] * 4
    assert {path.suffix for path in tmp_path.iterdir()} == {".db"}


@pytest.mark.slow
def test_of_several_objectives_on_one_new_name_the_first_counts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    said = at_once(*[opening(url, "s", objective) for objective in OBJECTIVES])
    refused = [line for line in said if "exists with other settings: objective is" in line]
    assert len(refused) == len(OBJECTIVES) - 1


def test_a_plan_is_made_from_what_is_kept_when_the_study_is_opened(tmp_path: Path) -> None:
    """Options that are left out must not undo what another launcher has asked for meanwhile."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    open_study(url, lambda _: "s", lambda _: PLAN)
    open_study(url, lambda _: "s", lambda kept: replace(kept or PLAN, trials=20))
    last = open_study(url, lambda _: "s", lambda kept: replace(kept or PLAN, sampler_seed=7))
    assert (last.plan.trials, last.plan.sampler_seed) == (20, 7)


def test_what_is_refused_writes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"

    def refuse(name: str) -> None:
        raise UserError(f"not {name}")

    with pytest.raises(UserError, match="not s"):
        open_study(url, lambda _: "s", lambda _: PLAN, refuse_new=refuse)
    assert list(tmp_path.iterdir()) == []
    opened(url, PLAN).store.close()
    before = (tmp_path / "s.db").read_bytes()
    with pytest.raises(UserError, match="restarts is 2, not 3"):
        opened(url, replace(PLAN, restarts=3))
    assert (tmp_path / "s.db").read_bytes() == before


def test_the_studies_there_are_known_when_the_name_is_chosen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    seen: list[list[str]] = []

    def choose(names: list[str]) -> str:
        seen.append(names)
        return "s"

    for _ in range(2):
        open_study(url, choose, lambda _: PLAN)
    assert seen == [[], ["s"]]


def test_a_study_is_reopened_as_it_is_kept_now(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path)
    found = open_for_reading(launcher.url).find_study("s")
    assert found is not None
    more = Launcher(tmp_path, trials=12, sampler="random")
    assert reopen_study(launcher.url, found).plan == more.study.plan
    launcher.store.delete_study(found.study_id)
    again = Launcher(tmp_path)
    with pytest.raises(LaunchError, match="study 's' was deleted"):
        reopen_study(launcher.url, found)
    for each in (launcher, more, again):
        each.kill()


def test_a_study_that_optuna_made_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    refuse_taken_name(url, "theirs")
    assert list(tmp_path.iterdir()) == []
    storage = open_optuna_storage(url)
    optuna.create_study(study_name="theirs", storage=storage)
    with pytest.raises(UserError, match="study 'theirs' was made by Optuna"):
        refuse_taken_name(url, "theirs")
    refuse_taken_name(url, "ours")
    with pytest.raises(RecordError, match="has tables of another program"):
        refuse_taken_name(_foreign(tmp_path), "ours")


def _foreign(folder: Path) -> str:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "foreign.db")) as connection, connection:
        connection.execute("CREATE TABLE trials (patient INTEGER)")
    return f"sqlite:///{folder / 'foreign.db'}"
