from __future__ import annotations

import json

import numpy as np
import pytest

from search.problem.success import ESCAPED
from search.reports.race_report import (
    RACE_KEYS,
    race_columns,
    race_json,
    race_rows,
    statement,
    to_json,
)
from search.reports.report import show_table
from search.statistics.race import judge_race
from search.statistics.race_state import RaceRules, RaceState
from tests.search_tests.simulated_races import entrants


def _state(restarts: int, *, max_restarts: int = 128, practical: float = 0.005) -> RaceState:
    """Four configurations: none, half, and twice all but one of the seeds escape."""
    rules = RaceRules(first_round=32, max_restarts=max_restarts, practical=practical)
    seeds = np.arange(restarts)
    flags = [seeds < 0, seeds % 2 == 0, seeds != 5, seeds != 6]
    return judge_race(rules, entrants(4), flags)


def test_rows_of_a_race_that_is_over() -> None:
    rows = race_rows(_state(128))
    assert all(len(row) == len(race_columns(ESCAPED)) for row in rows)
    measured = ["200 of 256", "0.781"]
    assert rows[0] == [
        *("none adam 0.03", *measured, "127 of 128", "0.992", "0.957-0.999"),
        *("first", "-", "-", "-", "-"),
    ]
    assert rows[1] == [
        *("none adam 0.04", *measured, "127 of 128", "0.992", "0.957-0.999"),
        *("not distinguishable", "-", "1", "1 : 1", "none adam 0.03"),
    ]
    # Dropped second, with three left: 3 rounds, 4 configurations, 2 rivals.
    assert rows[2] == [
        *("none adam 0.02", *measured, "16 of 32", "0.500", "0.336-0.664"),
        *("clearly worse", "1", f"{24 / 2**15:.2g}", "0 : 15", "none adam 0.03"),
    ]
    assert rows[3][0] == "none adam 0.01"
    assert rows[3][6:] == ["clearly worse", "1", f"{36 / 2**31:.2g}", "0 : 31", "none adam 0.03"]


def test_json_says_what_every_row_rests_on() -> None:
    state = _state(128)
    winner, tied, *_, worst = race_json(state)
    assert list(winner) == list(RACE_KEYS)
    assert (winner["status"], winner["rival"], winner["p"]) == ("first", None, None)
    assert (tied["only_this"], tied["only_rival"], tied["common_seeds"]) == (1, 1, 128)
    assert tied["difference"] == 0
    assert tied["difference_ci_low"] == pytest.approx(-tied["difference_ci_high"])
    assert tied["difference_confidence"] == pytest.approx(1 - 0.05 / 3)
    assert (worst["fresh_escaped"], worst["fresh_restarts"], worst["ci_low"]) == (0, 32, 0)
    assert (worst["dropped_in_round"], worst["p"]) == (1, pytest.approx(2.0**-31))
    # 3 rounds, 4 configurations, 3 rivals.
    assert worst["corrected_p"] == pytest.approx(36 * 2.0**-31)
    whole = json.loads(json.dumps(to_json(state)))
    assert whole["configurations"] == race_json(state)
    assert (whole["end"], whole["next_round"], whole["restarts"]) == ("max restarts", None, 320)
    assert whole["statement"] == statement(state)


def test_statement_of_a_race_that_is_over() -> None:
    assert statement(_state(128)) == (
        "none adam 0.03 came out first: 127 of 128 fresh restarts escaped, 0.992 (95% interval "
        "0.957-0.999); first measured 200 of 256, 0.781.\nNot distinguishable from it: none adam "
        "0.04 (escaped alone from 1 of 128 seeds, the other from 1: difference +0.0000, 98.3% "
        "interval -0.0498 to +0.0498).\nThe same restarts picked it among 2, so its rate may "
        "still flatter it.\n2 of 4 configurations were dropped as clearly worse (McNemar's exact "
        "test, corrected: the chance of any wrong drop in the whole race is at most 0.05).\nThe "
        "race is over: the 2 configurations left have run 128 restarts each, which did not tell "
        "them apart."
    )


def test_statement_of_those_that_are_practically_the_same() -> None:
    state = _state(1024, max_restarts=1024, practical=0.02)
    text = statement(state)
    assert "none adam 0.03 is as good as the best: 511 of 512 fresh" in text
    assert [row[6] for row in race_rows(state)][:2] == ["first", "practically the same"]


def test_a_race_that_goes_on_and_one_not_begun(capsys: pytest.CaptureFixture[str]) -> None:
    state = _state(32)
    assert [row[6] for row in race_rows(state)] == ["racing"] * 2 + ["clearly worse"] * 2
    assert statement(state).startswith("none adam 0.03 leads: 31 of 32 fresh restarts escaped")
    assert statement(state).endswith("Round 2 needs 64 restarts of 2 configurations.")
    begun = _state(0)
    assert statement(begun) == "Round 1 needs 128 restarts of 4 configurations."
    assert {row[3] for row in race_rows(begun)} == {"-"}
    assert race_json(begun)[0]["fresh_rate"] is None
    show_table("race", race_columns(ESCAPED), race_rows(state), statement(state))
    assert "clearly worse" in capsys.readouterr().out
