"""A published figure beside what is measured here. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from search.problem.reproductions import Figure
from search.statistics.agreement import MOST_ERRORS_APART, Published, agrees, errors_apart
from search.statistics.escape import EscapeRate


@dataclass(frozen=True)
class Reproduced:
    """A figure of a published result as measured here.

    study: the name of the study that it comes from; measured: the rate; published: as the source
    has it; independent: as a program that shares no code with this one found it.
    """

    figure: Figure
    study: str
    measured: EscapeRate
    published: tuple[Published, ...]
    independent: EscapeRate | None

    @property
    def agrees(self) -> tuple[bool | float, ...]:
        """For each published figure whether its 95% interval holds the rate measured here.

        Where it was not said of how many runs it is: the number up to which it would.
        """
        return tuple(agrees(published, self.measured) for published in self.published)

    @property
    def errors_apart(self) -> float | None:
        """How far the independent rate is away, in standard errors of the difference."""
        if self.independent is None:
            return None
        return errors_apart(self.measured, self.independent)

    @property
    def is_close(self) -> bool:
        """Whether the independent rate, if there is one, is within four standard errors."""
        apart = self.errors_apart
        return apart is None or apart <= MOST_ERRORS_APART

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names."""
        low, high = self.measured.interval
        independent = self.independent
        return {
            "figure": self.figure.what,
            "study": self.study,
            "success": str(self.figure.success),
            "successes": self.measured.escaped,
            "restarts": self.measured.restarts,
            "rate": self.measured.rate,
            "ci_low": low,
            "ci_high": high,
            "published": [
                {"published": str(published), "agrees": verdict is not False}
                | ({} if isinstance(verdict, bool) else {"agrees_up_to_runs": int(verdict)})
                for published, verdict in zip(self.published, self.agrees, strict=True)
            ],
            "independent": None if independent is None else independent.rate,
            "standard_errors_apart": self.errors_apart,
        }
