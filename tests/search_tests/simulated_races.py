"""Races between configurations of known escape rates, for the tests and for the figures they hold.

`python -m tests.search_tests.simulated_races` prints the figures that search/race.py states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from search.problem.configuration import Configuration
from search.statistics.escape import EscapeRate
from search.statistics.race import judge_race
from search.statistics.race_state import Entrant, RaceRules, RaceState

STAIRCASE = (0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97)


@dataclass(frozen=True)
class Outcomes:
    """What the configurations do on one seed: every pattern of escapes and its chance.

    patterns: (2^configurations, configurations); chances: (2^configurations,).
    """

    rates: tuple[float, ...]
    patterns: NDArray[np.bool_]
    chances: NDArray[np.float64]

    @classmethod
    def coupled(cls, rates: Sequence[float], rho: float) -> Outcomes:
        """Escapes at these rates, coupled by a Gaussian copula of equal correlation rho.

        A configuration escapes from a seed if sqrt(rho) Z + sqrt(1 - rho) E is below its quantile;
        Z is the seed's and E their own, both standard normal. Z is integrated by Gauss-Hermite.
        """
        z, weight = np.polynomial.hermite_e.hermegauss(80)
        quantiles = ndtri(np.array(rates))[:, None]
        given_z = ndtr((quantiles - np.sqrt(rho) * z) / np.sqrt(1 - rho))
        numbers = np.arange(2 ** len(rates))[:, None]
        patterns = (numbers >> np.arange(len(rates)) & 1).astype(np.bool_)
        each = np.where(patterns[:, :, None], given_z, 1 - given_z)
        chances = each.prod(axis=1) @ (weight / weight.sum())
        return cls(tuple(rates), patterns, chances / chances.sum())

    def flags(self, restarts: int, generator: np.random.Generator) -> NDArray[np.bool_]:
        """Escaped flags on that many seeds, (configurations, restarts)."""
        drawn = generator.choice(len(self.chances), size=restarts, p=self.chances)
        return self.patterns[drawn].T

    def equal_allocation(self, restarts: int, races: int, generator: np.random.Generator) -> float:
        """How often the best observed rate of so many restarts each is that of the best.

        Of equal best observed rates one is picked by lot.
        """
        escaped = generator.multinomial(restarts, self.chances, size=races) @ self.patterns
        tops = escaped == escaped.max(axis=1, keepdims=True)
        return float((tops[:, int(np.argmax(self.rates))] / tops.sum(axis=1)).mean())

    def equal_allocation_needed(
        self, reliability: float, races: int, generator: np.random.Generator
    ) -> int:
        """Smallest n per configuration, to 20, with that reliability."""
        low, high = 1, 500  # in steps of 20
        while low < high:
            middle = (low + high) // 2
            if self.equal_allocation(20 * middle, races, generator) >= reliability:
                high = middle
            else:
                low = middle + 1
        return 20 * low


def entrants(count: int) -> list[Entrant]:
    """Configurations that differ by their learning rate alone."""
    return [
        Entrant(Configuration("none", "adam", (index + 1) / 100), EscapeRate(200, 256))
        for index in range(count)
    ]


def run_races(rules: RaceRules, outcomes: Outcomes, races: int, seed: int) -> list[RaceState]:
    """That many races to their end. The position of the best among the entrants is as given."""
    generator = np.random.default_rng(seed)
    field = entrants(len(outcomes.rates))
    return [
        judge_race(rules, field, list(outcomes.flags(rules.max_restarts, generator)))
        for _ in range(races)
    ]


@dataclass(frozen=True)
class Summary:
    """Shares of races, and means over races.

    picked: the winner has the highest true rate; wrong_drop: one that is as good as the best was
    dropped; restarts: of all entrants; winner_excess and dropped_excess: fresh rate minus true
    rate, of the winner and of all that were dropped; covered: the winner's 95% interval holds its
    true rate; remaining: entrants never dropped.
    """

    picked: float
    wrong_drop: float
    restarts: float
    winner_excess: float
    dropped_excess: float
    covered: float
    remaining: float


def summarise(states: Sequence[RaceState], rates: Sequence[float]) -> Summary:
    """The figures of races that are over."""
    best = max(rates)
    picked, wrong, excess, losses, covered = [], [], [], [], []
    for state in states:
        winner = state.fresh[state.leader]
        assert winner is not None
        truth = rates[state.leader]
        low, high = winner.interval
        picked.append(truth == best)
        excess.append(winner.rate - truth)
        covered.append(low <= truth <= high)
        dropped = [index for index, drop in enumerate(state.drops) if drop]
        wrong.append(any(rates[index] == best for index in dropped))
        losses += [fresh.rate - rates[index] for index in dropped if (fresh := state.fresh[index])]
    return Summary(
        picked=float(np.mean(picked)),
        wrong_drop=float(np.mean(wrong)),
        restarts=float(np.mean([state.restarts for state in states])),
        winner_excess=float(np.mean(excess)),
        dropped_excess=float(np.mean(losses)) if losses else 0.0,
        covered=float(np.mean(covered)),
        remaining=float(np.mean([len(state.remaining) for state in states])),
    )


def main(races: int = 10_000) -> None:
    """Print the figures."""
    generator = np.random.default_rng(1)
    for rho in (0.0, 0.5):
        for rates in (STAIRCASE, (0.95,) * 8, (0.5,) * 8, (*STAIRCASE[:6], 0.97, 0.97)):
            outcomes = Outcomes.coupled(rates, rho)
            summary = summarise(run_races(RaceRules(), outcomes, races, seed=7), rates)
            print(f"rho {rho} {rates}: {summary}", flush=True)
            if rates == STAIRCASE:
                for reliability in (0.95, summary.picked):
                    n = outcomes.equal_allocation_needed(reliability, 200_000, generator)
                    print(f"  equal allocation for {reliability}: 8 x {n} = {8 * n}", flush=True)


if __name__ == "__main__":
    main()
