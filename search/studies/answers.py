"""Rows as the commands and the service give them: columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from search.problem.naming import find_configuration
from search.problem.success import Success
from search.reports.tables import RESTART_KEYS, with_dimensions
from search.statistics.ranking import pareto_front, standing_keys
from search.studies.study import Study
from search.studies.weights import of_configuration


@dataclass(frozen=True)
class Answer:
    """Rows under the names of their columns; JSON has all keys of a row, CSV the columns."""

    columns: tuple[str, ...]
    rows: Iterable[Mapping[str, Any]]


def best_rows(study: Study, success: Success | None, top: int | None = None) -> Answer:
    """What `best` gives."""
    chosen = study.criterion(success)
    standings = study.best(chosen)
    rows = [standing.to_json() for standing in standings[:top]]
    front: tuple[str, ...] = ()
    if study.seeks_both and chosen.is_of_launch:
        front = ("pareto_front",)
        for row, is_on_front in zip(rows, pareto_front(standings), strict=False):
            row["pareto_front"] = is_on_front
    names = (*standing_keys(chosen), *front)
    return Answer(tuple(with_dimensions(names, study.space)), rows)


def times_rows(study: Study, success: Success | None, top: int | None = None) -> Answer:
    """What `times` gives."""
    from search.statistics.timing import times_keys

    chosen = study.criterion(success)
    columns = tuple(with_dimensions(times_keys(chosen), study.space))
    return Answer(columns, [timing.to_json() for timing in study.times(chosen)[:top]])


def effects_rows(study: Study, success: Success | None) -> Answer:
    """What `effects` gives."""
    from search.statistics.effects import effects_keys

    found = study.effects(success)
    return Answer(tuple(effects_keys(found.success)), found.to_json())


def basins_rows(
    study: Study, success: Success | None, top: int | None = None, configuration: str | None = None
) -> Answer:
    """What `basins` gives; the endings of a configuration are found as its rows are asked for."""
    from search.statistics.endings.ending import ending_keys

    known = [standing.configuration for standing in study.best(success)]
    keys = known[:top] if configuration is None else [find_configuration(configuration, known)]
    names = ending_keys(len(study.problem.data.classes))
    rows = (ending.to_json() for key in keys for ending in study.basins(key))
    return Answer(tuple(with_dimensions(names, study.space)), rows)


def restarts_rows(study: Study, configuration: str | None = None) -> Answer:
    """What `restarts` gives, read as it is asked for."""
    rows: Iterable[Any] = study.restarts()
    if configuration is not None:
        known = [standing.configuration for standing in study.best()]
        rows = of_configuration(rows, find_configuration(configuration, known))
    columns = tuple(with_dimensions(RESTART_KEYS, study.space))
    return Answer(columns, (row.to_json() for row in rows))
