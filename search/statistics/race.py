"""Which configuration really is best: a race on fresh seeds that drops those clearly worse.

All configurations run on the same fresh seeds, in rounds. After a round, each that is clearly worse
than another is dropped; the restarts of those that remain are doubled. Pure: the escaped flags of
the fresh restarts in, what happens next out. Nothing is remembered from call to call, so a race
that was killed goes on as it would have gone on.

**When one is clearly worse.** McNemar's exact test on the common seeds, one-sided, corrected so
that the chance to drop any configuration that is as good as the best is at most alpha in the whole
race: divided evenly over the R rounds that the rules allow, and over the comparisons by a step-down
in the manner of Holm (1979, Scand. J. Statist. 6: 65-70). With m of K configurations left, one is
dropped if p R K (m - 1) <= alpha: one at a time, the smallest p first, m counted anew.

Why that holds: let b of the K be as good as the best. Until the first wrong drop all b are there,
so m >= b. If m = b, one of them lost to another of them, with p <= alpha / (R K (b - 1)). If m > b,
one of them lost to any of the K - 1 others, with p <= alpha / (R K b). For each round these are
b (b - 1) events of chance alpha / (R K (b - 1)) at most, which cover those of the second kind
within the b, and b (K - b) of alpha / (R K b): alpha / R in all. For two configurations it is the
two-sided test at alpha / R.

**When they are the same for all practical purposes.** When the score interval (Tango 1998) of the
paired difference of every two that are left lies inside +-practical. Its confidence is 1 - alpha/R,
so the chance that a race says so though two of them differ by more is alpha/2 at most, as far as
the interval keeps its confidence. All pairs have to pass, so their number needs no correction.

**What can be relied upon**, with the default rules and 8 configurations; 10,000 races each with
outcomes independent | coupled on common seeds (Gaussian copula, rho 0.5). These figures are those
of `python -m tests.search_tests.simulated_races`; such races, fewer of them, are tests.

- True rates .90, .91, ... .97: the winner is the truly best in 97.4% | 98.3% of races, which take
  11,780 | 10,888 restarts on average. The same restarts for each, the best observed rate picked,
  need 8 x 1,840 = 14,720 | 8 x 1,520 = 12,160 for 95% (the race takes 20% | 10% fewer) and
  8 x 2,560 = 20,480 | 8 x 2,460 = 19,680 for the reliability of the race (42% | 45% fewer).
- All .95: any is dropped in 1.8% | 1.6% of races; all .5: in 2.4% | 2.6%.
- .90 to .95 and twice .97: one of the best two is dropped in 0.4% | 0.3%.

**What a race does not do.** Fresh restarts end the flattery of having been picked among many, but
not all of it: the winner is picked by them again. With true rates .90 to .97 its fresh rate was
.0005 | .0004 too high on average, and its 95% interval held the true rate in 94.3% | 94.2%; with
all .95 it was .0061 | .0055 too high, and 82.7% | 83.4% held it. Rates of the dropped are too low,
in the first case by .0037 | .0034 on average, as a run of bad luck ends theirs. And with the
default rules two are called the same for practical purposes only if they differ on 14 of 2,560
seeds or fewer: two of true rate .95 take about 31,000 | 24,000 for that.

**Seeds are independent**, which all of this rests on: each has batch orders of its own (see
`search.training.batches`; `scripts/independence.py` measures it on real restarts). Outcomes of two
configurations on common seeds may depend on each other, which McNemar's test allows for: on the
source problem they correlated by .01 to .82.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from search.problem.errors import UserError
from search.statistics.escape import EscapeRate
from search.statistics.paired import Paired, p_not_worse, within
from search.statistics.race_state import (
    Contest,
    Drop,
    Entrant,
    RaceEnd,
    RaceRules,
    RaceState,
    Round,
)


def judge_race(
    rules: RaceRules, entrants: Sequence[Entrant], escaped: Sequence[NDArray[np.bool_]]
) -> RaceState:
    """Say from the fresh restarts so far how a race stands and what it needs next.

    escaped: for each entrant the flags, (restarts of it,), on the seeds of the race from the first
    on without a gap. A round counts once all that remain have run it; flags beyond that, or beyond
    the round in which an entrant was dropped, are not looked at.

    Raises UserError if fewer than two configurations race; ValueError if there is not one row of
    flags for each.
    """
    if len(entrants) < 2:
        raise UserError(f"a race needs at least two configurations, received {len(entrants)}")
    if len(escaped) != len(entrants):
        raise ValueError(f"{len(entrants)} entrants, but flags of {len(escaped)}")
    track = _Track(rules, len(entrants))
    end = None
    for stop in rules.rounds:
        if any(len(escaped[index]) < stop for index in track.remaining):
            break
        track.run([row[track.restarts : stop] for row in escaped], stop)
        track.drop_clearly_worse()
        end = track.end()
        if end is not None:
            break
    state = RaceState(
        rules=rules,
        entrants=tuple(entrants),
        rounds_done=track.round,
        fresh=tuple(track.fresh),
        drops=tuple(track.drops),
        contests=(None,) * len(entrants),
        end=end,
        next_round=track.next_round(escaped) if end is None else None,
    )
    if not track.round:
        return state
    contests = {index: track.contest(index, state.leader) for index in state.not_distinguishable}
    return replace(state, contests=tuple(contests.get(index) for index in range(len(entrants))))


class _Track:
    """The counts of a race during its replay round by round, within `judge_race`."""

    def __init__(self, rules: RaceRules, entrants: int) -> None:
        self.rules = rules
        self.round = 0
        self.restarts = 0
        self.remaining = list(range(entrants))
        self.fresh: list[EscapeRate | None] = [None] * entrants
        self.drops: list[Drop | None] = [None] * entrants
        # [i, j]: seeds from which i escaped and j did not.
        self.only = np.zeros((entrants, entrants), dtype=np.int64)

    def run(self, flags: Sequence[NDArray[np.bool_]], stop: int) -> None:
        """Count a further round of those that remain."""
        # In floats, which numpy multiplies by BLAS; whole numbers stay exact up to 2^53.
        escaped = np.stack([flags[index] for index in self.remaining]).astype(np.float64)
        alone = np.rint(escaped @ (1 - escaped).T).astype(np.int64)
        self.only[np.ix_(self.remaining, self.remaining)] += alone
        for index, more in zip(self.remaining, escaped.sum(axis=1), strict=True):
            before = self.fresh[index]
            self.fresh[index] = EscapeRate((before.escaped if before else 0) + int(more), stop)
        self.round += 1
        self.restarts = stop

    def drop_clearly_worse(self) -> None:
        """Drop one at a time, the smallest p first, as long as it stays below alpha."""
        p = p_not_worse(self.only, self.only.T)
        while len(self.remaining) > 1:
            # The one of the most escapes has no p below 1/2, so one always remains.
            least = int(p[np.ix_(self.remaining, self.remaining)].argmin())
            worse, rival = divmod(least, len(self.remaining))
            index = self.remaining[worse]
            contest = self.contest(index, self.remaining[rival])
            if contest.corrected_p > self.rules.alpha:
                return
            self.drops[index] = Drop(self.round, contest)
            self.remaining.remove(index)

    def contest(self, index: int, rival: int) -> Contest:
        """An entrant beside a rival, both of which remain."""
        paired = Paired(int(self.only[index, rival]), int(self.only[rival, index]), self.restarts)
        comparisons = len(self.fresh) * (len(self.remaining) - 1)
        corrected = paired.p_not_worse * comparisons * len(self.rules.rounds)
        return Contest(rival, paired, min(1.0, corrected))

    def all_practically_same(self) -> bool:
        """Whether every two that remain differ by less than what matters."""
        rows, columns = np.triu_indices(len(self.remaining), 1)
        only = self.only[np.ix_(self.remaining, self.remaining)]
        rules = self.rules
        same = within(
            only[rows, columns],
            only[columns, rows],
            self.restarts,
            rules.practical,
            rules.confidence,
        )
        return bool(same.all())

    def end(self) -> RaceEnd | None:
        """Why the race is over after this round, if it is."""
        if len(self.remaining) == 1:
            return RaceEnd.ONE_LEFT
        if self.all_practically_same():
            return RaceEnd.PRACTICALLY_SAME
        return RaceEnd.MAX_RESTARTS if self.restarts == self.rules.max_restarts else None

    def next_round(self, escaped: Sequence[NDArray[np.bool_]]) -> Round:
        """The round after those that were run, and what of it is still to be trained."""
        stop = self.rules.rounds[self.round]
        return Round(
            number=self.round + 1,
            seeds=range(self.restarts, stop),
            remaining=tuple(self.remaining),
            restarts=sum(max(0, stop - len(escaped[index])) for index in self.remaining),
        )
