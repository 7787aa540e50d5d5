"""The race where the truth is known. Seeds are fixed: a failure is a change, not bad luck.

The figures in search/race.py come from the same races, more of them (simulated_races.py).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from search.statistics.race_state import RaceEnd, RaceRules
from tests.search_tests.simulated_races import STAIRCASE, Outcomes, run_races, summarise

pytestmark = pytest.mark.slow

RHO = pytest.mark.parametrize("rho", [0.0, 0.5])


@RHO
def test_outcomes_are_those_asked_for(rho: float) -> None:
    outcomes = Outcomes.coupled(STAIRCASE, rho)
    assert outcomes.chances @ outcomes.patterns == pytest.approx(np.array(STAIRCASE), abs=1e-9)
    both = float(outcomes.chances @ (outcomes.patterns[:, 0] & outcomes.patterns[:, 7]))
    normal = np.random.default_rng(0).normal(size=(3, 400_000))
    each = math.sqrt(rho) * normal[0] + math.sqrt(1 - rho) * normal[1:]
    # Standard normal quantiles of 0.90 and 0.97.
    share = np.mean((each[0] <= 1.2815516) & (each[1] <= 1.8807936))
    assert both == pytest.approx(share, abs=0.002)


@RHO
def test_picks_the_best_of_eight_with_fewer_restarts_than_equal_allocation(rho: float) -> None:
    outcomes = Outcomes.coupled(STAIRCASE, rho)
    summary = summarise(run_races(RaceRules(), outcomes, 500, seed=11), STAIRCASE)
    assert summary.picked >= 0.95
    assert summary.wrong_drop <= 0.005
    # The same restarts dealt out evenly are less reliable than the race, and than 95%.
    evenly = math.ceil(summary.restarts / 8)
    equal = outcomes.equal_allocation(evenly, 10_000, np.random.default_rng(12))
    assert equal < 0.95


@pytest.mark.parametrize(("rate", "rho"), [(0.95, 0.0), (0.95, 0.5), (0.5, 0.0)])
def test_drops_none_of_eight_equal_ones(rate: float, rho: float) -> None:
    rates = (rate,) * 8
    summary = summarise(run_races(RaceRules(), Outcomes.coupled(rates, rho), 600, seed=14), rates)
    dropped = round(600 * summary.wrong_drop)
    # At most 5 in 100 are promised, and 600 races show it: the interval of the share is below.
    assert binomtest(dropped, 600).proportion_ci(0.95).high <= 0.05


@RHO
def test_two_that_are_best_are_not_told_apart(rho: float) -> None:
    rates = (0.80, 0.85, 0.90, 0.96, 0.96)
    states = run_races(RaceRules(), Outcomes.coupled(rates, rho), 400, seed=15)
    summary = summarise(states, rates)
    assert summary.picked == 1
    assert binomtest(round(400 * summary.wrong_drop), 400).proportion_ci(0.95).high <= 0.05
    tied = [{state.leader, *state.not_distinguishable} == {3, 4} for state in states]
    assert np.mean(tied) >= 0.95


def test_two_that_hardly_differ_end_as_practically_the_same() -> None:
    rates = (0.60, 0.998, 0.998)
    rules = RaceRules(max_restarts=20_480)
    states = run_races(rules, Outcomes.coupled(rates, 0.5), 200, seed=16)
    same = [state.end is RaceEnd.PRACTICALLY_SAME for state in states]
    assert np.mean(same) >= 0.95
    assert np.mean([state.restarts for state in states]) < 2 * 5120


def test_those_that_differ_by_more_than_practical_are_seldom_called_the_same() -> None:
    """The promise is alpha / 2; here the difference is just what is not practically the same."""
    rates = (0.990, 0.9951)
    rules = RaceRules(max_restarts=20_480)
    states = run_races(rules, Outcomes.coupled(rates, 0.5), 200, seed=17)
    same = sum(state.end is RaceEnd.PRACTICALLY_SAME for state in states)
    assert binomtest(same, 200, 0.025, alternative="greater").pvalue > 0.05
