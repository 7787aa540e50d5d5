"""`export`: what it writes and prints is used by programs that do not know this project."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from search.problem.errors import UserError
from search.studies.opening import open_study
from tests.conftest import Launched, run_command

SCORE = """
import sys

import keras
import numpy as np

model = keras.models.load_model("best.keras")
line = np.linspace
X = np.concatenate([line(0, 10, 100), line(11, 20, 100), line(21, 30, 100)])[:, None]
y = np.repeat([0, 1, 0], 100)
loss, accuracy = model.evaluate(X, y, verbose=0)
assert not {"search", "multirestart", "storage"} & set(sys.modules)
print(f"accuracy {accuracy:.6f}, loss {loss:.6f}")
"""


def run_alone(program: str, folder: Path) -> list[tuple[float, float]]:
    """Run a program without this project on its path: the accuracies and losses it prints."""
    hidden = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=hidden,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^\w+ (\S+), loss (\S+)$", done.stdout, re.M)
    return [(float(accuracy), float(loss)) for accuracy, loss in found]


def rows(url: str, folder: Path) -> list[dict[str, object]]:
    done = run_command("restarts", "--storage", url, "--format", "json", cwd=folder)
    read: list[dict[str, object]] = json.loads(done.stdout)
    return read


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_best_restart_opens_and_trains_without_this_project(
    launched: Launched, tmp_path: Path
) -> None:
    options = ("--storage", launched.url)
    done = run_command("export", "best.keras", "--code", *options, cwd=tmp_path)
    best = min(
        (row for row in rows(launched.url, tmp_path) if row["outcome"] in ("escaped", "solved")),
        key=lambda row: float(str(row["loss"])),
    )
    assert f"trial {best['trial']}, seed {best['seed']}," in done.stderr
    recorded = pytest.approx((best["accuracy"], best["loss"]), abs=1e-4)
    (of_file,) = run_alone(SCORE, tmp_path)
    of_program, as_said = run_alone(done.stdout, tmp_path)
    for found in (of_file, of_program, as_said):
        assert found == recorded


def test_a_file_that_cannot_be_made_is_refused_at_once(
    launched: Launched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of the restart, and TensorFlow is not waited for."""
    monkeypatch.setitem(sys.modules, "search.export.keras_file", None)
    (tmp_path / "old.keras").touch()
    for name, said in (
        ("old.keras", "old.keras is there already: give another name"),
        ("best.h5", "the file must end in .keras, received 'best.h5'"),
    ):
        done = run_command("export", name, "--storage", launched.url, cwd=tmp_path, code=2)
        assert done.stderr == f"multirestart: {said}\n"
        with pytest.raises(UserError, match=said.split()[-1]):
            open_study(launched.url).export(tmp_path / name)


def test_a_restart_is_named_by_trial_and_seed(launched: Launched, tmp_path: Path) -> None:
    row = rows(launched.url, tmp_path)[5]
    options = ("--trial", str(row["trial"]), "--seed", str(row["seed"]))
    done = run_command("export", "--code", "--storage", launched.url, *options, cwd=tmp_path)
    assert f"SEED = {row['seed']}\n" in done.stdout
    compile(done.stdout, "program", "exec")
    for some, message in (
        (options[:2], "--seed must be given too, for a restart is named by its trial and its seed"),
        (("--trial", "0", "--seed", "1"), "trial 0 holds seeds"),
    ):
        refused = run_command(
            "export", "--code", "--storage", launched.url, *some, cwd=tmp_path, code=2
        )
        assert message in refused.stderr
    refused = run_command("export", "--storage", launched.url, cwd=tmp_path, code=2)
    assert "ask for --code" in refused.stderr


def changed(url: str, folder: Path, *statements: str) -> str:
    path = folder / "changed.db"
    path.unlink(missing_ok=True)
    run_command("backup", str(path), "--storage", url, cwd=folder)
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return f"sqlite:///{path}"


def test_those_that_escaped_come_before_a_lower_loss(launched: Launched, tmp_path: Path) -> None:
    """All but one restart are made not to have escaped, though their losses are lower."""
    lowest, *_, kept = sorted(
        (row for row in rows(launched.url, tmp_path) if row["outcome"] == "solved"),
        key=lambda row: float(str(row["loss"])),
    )
    outcome = "UPDATE multirestart_restarts SET outcome = 'not escaped' WHERE outcome != 'diverged'"
    url = changed(launched.url, tmp_path, f"{outcome} AND seed != {kept['seed']}")
    done = run_command("export", "--code", "--storage", url, cwd=tmp_path)
    assert f"SEED = {kept['seed']}\n" in done.stdout
    assert done.stderr == ""
    url = changed(launched.url, tmp_path, outcome)
    done = run_command("export", "--code", "--storage", url, cwd=tmp_path)
    assert f"SEED = {lowest['seed']}\n" in done.stdout
    assert done.stderr == "No restart of grid escaped: this is the best of all.\n"
