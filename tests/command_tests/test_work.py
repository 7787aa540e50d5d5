"""`work` and orders: the queue is trained by real processes, ordered by others, and killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from search.problem.configuration import SearchSpace
from search.problem.plan import Plan
from search.studies.ordering import OrderRefusedError, order
from search.studies.submitting import submit
from storage.errors import RecordError
from storage.opening import open_for_reading, open_for_writing
from storage.values import StudyState
from tests.command_tests.processes import launching, query, running, trials, wait_until
from tests.conftest import run_command

SPACE = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
PLAN = Plan("one", space=SPACE, restarts=4, sampler="grid", trials=8)
TRAINED = (
    "SELECT s.name, count(*), count(DISTINCT r.configuration_id || '/' || r.seed)"
    " FROM multirestart_restarts r JOIN multirestart_configurations USING (configuration_id)"
    " JOIN multirestart_studies s USING (study_id) GROUP BY s.name ORDER BY s.name"
)


def submitted(folder: Path, plan: Plan, priority: int = 0) -> None:
    submit(url(folder), plan.name, lambda _kept: plan, priority)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'multirestart.db'}"


def ordered(folder: Path, name: str, what: str) -> None:
    with closing(open_for_writing(url(folder))) as store:
        order(store, name, what)


def state(folder: Path, name: str = "one") -> str:
    found = query(
        folder,
        f"SELECT state FROM multirestart_queue JOIN multirestart_studies"
        f" USING (study_id) WHERE name = '{name}'",
    )
    return str(found[0][0])


def finished(folder: Path) -> list[str]:
    """The studies whose trials are complete, in the order in which they ended."""
    found = query(
        folder,
        "SELECT name FROM multirestart_trials JOIN multirestart_studies USING (study_id)"
        " WHERE state = 'complete' ORDER BY ended",
    )
    return [str(name) for (name,) in found]


def test_the_same_plan_again_makes_nothing_and_another_size_is_wanted(tmp_path: Path) -> None:
    made = submit(url(tmp_path), "one", lambda _kept: PLAN)
    assert (made.is_new, made.changes) == (True, ())
    with closing(open_for_reading(url(tmp_path))) as store:
        mark = store.change_mark()
    again = submit(url(tmp_path), "one", lambda _kept: PLAN)
    assert again == replace(made, is_new=False)
    with closing(open_for_writing(url(tmp_path))) as store:
        assert store.change_mark() == mark
        store.move_study(made.study_id, StudyState.SETTLED, set(StudyState))
    more = submit(url(tmp_path), "one", lambda _kept: replace(PLAN, trials=9), priority=3)
    assert more.changes == ("trials: 8 before, 9 now", "priority: 0 before, 3 now")
    with closing(open_for_reading(url(tmp_path))) as store:
        (entry,) = store.entries()
    assert (entry.state, entry.priority) == (StudyState.QUEUED, 3)


def test_orders_move_a_study_from_state_to_state(tmp_path: Path) -> None:
    made = submit(url(tmp_path), "one", lambda _kept: PLAN)
    with closing(open_for_writing(url(tmp_path))) as store:
        for what, came_to, at_once in (
            ("pause", StudyState.PAUSED, False),
            ("pause", StudyState.PAUSED, False),
            ("resume", StudyState.QUEUED, False),
            ("resume", StudyState.QUEUED, False),
            ("cancel", StudyState.CANCELLED, False),
            ("kill", StudyState.CANCELLED, True),
            ("cancel", StudyState.CANCELLED, True),
            ("resume", StudyState.QUEUED, False),
        ):
            before = store.entry(made.study_id)
            ordered = order(store, "one", what)
            entry = ordered.entry
            assert (entry.state, entry.at_once) == (came_to, at_once), what
            assert ordered.is_new == (entry != before), what
        order(store, "one", "cancel")
        with pytest.raises(OrderRefusedError, match="'one' is cancelled: there is nothing to pau"):
            order(store, "one", "pause")
        store.move_study(made.study_id, StudyState.SETTLED, set(StudyState))
        resumed = order(store, "one", "resume")
        assert (resumed.entry.state, resumed.is_new) == (StudyState.SETTLED, False)
        for what in ("pause", "cancel", "kill"):
            with pytest.raises(OrderRefusedError, match=f"is settled: there is nothing to {what}"):
                order(store, "one", what)
        with pytest.raises(RecordError, match="has no study 'two'"):
            order(store, "two", "pause")


def test_an_order_of_the_command_line_and_one_that_cannot_be_followed(tmp_path: Path) -> None:
    submitted(tmp_path, PLAN)
    assert run_command("pause", "one", cwd=tmp_path).stdout.startswith("one is paused")
    assert state(tmp_path) == "paused"
    assert run_command("resume", "one", cwd=tmp_path).stdout.startswith("one is queued")
    assert run_command("cancel", "one", "--now", cwd=tmp_path).stdout.startswith("one is cancel")
    assert state(tmp_path) == "cancelled"
    refused = run_command("pause", "one", cwd=tmp_path, code=2).stderr
    assert refused == "multirestart: study 'one' is cancelled: there is nothing to pause\n"
    (tmp_path / "other").mkdir()
    run_command("pause", "one", cwd=tmp_path / "other", code=2)
    assert not any((tmp_path / "other").iterdir())


@pytest.mark.slow
def test_studies_are_trained_by_priority_and_age_until_none_is_queued(tmp_path: Path) -> None:
    for name, priority in (("one", 0), ("two", 0), ("urgent", 1), ("held", 9)):
        submitted(tmp_path, replace(PLAN, name=name, trials=3), priority)
    ordered(tmp_path, "held", "pause")
    done = run_command("work", "--until-empty", "--workers", "1", cwd=tmp_path, pretend=0)
    assert finished(tmp_path) == ["urgent"] * 3 + ["one"] * 3 + ["two"] * 3
    assert [state(tmp_path, name) for name in ("one", "two", "urgent")] == ["settled"] * 3
    assert state(tmp_path, "held") == "paused"
    assert "urgent: settled." in done.stderr
    assert "Traceback" not in done.stderr
    late = "SELECT count(*) FROM multirestart_trials WHERE published_state IS NOT state"
    assert query(tmp_path, late) == [(0,)]


@pytest.mark.slow
def test_orders_take_effect_before_a_trial_would_end(tmp_path: Path) -> None:
    """Trials of 6 s: a pause lets the one under way end, a kill does not."""
    submitted(tmp_path, PLAN)
    with running(tmp_path, "work", "--workers", "1", pretend=6) as process:
        wait_until(lambda: trials(tmp_path, "running") == 1)
        ordered(tmp_path, "one", "pause")
        wait_until(lambda: trials(tmp_path, "running") == 0, seconds=10)
        done = trials(tmp_path, "complete")
        assert done >= 1, "it was trained to its end"
        time.sleep(2)
        assert trials(tmp_path, "running") == 0
        ordered(tmp_path, "one", "resume")
        wait_until(lambda: trials(tmp_path, "running") == 1)
        ordered(tmp_path, "one", "kill")
        wait_until(lambda: trials(tmp_path, "waiting") == 1, seconds=5)
        assert trials(tmp_path, "complete") == done
        # Killed with all its processes while it trains again, it leaves a trial to the next.
        ordered(tmp_path, "one", "resume")
        wait_until(lambda: trials(tmp_path, "running") == 1)
        os.killpg(process.pid, signal.SIGKILL)
    run_command("work", "--until-empty", "--workers", "2", cwd=tmp_path, pretend=0, workers=True)
    assert query(tmp_path, TRAINED) == [("one", 32, 32)]
    assert state(tmp_path) == "settled"


@pytest.mark.slow
def test_workers_and_a_launch_share_a_study_and_the_launch_ends_when_it_is_paused(
    tmp_path: Path,
) -> None:
    options = ("--sampler", "grid", "--restarts", "4", "--workers", "1")
    with (
        launching(tmp_path, *options, pretend=0.5) as launch,
        running(tmp_path, "work", "--workers", "1", pretend=0.5) as worker,
    ):
        by = "SELECT count(DISTINCT launcher) FROM multirestart_trials"
        wait_until(lambda: query(tmp_path, by) == [(2,)])
        ordered(tmp_path, "bands", "pause")
        _, said = launch.communicate(timeout=60)
        assert launch.returncode == 1, said
        assert "study 'bands' was paused by somebody else" in said.splitlines()[-1]
        wait_until(lambda: trials(tmp_path, "running") == 0)
        os.kill(worker.pid, signal.SIGTERM)
        _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        assert said.splitlines()[-1].endswith("Stopped; the trials under way are given back.")
    run_command("launch", *options, cwd=tmp_path, pretend=0)
    assert query(tmp_path, TRAINED) == [("bands", 32, 32)]
    assert state(tmp_path, "bands") == "settled"
