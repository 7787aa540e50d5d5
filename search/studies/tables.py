"""Tables as the commands and the service show them to people, of the same rows as `answers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from search.problem.naming import configuration_name, find_configuration
from search.problem.success import Success
from search.reports.report import fitted, say, show_table
from search.reports.tables import (
    TOP_OF_A_TABLE,
    more_configurations,
    of_criterion,
    show_restarts,
    show_standings,
    titled,
)
from search.studies.answers import chosen_restarts
from search.studies.study import Study

if TYPE_CHECKING:
    from search.running.race_source import RaceResult
    from search.statistics.timing import Comparison


def best_table(study: Study, success: Success | None, top: int | None = None) -> None:
    """What `best` shows."""
    chosen = study.criterion(success)
    show_standings(
        *(study.name, study.problem, study.space, study.best(chosen)),
        top=top or TOP_OF_A_TABLE,
        success=chosen,
        front=study.seeks_both and chosen.is_of_launch,
        again=_best(study, chosen),
    )
    raced = study.raced()
    if raced:
        say(f"{raced} of these restarts are of races, which ran the best more often.")


def times_table(study: Study, success: Success | None, top: int | None = None) -> None:
    """What `times` shows."""
    from search.reports.timing_tables import show_timings

    chosen, count = study.criterion(success), top or TOP_OF_A_TABLE
    timings = study.times(chosen)
    note = of_criterion("times", chosen, study.best(chosen)[:count])
    show_timings(study.name, study.problem, timings, count, success=chosen, note=note)


def compare_table(comparison: Comparison, study: Study, other: Study | None = None) -> None:
    """What `compare` shows; `other` is the study of the second configuration, if it is another."""
    from search.reports.timing_tables import show_comparison

    of_other = None if other is None else (other.name, other.problem)
    show_comparison(study.name, study.problem, comparison, of_other)


def race_table(study: Study, result: RaceResult) -> None:
    """What `race` shows."""
    from search.reports.race_report import confirmation, race_columns, race_rows, statement

    success = result.state.rules.sought
    show_table(
        titled(study.name, study.problem, success, study.space.vary),
        race_columns(success),
        race_rows(result.state),
    )
    say("\n".join(fitted(statement(result.state))))
    if result.lacks_trial:
        say("The race cannot go on: one of its trials was given up.")
    if result.confirmed is not None:
        say("\n".join(fitted(confirmation(result.confirmed, success.past))))


def effects_table(study: Study, success: Success | None) -> None:
    """What `effects` shows."""
    from search.reports.effects_table import show_effects

    found = study.effects(success)
    show_effects(titled(study.name, study.problem, found.success, study.space.vary), found)


def basins_table(
    study: Study, success: Success | None, top: int | None = None, configuration: str | None = None
) -> None:
    """What `basins` shows: of one configuration with weights and pictures."""
    from search.reports.ending_details import show_configuration
    from search.reports.ending_tables import show_endings

    chosen = study.criterion(success)
    known = [standing.configuration for standing in study.best(chosen)]
    if configuration is not None:
        key = find_configuration(configuration, known)
        show_configuration(study.name, study.problem.under(key), study.basins(key))
        return
    keys = known[: top or TOP_OF_A_TABLE]
    notes = [more_configurations(len(keys), len(known))]
    if keys:
        notes.append(f"Weights and pictures of one: --configuration {configuration_name(keys[0])}")
    endings = [study.basins(key) for key in keys]
    show_endings(study.name, study.problem, endings, *notes, success=chosen)


def measures_table(
    study: Study, measures: Sequence[str], success: Success | None, top: int | None = None
) -> None:
    """What `best` shows of measures."""
    from search.reports.measure_tables import show_measures

    chosen, count = study.criterion(success), top or TOP_OF_A_TABLE
    total = len(study.best(chosen))
    again = f"{_best(study, chosen)}--measures {','.join(measures)} "
    show_measures(
        titled(study.name, study.problem, chosen),
        study.measures(measures, chosen, top=count),
        more_configurations(min(count, total), total, again),
    )


def restarts_table(
    study: Study,
    configuration: str | None = None,
    measures: Sequence[str] | None = None,
    *,
    weights: bool = False,
) -> None:
    """What `restarts` shows: the first of very many."""
    found = chosen_restarts(study, configuration, measures, weights=weights)
    show_restarts(study.name, study.space, found.rows, found.total, found.more)


def _best(study: Study, chosen: Success) -> str:
    """The command that ranks by a criterion, for a line that says how to see more."""
    by = "" if chosen == study.criterion(None) else f"--success {chosen} "
    return f"multirestart best {by}"
