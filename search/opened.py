"""A study opened for reading: what its restarts say, as values.

Loads neither TensorFlow nor Optuna. The commands that read are thin over this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from search.problem.configuration import Configuration, SearchSpace
from search.problem.errors import UserError
from search.problem.naming import find_configuration
from search.problem.problem import Problem
from search.problem.rows import RecordedRestart, StudyRecord
from search.statistics.effects import Effects, effects
from search.statistics.endings.ending import Ending, configuration_endings
from search.statistics.ranking import Standing, ranked
from search.statistics.timing import Comparison, Timing, ranked_timings
from storage.database import Database, open_for_reading, shown
from storage.errors import RecordError
from storage.members import members_by_seed, members_of
from storage.reading import (
    configuration_counts,
    escape_epochs,
    find_study,
    raced_restarts,
    recorded_restart,
    recorded_restarts,
    study_names,
)

DEFAULT_STORAGE = "sqlite:///multirestart.db"


@dataclass(frozen=True, eq=False)
class Study:
    """A stored study; each method reads the trials that are complete when it is called.

    `study_id` and `record` are how the database knows it.
    """

    database: Database
    name: str
    study_id: int
    record: StudyRecord

    @cached_property
    def problem(self) -> Problem:
        """What the study holds fixed."""
        return Problem.from_json(self.record.problem, self.record.data)

    @cached_property
    def space(self) -> SearchSpace:
        """What it searches."""
        return SearchSpace.from_json(self.record.search["space"])

    @property
    def seeks_both(self) -> bool:
        """Whether its sampler seeks escape rate and expected epochs at once."""
        return self.record.search.get("objective") == "both"

    def best(self) -> list[Standing]:
        """Its configurations, ranked by the lower end of the escape rate's interval."""
        return ranked(configuration_counts(self.database, self.study_id, self.problem.epochs))

    def restarts(self) -> Iterator[RecordedRestart]:
        """Every restart of its complete trials, by trial and seed."""
        return recorded_restarts(self.database, self.study_id)

    def restart(self, trial: int, seed: int) -> RecordedRestart:
        """One restart. Raises RecordError if the trial holds no such seed."""
        return recorded_restart(self.database, self.study_id, trial, seed)

    def raced(self) -> int:
        """How many of its restarts are of races."""
        return raced_restarts(self.database, self.study_id)

    def times(self) -> list[Timing]:
        """How soon its configurations escape, in the order of `best`."""
        return ranked_timings(escape_epochs(self.database, self.study_id), self.problem.epochs)

    def compare(self, first: str | None = None, second: str | None = None) -> Comparison:
        """Whether one configuration escapes sooner than another; the two best unless named.

        Args:
            first: A configuration like "standard/adam/0.1".
            second: Another; both or neither must be given.

        Raises:
            UserError: If there are not two configurations, one is unknown, or both are the same.
        """
        timings = self.times()
        if len(timings) < 2:
            raise UserError(
                f"study {self.name!r} has restarts of {len(timings)} configurations: there must "
                "be two to compare"
            )
        if first is None and second is None:
            return Comparison(timings[0], timings[1], picked_from=len(timings))
        if first is None or second is None:
            raise UserError("compare takes two configurations, or none for the two best")
        by_key = {timing.configuration: timing for timing in timings}
        one, other = (by_key[find_configuration(name, list(by_key))] for name in (first, second))
        if one is other:
            raise UserError(
                f"compare takes two different configurations, received {one.name} twice"
            )
        return Comparison(one, other)

    def effects(self) -> Effects:
        """What its escape rate depends on, by the trials of the search alone.

        Raises:
            UserError: If no trial is complete.
        """
        epochs = self.problem.epochs
        counts = configuration_counts(self.database, self.study_id, epochs, races=False)
        if not counts:
            raise UserError(f"study {self.name!r} has no complete trials yet: launch it")
        return effects(counts, self.space)

    def basins(self, configuration: Configuration) -> list[Ending]:
        """Where the restarts of a configuration that has any ended, the largest group first."""
        key = (self.database, self.study_id, configuration)
        return configuration_endings(
            self.problem, configuration, members_of(*key), partial(members_by_seed, *key)
        )


def open_study(storage: str = DEFAULT_STORAGE, name: str | None = None) -> Study:
    """Open a study for reading.

    Args:
        storage: URL of its database.
        name: Its name; may be left out if the database holds one study only.

    Raises:
        RecordError: If there is no such database or study; the message names those there are.
    """
    return study_in(open_for_reading(storage), name)


def study_in(database: Database, name: str | None) -> Study:
    """The study of that name in a database, or the only one. Raises RecordError as `open_study`."""
    names = study_names(database)
    if not names:
        raise RecordError(f"{shown(database.url)} holds no study; `multirestart launch` makes one")
    if name is None and len(names) > 1:
        raise RecordError(f"choose a study by its name: {', '.join(names)}")
    chosen = names[0] if name is None else name
    found = find_study(database, chosen)
    if found is None:
        raise RecordError(f"there is no study {chosen!r}; there are: {', '.join(names)}")
    return Study(database, chosen, *found)
