"""What a race is and how it stands: its rules, who runs, who was dropped and why, what comes next.

How a race is judged, and why that is right, is said in `search.statistics.race`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from search.problem.configuration import Configuration
from search.problem.errors import Faults
from search.problem.success import ESCAPED, SOLVED, Success
from search.statistics.escape import EscapeRate
from search.statistics.paired import Paired


@dataclass(frozen=True)
class RaceRules:
    """What a race is run by; it must not change during a race.

    alpha: the chance, at most, to drop a configuration that is as good as the best.
    first_round: restarts of each configuration in the first round; each further round doubles them.
    max_restarts: restarts of one configuration at which the race ends. It is per configuration, as
    the last two are told apart by the restarts of each, however many there were at the start.
    practical: rates that differ by no more than this are the same for all practical purposes; with
    0 none ever are.
    success: what counts as a success, "escaped" or "solved".

    Raises InvalidValuesError that names all values that break their rules.
    """

    alpha: float = 0.05
    first_round: int = 64
    max_restarts: int = 2560
    practical: float = 0.005
    success: str = str(ESCAPED)

    def __post_init__(self) -> None:
        faults = Faults()
        rule = "must be greater than 0 and at most 0.5"
        faults.require(0 < self.alpha <= 0.5, "alpha", rule, f"{self.alpha:g}")
        for field, value in (
            ("first_round", self.first_round),
            ("max_restarts", self.max_restarts),
        ):
            faults.require(value >= 1, field, "must be at least 1", value)
        rule = "must be at least 0 and less than 1"
        faults.require(0 <= self.practical < 1, "practical", rule, f"{self.practical:g}")
        is_raced = self.success in (str(ESCAPED), str(SOLVED))
        faults.require(is_raced, "success", "must be escaped or solved", self.success)
        faults.raise_any()

    @property
    def sought(self) -> Success:
        """The criterion of success."""
        return Success.of(self.success)

    @cached_property
    def rounds(self) -> tuple[int, ...]:
        """Restarts of each remaining configuration after round 1, 2, ...

        Round r covers the race's seeds from rounds[r - 2] (0 for the first) up to rounds[r - 1].
        """
        doubled = []
        restarts = self.first_round
        while restarts < self.max_restarts:
            doubled.append(restarts)
            restarts *= 2
        return (*doubled, self.max_restarts)

    @property
    def confidence(self) -> float:
        """The confidence of the intervals of paired differences, corrected for all rounds."""
        return 1 - self.alpha / len(self.rounds)


@dataclass(frozen=True)
class Entrant:
    """A configuration that races, and its rate as first measured, which decides nothing here."""

    configuration: Configuration
    first_measured: EscapeRate

    @property
    def name(self) -> str:
        """The configuration in words."""
        return str(self.configuration)


@dataclass(frozen=True)
class Contest:
    """An entrant set beside a rival (its index) on their common seeds.

    `corrected_p` is the one-sided p that it is not worse, multiplied for all rounds and
    comparisons as at that point of the race, at most 1; to be held against alpha itself.
    """

    rival: int
    paired: Paired
    corrected_p: float


@dataclass(frozen=True)
class Drop:
    """That an entrant was dropped: in which round (from 1), and the comparison that it rests on."""

    round: int
    contest: Contest


@dataclass(frozen=True)
class Round:
    """The round that a race needs next.

    seeds: positions of its seeds among those of the race; remaining: the entrants (indices) that
    run it; restarts: how many are still to be trained, of all of them.
    """

    number: int
    seeds: range
    remaining: tuple[int, ...]
    restarts: int


class RaceEnd(StrEnum):
    """Why a race is over."""

    ONE_LEFT = "one left"
    PRACTICALLY_SAME = "the same for all practical purposes"
    MAX_RESTARTS = "max restarts"


@dataclass(frozen=True)
class RaceState:
    """How a race stands after its complete rounds, entrants by their index.

    fresh: the rate on the fresh seeds of the complete rounds, for a dropped one up to the round of
    its drop; None before the first. drops: None for those that remain. contests: those that remain,
    each against the leader; None for the leader and the dropped. Either `end` says why the race is
    over or `next_round` what it needs next; the other is None.
    """

    rules: RaceRules
    entrants: tuple[Entrant, ...]
    rounds_done: int
    fresh: tuple[EscapeRate | None, ...]
    drops: tuple[Drop | None, ...]
    contests: tuple[Contest | None, ...]
    end: RaceEnd | None
    next_round: Round | None

    @property
    def remaining(self) -> tuple[int, ...]:
        """Entrants that were not dropped, in the order of the entrants."""
        return tuple(index for index, drop in enumerate(self.drops) if drop is None)

    @property
    def ranking(self) -> tuple[int, ...]:
        """All entrants: those that remain by their escapes, then the dropped, the latest first.

        Equal ones stay in the order of the entrants.
        """

        def key(index: int) -> tuple[float, float]:
            drop, fresh = self.drops[index], self.fresh[index]
            last_round = len(self.rules.rounds) + 1 if drop is None else drop.round
            return -last_round, 0.0 if fresh is None else -fresh.rate

        return tuple(sorted(range(len(self.entrants)), key=key))

    @property
    def leader(self) -> int:
        """The remaining entrant of the most escapes on fresh seeds: the winner, once it is over."""
        return self.ranking[0]

    @property
    def not_distinguishable(self) -> tuple[int, ...]:
        """Those that remain beside the leader: not shown to be worse than it."""
        return tuple(index for index in self.ranking[1:] if self.drops[index] is None)

    @property
    def why_over(self) -> str | None:
        """The sentence that says why the race is over; None while it goes on."""
        left, rules = len(self.remaining), self.rules
        reasons = {
            RaceEnd.ONE_LEFT: f"one configuration is left after round {self.rounds_done}",
            RaceEnd.PRACTICALLY_SAME: (
                f"the {left} configurations left are the same for all practical purposes: the "
                f"paired difference of any two is within {rules.practical:g} of zero "
                f"({rules.confidence:.1%} intervals)"
            ),
            RaceEnd.MAX_RESTARTS: (
                f"the {left} configurations left have run {rules.max_restarts} restarts each, "
                "which did not tell them apart"
            ),
        }
        return None if self.end is None else reasons[self.end]

    @property
    def restarts(self) -> int:
        """Fresh restarts of the complete rounds, of all entrants."""
        return sum(fresh.restarts for fresh in self.fresh if fresh is not None)
