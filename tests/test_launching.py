"""`mr.launch` as people call it: from a script, from a notebook, from a thread."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
    space = mr.SearchSpace(learning_rates=mr.LearningRateRange(0.001, 1.0))
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
    assert done.stdout.splitlines() == ["16 ['LaunchBegan', 'TrialDone', 'TrialDone']", "2 ()"]
    assert done.stderr == ""


SCRIPT = f"""
import threading
import multirestart as mr
found = []
plan = {TINY}
thread = threading.Thread(target=lambda: found.append(mr.launch(plan, storage="sqlite:///s.db")))
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
