"""`launch --until-precision`: real queues and stops, pretended training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_command

GRID = ("--sampler", "grid", "--restarts", "64", "--trials", "200", "--quiet")


def ranked(folder: Path) -> list[dict[str, Any]]:
    done = run_command("best", "--format", "json", cwd=folder)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def is_precise(rows: list[dict[str, Any]], width: float) -> bool:
    best = rows[0]
    leading = [row for row in rows if row["ci_high"] >= best["ci_low"]]
    return all(row["ci_high"] - row["ci_low"] <= width for row in leading)


@pytest.mark.slow
def test_a_study_ends_once_it_is_precise_and_goes_on_if_asked(tmp_path: Path) -> None:
    options = ("--workers", "1", *GRID)
    run_command("launch", "--until-precision", "0.1", *options, cwd=tmp_path, pretend=0.0)
    rows = ranked(tmp_path)
    trials = sum(row["trials"] for row in rows)
    assert 8 < trials < 200
    assert len(rows) == 8  # all of the space were tried
    assert is_precise(rows, 0.1)
    assert not is_precise(rows, 0.05)

    run_command("launch", *options, cwd=tmp_path, pretend=-1.0)  # over: no worker is started
    assert ranked(tmp_path) == rows

    run_command("launch", "--until-precision", "0.07", *options, cwd=tmp_path, pretend=0.0)
    more = ranked(tmp_path)
    assert trials < sum(row["trials"] for row in more) < 200
    assert is_precise(more, 0.07)
    limit = ("--until-precision", "0", "--trials", "120")
    run_command("launch", "--workers", "1", "--quiet", *limit, cwd=tmp_path, pretend=0.0)
    assert sum(row["trials"] for row in ranked(tmp_path)) == 120


def test_it_says_why_it_ended(tmp_path: Path) -> None:
    options = ("--workers", "1", *GRID[:-1], "--until-precision", "0.5")
    done = run_command("launch", *options, cwd=tmp_path, pretend=0.0)
    trials = sum(row["trials"] for row in ranked(tmp_path))
    assert trials < 200
    said = (
        f"ended after {trials} trials: the leading configurations have intervals no wider than 0.5"
    )
    assert f"The study {said}.\n" in done.stderr
    done = run_command("launch", "--workers", "1", cwd=tmp_path, pretend=-1.0)
    assert f"Study 'bands' {said} already: nothing to do." in done.stderr
    assert "has its 200 trials already" not in done.stderr


@pytest.mark.slow
def test_several_workers_end_no_more_than_their_own_trials_later(tmp_path: Path) -> None:
    counts = []
    for workers in (1, 3):
        folder = tmp_path / str(workers)
        folder.mkdir()
        options = ("--until-precision", "0.1", "--workers", str(workers), *GRID)
        run_command("launch", *options, cwd=folder, pretend=0.02, workers=True)
        counts.append(sum(row["trials"] for row in ranked(folder)))
    alone, together = counts
    # A worker has a trial under way and may have the next one waiting.
    assert alone <= together <= alone + 6


def test_a_width_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run_command("launch", "--until-precision", "1.5", cwd=tmp_path, code=2)
    assert "--until-precision must be at least 0 and below 1, received 1.5" in done.stderr
