from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from search.problem.errors import UserError
from search.statistics.escape import EscapeRate
from search.statistics.race import judge_race
from search.statistics.race_state import RaceEnd, RaceRules, RaceState
from tests.search_tests.simulated_races import entrants

Flags = list[NDArray[np.bool_]]
RULES = RaceRules(alpha=0.05, first_round=8, max_restarts=64)


def _judge(flags: Flags, rules: RaceRules = RULES) -> RaceState:
    return judge_race(rules, entrants(len(flags)), flags)


def _escaped(count: int, restarts: int) -> NDArray[np.bool_]:
    """That many escapes first, then none."""
    return np.arange(restarts) < count


@pytest.mark.parametrize(
    ("first_round", "max_restarts", "rounds"),
    [
        (64, 2560, (64, 128, 256, 512, 1024, 2048, 2560)),
        (64, 128, (64, 128)),
        (100, 50, (50,)),
        (1, 1, (1,)),
    ],
)
def test_rounds(first_round: int, max_restarts: int, rounds: tuple[int, ...]) -> None:
    assert RaceRules(first_round=first_round, max_restarts=max_restarts).rounds == rounds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.0}, "alpha must be greater than 0 and at most 0.5, received 0"),
        ({"alpha": float("nan")}, "alpha must be"),
        ({"first_round": 0}, "first_round must be at least 1, received 0"),
        ({"max_restarts": -3}, "max_restarts must be at least 1, received -3"),
        ({"practical": 1.0}, "practical must be at least 0 and less than 1, received 1"),
    ],
)
def test_rules_that_cannot_be(change: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(RULES, **change)  # type: ignore[arg-type]


def test_one_configuration_is_no_race() -> None:
    with pytest.raises(UserError, match="at least two configurations, received 1"):
        _judge([_escaped(1, 8)])


def test_flags_of_every_entrant_are_needed() -> None:
    with pytest.raises(ValueError, match="3 entrants, but flags of 2"):
        judge_race(RULES, entrants(3), [_escaped(1, 8)] * 2)


def test_before_the_first_round() -> None:
    state = _judge([_escaped(0, 0), _escaped(2, 5), _escaped(0, 0)])
    assert (state.rounds_done, state.end, state.why_over, state.restarts) == (0, None, None, 0)
    assert state.fresh == (None, None, None)
    assert state.next_round is not None
    assert state.next_round.number == 1
    assert state.next_round.seeds == range(8)
    assert state.next_round.remaining == (0, 1, 2)
    assert state.next_round.restarts == 8 + 3 + 8


def test_drops_rest_on_the_corrected_test() -> None:
    """3 configurations, 4 rounds: p is multiplied by 4 * 3 * 2, then by 4 * 3 * 1."""
    at_8, at_16 = _escaped(0, 8), _escaped(8, 16)
    state = _judge([at_8, at_16, _escaped(16, 16)])
    # Round 1, all of 8 against none of 8: 24 / 2^8 is too much; the other two did the same.
    assert (state.rounds_done, state.drops) == (1, (None, None, None))
    state = _judge([_escaped(0, 16), at_16, _escaped(16, 16)])
    first, second, third = state.drops
    assert first is not None
    assert second is not None
    assert third is None
    assert (first.round, first.contest.rival) == (2, 2)
    assert first.contest.corrected_p == pytest.approx(24 / 2**16)
    paired = first.contest.paired
    assert (paired.only_this, paired.only_other, paired.restarts) == (0, 16, 16)
    # With one rival left, 12 / 2^8 is below 0.05.
    assert (second.round, second.contest.rival) == (2, 2)
    assert second.contest.corrected_p == pytest.approx(12 / 2**8)
    assert second.contest.paired.p_not_worse == pytest.approx(
        binomtest(0, 8, alternative="less").pvalue
    )
    assert state.end is RaceEnd.ONE_LEFT
    assert state.why_over == "one configuration is left after round 2"
    assert state.next_round is None
    assert state.leader == 2
    assert state.not_distinguishable == ()
    assert state.ranking == (2, 1, 0)


def test_the_next_round_doubles_what_remains() -> None:
    rules = RaceRules(first_round=16, max_restarts=64)
    state = _judge([_escaped(0, 16), _escaped(15, 16), _escaped(16, 20)], rules)
    assert state.remaining == (1, 2)
    assert state.next_round is not None
    assert state.next_round.number == 2
    assert state.next_round.seeds == range(16, 32)
    assert state.next_round.restarts == 16 + 12
    assert state.fresh == (EscapeRate(0, 16), EscapeRate(15, 16), EscapeRate(16, 16))
    assert state.restarts == 48


def test_ends_at_max_restarts() -> None:
    state = _judge([_escaped(30, 64), _escaped(32, 64), _escaped(32, 64)])
    assert state.end is RaceEnd.MAX_RESTARTS
    assert state.why_over == (
        "the 3 configurations left have run 64 restarts each, which did not tell them apart"
    )
    assert state.leader == 1  # equal ones keep the order of the entrants
    assert state.not_distinguishable == (2, 0)
    assert state.contests[1] is None
    assert state.contests[0] is not None
    assert (state.contests[0].rival, state.contests[0].corrected_p) == (1, 1.0)
    assert state.contests[0].paired.difference == -2 / 64


def test_ends_when_practically_the_same() -> None:
    rules = RaceRules(first_round=64, max_restarts=100_000, practical=0.02)
    same = _escaped(400, 512)
    state = _judge([same, same.copy()], rules)
    # No seed differs: the interval is z^2 / (n + z^2), at 1 - 0.05 / 12 = 99.58%.
    assert rules.confidence == pytest.approx(1 - 0.05 / 12)
    assert state.end is RaceEnd.PRACTICALLY_SAME
    assert state.rounds_done == 4  # 8.2 / (512 + 8.2) = 0.016; after 256 it was 0.031
    assert state.why_over == (
        "the 2 configurations left are the same for all practical purposes: the paired difference "
        "of any two is within 0.02 of zero (99.6% intervals)"
    )
    never = _judge([same, same.copy()], replace(rules, practical=0.0))
    assert never.end is None


def test_a_third_that_differs_keeps_the_race_going() -> None:
    rules = RaceRules(first_round=512, max_restarts=100_000, practical=0.02)
    same = _escaped(400, 512)
    assert _judge([same, same, _escaped(392, 512)], rules).end is None


@st.composite
def _races(draw: st.DrawFn) -> tuple[RaceRules, Flags]:
    rules = RaceRules(
        alpha=draw(st.sampled_from([0.01, 0.05, 0.3])),
        first_round=draw(st.integers(1, 20)),
        max_restarts=draw(st.integers(1, 150)),
        practical=draw(st.sampled_from([0.0, 0.005, 0.1])),
    )
    rates = draw(st.lists(st.floats(0, 1), min_size=2, max_size=5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rules, [generator.random(rules.max_restarts) < rate for rate in rates]


@given(_races())
def test_a_race_fed_as_it_asks_ends_as_one_given_all(race: tuple[RaceRules, Flags]) -> None:
    """Killed after any round, or within one, it goes on identically."""
    rules, flags = race
    whole = _judge(flags, rules)
    had = [0] * len(flags)
    trained = 0
    while True:
        state = _judge([row[:count] for row, count in zip(flags, had, strict=True)], rules)
        following = state.next_round
        if following is None:
            break
        assert following.seeds.stop in rules.rounds
        trained += following.restarts
        for index in following.remaining:
            # Half of them are interrupted within the round.
            partly = [row[:count] for row, count in zip(flags, had, strict=True)]
            partly[index] = flags[index][: (following.seeds.start + following.seeds.stop) // 2]
            again = _judge(partly, rules)
            assert (again.rounds_done, again.drops) == (state.rounds_done, state.drops)
            had[index] = following.seeds.stop
    assert state == whole
    assert state.restarts == trained == sum(had)


@given(_races())
def test_laws_of_a_race_that_is_over(race: tuple[RaceRules, Flags]) -> None:
    rules, flags = race
    state = _judge(flags, rules)
    assert state.end is not None
    assert state.why_over is not None
    assert state.next_round is None
    assert state.leader in state.remaining
    assert sorted(state.ranking) == list(range(len(flags)))
    assert {state.leader, *state.not_distinguishable} == set(state.remaining)
    for index, (fresh, drop) in enumerate(zip(state.fresh, state.drops, strict=True)):
        assert fresh is not None
        stop = rules.rounds[(drop.round if drop else state.rounds_done) - 1]
        assert fresh == EscapeRate(int(flags[index][:stop].sum()), stop)
        contest = drop.contest if drop else state.contests[index]
        if contest is None:
            assert index == state.leader
            continue
        this, other = flags[index][:stop], flags[contest.rival][:stop]
        assert contest.paired.only_this == (this & ~other).sum()
        assert contest.paired.only_other == (other & ~this).sum()
        assert (contest.corrected_p <= rules.alpha) == (drop is not None)


@given(_races())
def test_the_order_of_entrants_decides_nothing(race: tuple[RaceRules, Flags]) -> None:
    rules, flags = race
    state, turned = _judge(flags, rules), _judge(flags[::-1], rules)
    assert turned.end == state.end
    assert [drop and drop.round for drop in turned.drops[::-1]] == [
        drop and drop.round for drop in state.drops
    ]
    assert turned.fresh[::-1] == state.fresh
