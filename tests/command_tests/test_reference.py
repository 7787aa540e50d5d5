"""`reference`: recorded restarts against plain Keras, by the command that people use."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import Launched, run_command


def one_of_each(url: str, folder: Path) -> dict[str, dict[str, object]]:
    done = run_command("restarts", "--storage", url, "--format", "json", cwd=folder)
    return {row["outcome"]: row for row in json.loads(done.stdout)}


@pytest.mark.slow
def test_recorded_restarts_agree_with_plain_keras(launched: Launched, tmp_path: Path) -> None:
    found = one_of_each(launched.url, tmp_path)
    assert {"not escaped", "escaped"} <= set(found)
    for outcome, row in found.items():
        options = ("--trial", str(row["trial"]), "--seed", str(row["seed"]))
        done = run_command("reference", "--storage", launched.url, *options, cwd=tmp_path)
        assert done.stderr.endswith("agrees\n")
        assert re.search(rf"outcome +{outcome} +{outcome} +same", done.stdout)
        (loss,) = re.findall(r"loss of the last epoch +\S+ +\S+ +(\S+)", done.stdout)
        assert float(loss) < 1e-4


@pytest.mark.slow
def test_a_record_that_was_changed_disagrees(launched: Launched, tmp_path: Path) -> None:
    path = tmp_path / "changed.db"
    shutil.copy(launched.url.removeprefix("sqlite:///"), path)
    row = one_of_each(f"sqlite:///{path}", tmp_path)["not escaped"]
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE multirestart_restarts SET last_epoch_loss = last_epoch_loss + 0.001"
        )
    connection.close()
    options = ("--trial", str(row["trial"]), "--seed", str(row["seed"]))
    done = run_command(
        "reference", "--storage", f"sqlite:///{path}", *options, cwd=tmp_path, code=1
    )
    assert "DISAGREES" in done.stderr


def test_a_restart_that_is_not_there_is_named(launched: Launched, tmp_path: Path) -> None:
    for options, message in (
        (("--trial", "99", "--seed", "1"), "trial 99 has no recorded restarts"),
        (("--trial", "0", "--seed", "1"), "trial 0 holds seeds"),
    ):
        done = run_command("reference", "--storage", launched.url, *options, cwd=tmp_path, code=2)
        assert message in done.stderr
