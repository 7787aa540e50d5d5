"""`mr.launch` as people call it: from a script, from a notebook, from a thread."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import multirestart as mr
from tests.conftest import Launched, environment

TINY = "mr.Plan(problem=mr.Problem(epochs=3), trials=2, restarts=8)"


def test_plans_mean_what_they_say() -> None:
    assert mr.Plan() == mr.Plan("bands", mr.Problem(), mr.SearchSpace(), 256, "tpe", 0, 24)
    assert mr.Plan(trials=4, restarts=64).problem == mr.Problem(mr.load_data("bands", None))
    assert str(mr.Plan(problem=mr.Problem(hidden=(4,))).problem.network) == "1-4-1"
    assert mr.Plan(sampler="grid").trials == 8
    space = mr.SearchSpace(learning_rates=mr.LogRange(0.001, 1.0))
    assert mr.Plan(space=space).space == space
    with pytest.raises(mr.InvalidValuesError) as raised:
        mr.Plan(trials=0, restarts=0, sampler="genetic")
    assert {fault.field for fault in raised.value.faults} == {"trials", "restarts", "sampler"}
    assert "--" not in str(raised.value)


NOTEBOOK = f"""
import multirestart as mr
events = []
study = mr.launch({TINY}, storage="sqlite:///notebook.db", workers=1, on_event=events.append)
print(len(study.restarts().to_frame()), [type(event).__name__ for event in events])
again = mr.launch({TINY}, storage="sqlite:///notebook.db")
print(len(again.best()), again.check(retrain=1).findings)
"""


@pytest.mark.slow
def test_a_notebook_launches_a_study_without_a_main_guard(tmp_path: Path) -> None:
    """Cells are sent to a process that has no main module to be loaded by the workers."""
    done = subprocess.run(
        [sys.executable, "-"],
        input=NOTEBOOK,
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "16 ['LaunchBegan', 'WorkersReady', 'TrialDone', 'TrialDone']",
        "2 ()",
    ]
    assert done.stderr == ""


SCRIPT = f"""
import threading
import multirestart as mr
found = []
plan = {TINY}
def launch():
    found.append(mr.launch(plan, storage="sqlite:///s.db", workers=1))
thread = threading.Thread(target=launch)
thread.start()
thread.join()
print(sum(standing.counts.restarts for standing in found[0].best()))
"""


@pytest.mark.slow
def test_a_script_without_a_main_guard_launches_from_a_thread(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (0, "16\n"), done.stderr


def test_rows_become_data_frames(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    best = study.best().to_frame()
    assert isinstance(best, pd.DataFrame)
    assert list(best.columns[:3]) == ["scaling", "optimizer", "learning_rate"]
    assert best["restarts"].tolist() == [64] * 8
    restarts = study.restarts().to_frame()
    assert len(restarts) == 512
    escaped = restarts[restarts["outcome"].isin(["escaped", "solved"])].groupby("trial").size()
    assert escaped.sum() == best["escaped"].sum()
    assert len(study.times().to_frame()) == 8
    endings = study.basins(study.best()[0].configuration).to_frame()
    assert len(endings) == len(study.basins(study.best()[0].configuration))


def test_a_check_and_a_race_from_python(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    check = study.check(retrain=0)
    assert (check.trials, check.restarts, check.findings) == (8, 512, ())
    with pytest.raises(mr.InvalidValuesError) as raised:
        study.race(alpha=2.0, max_restarts=0)
    assert [fault.field for fault in raised.value.faults] == ["alpha", "max_restarts"]


def test_one_snapshot_is_read_by_all_methods(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    with study.snapshot():
        rows = iter(study.restarts())
        first = next(rows)
        assert study.best()[0].counts.restarts == 64
        assert sum(1 for _ in rows) == 511
    assert first.trial == 0


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", 10_000])
def test_a_number_of_workers_that_is_none_is_refused(tmp_path: Path, workers: Any) -> None:
    storage = f"sqlite:///{tmp_path / 'none.db'}"
    with pytest.raises(mr.InvalidValuesError) as raised:
        mr.launch(storage=storage, workers=workers)
    assert str(raised.value) == (
        f"workers must be a whole number from 1 to 1024, received {workers!r}"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rules", [{"top": 1}, {"confirm": -1}, {"top": 2.5}])
def test_a_race_that_could_not_be_run_is_not_begun(
    launched: Launched, tmp_path: Path, rules: dict[str, Any]
) -> None:
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "s.db")
    study = mr.open_study(f"sqlite:///{tmp_path / 's.db'}")
    with pytest.raises(mr.InvalidValuesError):
        study.race(**rules)
    assert study.store.races(study.study_id) == []


def test_a_reader_that_stops_half_way_changes_nothing_of_what_follows(
    launched: Launched, tmp_path: Path
) -> None:
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "s.db")
    study = mr.open_study(f"sqlite:///{tmp_path / 's.db'}")
    held = [iter(study.restarts())]
    next(held[0])
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("DELETE FROM multirestart_trials WHERE number = 7")
    assert len(study.best()) == 7, "read as it is now"
    with study.snapshot():
        other = iter(study.restarts())
        next(other)
        del other
        with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
            connection.execute("DELETE FROM multirestart_trials WHERE number = 6")
        assert len(study.best()) == 7, "the snapshot goes on"
    closer = threading.Thread(target=held.clear)
    closer.start()
    closer.join()
    assert len(study.best()) == 6


def test_a_study_is_the_same_when_the_folder_is_changed(
    launched: Launched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "s.db")
    monkeypatch.chdir(tmp_path)
    study = mr.open_study("sqlite:///s.db")
    monkeypatch.chdir("/")
    assert len(study.best()) == 8
