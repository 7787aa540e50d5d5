"""What a report of a study tells, as values."""

from __future__ import annotations

from dataclasses import dataclass

from search.problem.plan import Plan
from search.problem.rows import RecordedRestart
from search.problem.success import Success
from search.statistics.effects import Effects
from search.statistics.endings.ending import Ending
from search.statistics.escape import EscapeRate
from search.statistics.learning import Learning
from search.statistics.race_state import RaceState
from search.statistics.ranking import Standing
from search.statistics.timing import Timing


@dataclass(frozen=True, eq=False)
class StudyReport:
    """What a report tells.

    plan: what the study is made from; success: what counts as one; standings: all configurations,
    ranked by it; timings: how soon some of them succeed, none where that is not kept; effects:
    what the rate depends on; endings: where the restarts of the first configuration ended; raced:
    restarts of races among all; versions: of the packages here, by name; learning: how some
    restarts went by epoch, none unless that was asked for; race: how the last race stands, if there
    was one, and confirmed: its winner's rate on further seeds; best: the best restart of the first
    configuration, if one did not diverge; machine: the kind of this one.
    """

    name: str
    plan: Plan
    success: Success
    standings: tuple[Standing, ...]
    timings: tuple[Timing, ...]
    effects: Effects
    endings: tuple[Ending, ...]
    raced: int
    versions: tuple[tuple[str, str], ...]
    learning: tuple[Learning, ...] = ()
    race: RaceState | None = None
    confirmed: EscapeRate | None = None
    best: RecordedRestart | None = None
    machine: str = ""

    @property
    def restarts(self) -> int:
        """Restarts of all configurations."""
        return sum(standing.counts.restarts for standing in self.standings)
