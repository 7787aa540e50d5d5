"""The Pareto front of standings, and what is not among them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import LogRange
from search.problem.rows import ConfigurationCounts
from search.problem.success import ESCAPED, SOLVED, Success
from search.reports.tables import of_criterion
from search.statistics.ranking import (
    Standing,
    nearly_all_escape,
    pareto_front,
    ranked,
    standing_keys,
    untried,
)


def standing(escaped: int, epochs_spent: int) -> Standing:
    key = Configuration("none", "sgd", 0.1)
    return Standing(
        ConfigurationCounts(key, 1, 100, escaped, 0, 0, epochs_spent, None, None, None, None)
    )


def test_none_beats_another_on_the_front() -> None:
    often_dear, seldom_cheap = standing(90, 9000), standing(50, 1000)
    beaten, never = standing(50, 2000), standing(0, 500)
    assert pareto_front([often_dear, seldom_cheap, beaten, never]) == [True, True, False, False]
    assert pareto_front([never]) == [True]
    assert pareto_front([beaten, beaten]) == [True, True]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(100, 10_000)), min_size=1, max_size=20))
def test_what_is_off_the_front_is_beaten_by_one_on_it(figures: list[tuple[int, int]]) -> None:
    standings = [standing(*each) for each in figures]
    front = pareto_front(standings)
    assert any(front)

    def beats(one: Standing, other: Standing) -> bool:
        here = (one.escape_rate.rate, -(one.expected_epochs or float("inf")))
        there = (other.escape_rate.rate, -(other.expected_epochs or float("inf")))
        return here != there and all(a >= b for a, b in zip(here, there, strict=True))

    on = [each for each, is_on in zip(standings, front, strict=True) if is_on]
    for each, is_on in zip(standings, front, strict=True):
        assert any(beats(other, each) for other in on) != is_on


def test_untried_are_those_of_a_list_that_stand_nowhere() -> None:
    space = SearchSpace(("none", "standard"), ("sgd",), (0.1, 0.2))
    stood = [standing(1, 100)]
    assert [str(point) for point in untried(space, stood)] == [
        "none sgd 0.2",
        "standard sgd 0.1",
        "standard sgd 0.2",
    ]
    assert untried(replace(space, learning_rates=LogRange(0.1, 1.0)), stood) == []


def test_another_criterion_ranks_by_its_own_rate_and_has_no_epochs() -> None:
    counts = [
        replace(standing(99, 300).counts, solved=10, succeeded=10),
        replace(standing(90, 900).counts, solved=80, succeeded=80),
    ]
    assert [one.escape_rate.escaped for one in ranked(counts, SOLVED)] == [90, 99]
    assert [one.escape_rate.escaped for one in ranked(counts[:1] * 2, SOLVED)] == [99, 99]
    best = ranked(counts, SOLVED)[0]
    assert (best.success_rate.escaped, best.restarts_needed, best.expected_epochs) == (80, 3, None)
    row = best.to_json()
    assert tuple(row) == standing_keys(SOLVED)
    assert (row["success"], row["successes"], row["success_rate"]) == ("solved", 80, 0.8)
    assert (row["escaped"], row["expected_epochs"]) == (90, None)
    assert (row["ci_low"], row["ci_high"]) == best.success_rate.interval
    told = Standing(counts[0], Success.of("accuracy:0.95")).to_json()
    assert told["success"] == "accuracy:0.95"


def test_the_default_criterion_is_to_have_escaped() -> None:
    one = standing(40, 400)
    assert one.success == ESCAPED
    assert one.success_rate == one.escape_rate
    assert tuple(one.to_json()) == standing_keys(ESCAPED)
    assert one.to_json()["escape_rate"] == 0.4


def solving(*escaped_and_solved: tuple[int, int]) -> list[Standing]:
    return [
        Standing(replace(standing(escaped, 100).counts, solved=solved))
        for escaped, solved in escaped_and_solved
    ]


def test_escapes_say_little_where_nearly_all_escape() -> None:
    def solved(standings: list[Standing]) -> list[int]:
        return [one.counts.solved for one in nearly_all_escape(standings)]

    assert solved(solving((100, 100), (99, 0), (95, 40))) == [0, 40, 100]
    assert solved(solving((100, 100), (99, 0), (20, 20), (0, 0))) == [0, 100]
    assert solved(solving((100, 100), (99, 0), (20, 20), (0, 0), (0, 0))) == [], "fewer than half"
    assert solved(solving((100, 100), (94, 0))) == [100]
    assert solved([]) == []


NEARLY = "Nearly every restart escapes under each of these, but "


@pytest.mark.parametrize(
    ("escaped_and_solved", "said"),
    [
        (((100, 100), (99, 0)), "from 0 of 100 to 100 of 100 solve the problem: {} solved ranks"),
        (((100, 20), (99, 20)), "at most 20 of 100 solve the problem: {} solved ranks by that."),
        (((100, 1), (99, 0)), "at most 1 of 100 solve the problem: {} accuracy:0.9733 counts"),
        (((100, 0), (99, 0)), "at most 0 of 100 solve the problem: {} accuracy:0.9733 counts"),
        (((100, 3),), "3 of 100 solve the problem: {} solved ranks by that."),
        (((100, 0),), "0 of 100 solve the problem: {} accuracy:0.9733 counts those that are as"),
    ],
)
@pytest.mark.parametrize("command", ["best", "times"])
def test_tables_say_where_escapes_say_little(
    command: str, escaped_and_solved: tuple[tuple[int, int], ...], said: str
) -> None:
    alike = [
        Standing(replace(one.counts, best_accuracy=0.97334)) for one in solving(*escaped_and_solved)
    ]
    told = of_criterion(command, ESCAPED, alike)
    assert told.startswith(NEARLY + said.format(f"multirestart {command} --success"))
    assert of_criterion(command, SOLVED, alike) == ""


@pytest.mark.parametrize(
    "escaped_and_solved",
    [
        ((100, 90), (99, 85)),  # most solve, and alike
        ((100, 55),),
        ((100, 0), (20, 0), (20, 0)),  # fewer than half escape
        ((50, 0), (60, 0)),
        (),
    ],
)
def test_tables_are_silent_where_escapes_tell(
    escaped_and_solved: tuple[tuple[int, int], ...],
) -> None:
    assert of_criterion("best", ESCAPED, solving(*escaped_and_solved)) == ""
