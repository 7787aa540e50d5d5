"""The figure of a race."""

from __future__ import annotations

from search.problem.configuration import Configuration
from search.reports.figures.race import race_figure
from search.reports.race_report import confirmation
from search.statistics.escape import EscapeRate
from search.statistics.paired import Paired
from search.statistics.race_state import Contest, Drop, Entrant, RaceEnd, RaceRules, RaceState

ENTRANTS = tuple(
    Entrant(Configuration("none", "sgd", rate), EscapeRate(escaped, 100))
    for rate, escaped in ((0.1, 90), (0.2, 95))
)
CONTEST = Contest(0, Paired(restarts=64, only_this=1, only_other=30), 0.001)


def test_a_race_shows_both_rates_of_each_entrant_in_the_order_of_its_end() -> None:
    state = RaceState(
        rules=RaceRules(),
        entrants=ENTRANTS,
        rounds_done=1,
        fresh=(EscapeRate(60, 64), EscapeRate(31, 64)),
        drops=(None, Drop(1, CONTEST)),
        contests=(None, None),
        end=RaceEnd.ONE_LEFT,
        next_round=None,
    )
    found = race_figure(state)
    rows = found["data"]["values"]
    assert [(row["configuration"], row["measured"], row["counts"]) for row in rows] == [
        ("none/sgd/0.1", "first measured", "90 of 100"),
        ("none/sgd/0.1", "on fresh seeds", "60 of 64"),
        ("none/sgd/0.2", "first measured", "95 of 100"),
        ("none/sgd/0.2", "on fresh seeds", "31 of 64, dropped in round 1"),
    ]
    low, high = EscapeRate(60, 64).interval
    assert (rows[1]["low"], rows[1]["high"]) == (round(low, 5), round(high, 5))
    assert rows[3]["said"].endswith("0.366 to 0.604, dropped in round 1")


def test_a_race_that_has_run_nothing_yet_shows_what_its_entrants_were_picked_by() -> None:
    rules = RaceRules()
    none = (None, None)
    state = RaceState(rules, ENTRANTS, 0, none, none, none, RaceEnd.MAX_RESTARTS, None)
    measured = [row["measured"] for row in race_figure(state)["data"]["values"]]
    assert measured == ["first measured"] * 2


def test_the_confirmation_says_what_it_rests_on() -> None:
    assert confirmation(EscapeRate(31, 64), "escaped") == (
        "Measured again on 64 further seeds, not used to select it: 31 of 64 escaped, 0.484 (95% "
        "interval 0.366-0.604)."
    )
