from __future__ import annotations

import pytest

from search.commands.progress import _Tally, one_point
from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import TrialSummary
from search.running.events import TrialDone
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
