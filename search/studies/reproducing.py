"""Reproducing a published result: its studies launched, its figures beside those published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search.problem.naming import find_configuration
from search.problem.reproductions import Figure, Reproduction
from search.running.events import OnEvent
from search.running.interrupts import Interrupts
from search.statistics.agreement import (
    MOST_ERRORS_APART,
    Published,
    PublishedDraws,
    PublishedRate,
    agrees,
    errors_apart,
)
from search.statistics.escape import EscapeRate
from search.studies.launching import running
from search.studies.study import Study, open_study


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


def reproduce(
    reproduction: Reproduction,
    storage: str,
    workers: int | None,
    on_event: OnEvent,
    interrupts: Interrupts,
    *,
    cache: bool = True,
) -> Iterator[Reproduced]:
    """Launch the studies of a result, or go on with them; yields each figure as it is there.

    Args:
        reproduction: The result.
        storage: URL of the database that the studies are kept in.
        workers: Worker processes; one per core if None.
        on_event: Told what happens as it happens, some of it from another thread.
        interrupts: What answers Ctrl-C.
        cache: Keep compiled programs in the user's cache folder, and use those that are there.

    Raises:
        UserError: If a study of the name is there with another problem or search space.
        LaunchError: If no worker can train anything.
        RecordError: If the database cannot be used.
    """
    for study in reproduction.studies:
        fields = study.plan
        with running(
            storage, fields.name_among, fields.plan, workers, on_event, interrupts, cache=cache
        ) as name:
            found = open_study(storage, name)
        for figure in study.figures:
            yield _reproduced(figure, found)


def _reproduced(figure: Figure, study: Study) -> Reproduced:
    standings = {one.configuration: one for one in study.best(figure.success)}
    known = list(standings)
    key = known[0]
    if figure.configuration is not None:
        key = find_configuration(figure.configuration, known)
    independent = figure.independent
    return Reproduced(
        figure,
        study.name,
        standings[key].success_rate,
        tuple(map(_published, figure.published)),
        None if independent is None else EscapeRate(*independent),
    )


def _published(content: Mapping[str, float]) -> Published:
    if "draws" in content:
        return PublishedDraws(content["draws"])
    if "rate" in content:
        return PublishedRate(content["rate"])
    return EscapeRate(int(content["successes"]), int(content["restarts"]))
