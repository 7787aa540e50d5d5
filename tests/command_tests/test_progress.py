from __future__ import annotations

import re
from pathlib import Path

import pytest

from search.commands.describing import one_point
from search.commands.event_lines import trial_line
from search.commands.progress import LaunchProgress, _Tally
from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.problem.problem import Problem
from search.problem.rows import TrialSummary
from search.reports.report import heading
from search.running.events import (
    LaunchBegan,
    TrialDone,
    Waiting,
    WaitingForLock,
    WorkersReady,
)
from tests.conftest import run_command
from tests.storage_tests.made import FOUR_POINTS


def test_the_speed_is_that_of_the_last_seconds() -> None:
    tally = _Tally([])
    assert tally._speed(100.0, 256) is None  # the clock starts as the first trial ends
    assert [tally._speed(100.0 + second, 512) for second in (1, 2)] == [512, 512]
    slower = [tally._speed(102.0 + 4 * trial, 512) for trial in range(1, 8)]
    assert slower[-1] == pytest.approx(128)
    assert slower[0] == pytest.approx(256)


def test_the_best_is_the_best_at_what_is_sought() -> None:
    tally = _Tally([], "solved")
    for name, escaped, solved in (("none", 100, 0), ("standard", 50, 40)):
        summary = TrialSummary(100, escaped, solved, 0, 1000, None, ())
        line = tally.add(TrialDone(0, Configuration(name, "adam", 0.1), summary, 1))
    assert line.endswith("best standard adam 0.1: 40 of 100 solved")


def test_one_point_can_be_worth_more_than_the_margin() -> None:
    assert FOUR_POINTS.escapes_by_one_point
    assert not Problem().escapes_by_one_point
    assert one_point(FOUR_POINTS) == (
        "One point of 4 is worth 0.25, more than the margin of 0.01: a restart escapes by one "
        "point; see best --success solved."
    )


def test_a_trial_is_told_with_its_time() -> None:
    summary = TrialSummary(256, 250, 240, 1, 1000, None, ())
    done = TrialDone(7, Configuration("standard", "adam", 0.1), summary, 8, seconds=0.34)
    assert trial_line(done) == (
        "Trial 7, standard adam 0.1: 250 of 256 escaped, 240 solved, 1 diverged, in 0.3 s."
    )


@pytest.mark.slow
def test_quiet_prints_the_result_and_verbose_each_trial(tmp_path: Path) -> None:
    options = ("launch", "--trials", "2", "--restarts", "4", "--workers", "1")
    quiet = run_command(*options, "-q", cwd=tmp_path, pretend=0)
    assert quiet.stderr == ""
    assert "95%" in quiet.stdout
    verbose = run_command(*options, "-v", "--study", "other", cwd=tmp_path, pretend=0)
    told = [line for line in verbose.stderr.splitlines() if line.startswith("Trial ")]
    assert [line.split(",")[0] for line in told] == ["Trial 0", "Trial 1"]
    assert all(re.search(r", in \d+\.\d s\.$", line) for line in told)
    assert "\x1b" not in verbose.stdout + verbose.stderr


def test_quiet_and_verbose_exclude_each_other(tmp_path: Path) -> None:
    done = run_command("launch", "-q", "-v", cwd=tmp_path, code=2)
    assert "--quiet and --verbose exclude each other: leave one out" in done.stderr


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_escape_codes_where_none_are_wanted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert heading("a title") == "\x1b[1ma title\x1b[0m"
    monkeypatch.setenv(variable, value)
    assert heading("a title") == "a title"
    assert not LaunchProgress()._is_drawn


def test_what_is_waited_for_stands_beside_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    progress, said = LaunchProgress(), list[str]()
    monkeypatch.setattr(progress, "_describe", lambda doing, *_: said.append(doing))
    progress(LaunchBegan(Plan(), 0, is_over=False, workers=2, counts=()))
    progress(WorkersReady())
    progress(WaitingForLock(5.0))
    progress(Waiting(3))
    assert said == [
        "waiting for TensorFlow to start",
        "TensorFlow has started; waiting for the first compiled programs",
        "waiting for another program's lock on the database",
        "waiting for the trials that other launchers train",
    ]
