"""Reproducing a published result: its studies launched, its figures beside those published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from search.problem.naming import find_configuration
from search.problem.reproductions import Figure, Reproduction
from search.running.events import OnEvent
from search.running.interrupts import Interrupts
from search.statistics.agreement import Published, PublishedDraws, PublishedRate
from search.statistics.escape import EscapeRate
from search.statistics.reproduced import Reproduced
from search.studies.launching import running
from search.studies.opening import open_study
from search.studies.study import Study


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
