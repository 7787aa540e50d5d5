"""Rows as the commands and the service give them: columns, and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.problem.naming import find_configuration
from search.problem.success import Success
from search.reports.report import csv_text, json_text
from search.reports.tables import RESTART_KEYS, with_dimensions
from search.statistics.ranking import pareto_front, standing_keys
from search.studies.frames import Rows
from search.studies.study import Study
from search.studies.weights import of_configuration, weight_names, weighted

if TYPE_CHECKING:
    from search.running.race_source import RaceResult
    from search.statistics.timing import Comparison


@dataclass(frozen=True)
class Answer:
    """Rows under the names of their columns; JSON has all keys of a row, CSV the columns.

    whole: what JSON has in place of the rows, if it has more.
    """

    columns: tuple[str, ...]
    rows: Iterable[Mapping[str, Any]]
    whole: Any = None

    def pieces(self, output: str) -> Iterator[str]:
        """What is written, as "json" or "csv", piece by piece."""
        if output == "csv":
            return csv_text(self.columns, self.rows)
        if isinstance(self.whole, Mapping):
            return iter([f"{json.dumps(self.whole, indent=2)}\n"])
        return json_text(self.rows if self.whole is None else self.whole)


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


def compare_rows(comparison: Comparison) -> Answer:
    """What `compare` gives: JSON of each configuration with its curve, CSV of each point."""
    rows = comparison.to_rows()
    return Answer(tuple(rows[0]), rows, comparison.to_json())


def race_rows(study: Study, result: RaceResult) -> Answer:
    """What `race` gives: JSON of the whole race, CSV of the configurations in it."""
    from search.reports.race_report import race_json, race_keys, to_json

    state, rate = result.state, result.confirmed
    success, confirmed = state.rules.sought, None
    if rate is not None:
        low, high = rate.interval
        confirmed = {
            ("escaped" if success.is_of_launch else "successes"): rate.escaped,
            "restarts": rate.restarts,
            "rate": rate.rate,
            "ci_low": low,
            "ci_high": high,
        }
    columns = tuple(with_dimensions(race_keys(success), study.space))
    return Answer(
        columns,
        race_json(state),
        {
            **to_json(state),
            "confirmed": confirmed,
            "lacks_trial": result.lacks_trial,
        },
    )


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


def measures_rows(
    study: Study, measures: Sequence[str], success: Success | None, top: int | None = None
) -> Answer:
    """What `best` gives of measures."""
    from search.reports.measure_tables import MEASURE_KEYS

    rows = study.measures(measures, success, top=top)
    columns = with_dimensions(MEASURE_KEYS, study.space)
    return Answer(columns, (row.to_json() for row in rows))


def restarts_rows(
    study: Study,
    configuration: str | None = None,
    measures: Sequence[str] | None = None,
    *,
    weights: bool = False,
) -> Answer:
    """What `restarts` gives, read as it is asked for."""
    found = chosen_restarts(study, configuration, measures, weights=weights)
    columns = (*with_dimensions(RESTART_KEYS, study.space), *found.more)
    return Answer(columns, (row.to_json() for row in found.rows))


@dataclass(frozen=True)
class ChosenRestarts:
    """Restarts, how many there are, and the names of what their rows have beside the usual."""

    rows: Iterable[Any]
    total: int
    more: tuple[str, ...]


def chosen_restarts(
    study: Study,
    configuration: str | None = None,
    measures: Sequence[str] | None = None,
    *,
    weights: bool = False,
) -> ChosenRestarts:
    """The restarts of a study or of one configuration of it, read as they are asked for.

    Args:
        study: The study.
        configuration: Name of a configuration; all if None.
        measures: Names of measures that their rows have; none if None.
        weights: Whether their rows have the final weights.

    Returns:
        The restarts.

    Raises:
        InvalidValuesError: If there is no such configuration or measure.
    """
    standings = study.best()
    rows: Iterable[Any] = (
        study.restarts() if measures is None else study.measured_restarts(measures)
    )
    more = tuple(name for name in measures or () if name not in RESTART_KEYS)
    if configuration is not None:
        chosen = find_configuration(configuration, [each.configuration for each in standings])
        standings = Rows(each for each in standings if each.configuration == chosen)
        rows = of_configuration(rows, chosen)
    if weights:
        names = weight_names(study.problem, [standing.configuration for standing in standings])
        rows, more = weighted(rows, names), (*more, *names)
    return ChosenRestarts(rows, sum(each.counts.restarts for each in standings), more)
