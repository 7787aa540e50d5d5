"""The Pareto front of standings, and what is not among them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration, LearningRateRange, SearchSpace
from search.problem.rows import ConfigurationCounts
from search.statistics.ranking import Standing, pareto_front, untried


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
    assert untried(replace(space, learning_rates=LearningRateRange(0.1, 1.0)), stood) == []
