"""What people import: a study that is launched or opened, and what its restarts say, as values.

Reading loads neither TensorFlow nor Optuna, and of the statistics what a method needs: SciPy takes
most of a second. The commands are thin over this.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from search.problem.arguments import Arguments
from search.problem.configuration import Configuration, SearchSpace
from search.problem.errors import UserError
from search.problem.problem import Problem
from search.problem.rows import RecordedRestart, StudyRecord
from search.problem.success import Success, sought_by
from search.statistics.ranking import Standing, ranked
from search.studies.counting import counted, success_epochs
from search.studies.frames import LazyRows, Rows
from storage.contract import Store
from storage.values import StoredStudy

if TYPE_CHECKING:
    from search.running.events import OnEvent
    from search.statistics.effects import Effects
    from search.statistics.endings.ending import Ending
    from search.statistics.measured import MeasuredConfiguration
    from search.statistics.timing import Comparison, Timing
    from search.studies.checking import Check
    from search.studies.measuring import MeasuredRestart
    from search.studies.racing import Raced

LARGEST_SEED = 2**32 - 1
"""Of those that `keras.utils.set_random_seed` takes."""


@dataclass(frozen=True, eq=False)
class Study:
    """A stored study; each method reads the trials that are complete when it is called.

    Within `with study.snapshot():` all methods read one and the same state.
    """

    store: Store
    stored: StoredStudy

    @property
    def name(self) -> str:
        """Its name."""
        return self.stored.name

    @property
    def study_id(self) -> int:
        """Its id in the store."""
        return self.stored.study_id

    @property
    def record(self) -> StudyRecord:
        """What is kept with it."""
        return self.stored.record

    def snapshot(self) -> AbstractContextManager[None]:
        """A context in which all methods read one and the same state."""
        return self.store.transaction()

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

    @property
    def sought(self) -> Success:
        """The criterion of success that its sampler seeks: solved, or escaped."""
        return sought_by(self.record.search.get("objective"))

    def best(self, success: str | Success | None = None) -> Rows[Standing]:
        """Its configurations, ranked by the lower end of the success rate's interval.

        Args:
            success: What counts as a success: "escaped" (as the study was launched), "solved",
                "escaped:0.3" (another margin), "accuracy:0.95", "loss:0.1", "best:0.01",
                "not-wrong"; what the study seeks if None.

        Raises:
            InvalidValuesError: If there is no such criterion.
        """
        criterion = self.criterion(success)
        counts = counted(self.store, self.stored, self.problem, criterion)
        return Rows(ranked(counts, criterion))

    def criterion(self, success: str | Success | None) -> Success:
        """A criterion of success for this study.

        Args:
            success: As `best` takes it.

        Returns:
            The criterion; `ESCAPED` for a margin that the study was launched with.

        Raises:
            InvalidValuesError: If there is no such criterion, or no room for its margin.
        """
        return self.sought if success is None else Success.of(success).within(self.problem)

    def restarts(self) -> LazyRows[RecordedRestart]:
        """Every restart of its complete trials, by trial and seed."""
        return LazyRows(lambda: self.store.restarts(self.study_id))

    def restart(self, trial: int, seed: int) -> RecordedRestart:
        """One restart.

        Raises:
            InvalidValuesError: If one of the two is no whole number of at least 0.
            RecordError: If the trial holds no such seed.
        """
        arguments = Arguments()
        trial = arguments.whole("trial", trial, 0, LARGEST_SEED)
        seed = arguments.whole("seed", seed, 0, LARGEST_SEED)
        arguments.raise_any()
        return self.store.restart(self.study_id, trial, seed)

    def measures(
        self, names: Sequence[str], success: str | Success | None = None, *, top: int | None = None
    ) -> Rows[MeasuredConfiguration]:
        """What measures beside accuracy are over its configurations, in the order of `best`.

        They are computed from the final weights that are kept: nothing is trained again.

        Args:
            names: "accuracy", "loss", "balanced_accuracy", "auc", "right_CLASS"; with "validation_"
                before it the same of the held-out points.
            success: What counts as a success, as in `best`; it decides on the order alone.
            top: How many configurations; all if None.

        Returns:
            A row for each configuration and measure: mean, standard deviation, quantiles.

        Raises:
            InvalidValuesError: If a name is unknown or no points are held out, or as `best`.
        """
        from search.statistics.measured import measures_of
        from search.studies.measuring import measured_configuration

        measures = measures_of(names, self.problem.data)
        key = (self.store, self.study_id, self.problem)
        with self.snapshot():
            found = [standing.configuration for standing in self.best(success)[:top]]
            return Rows(
                row for each in found for row in measured_configuration(*key, each, measures)
            )

    def measured_restarts(self, names: Sequence[str]) -> LazyRows[MeasuredRestart]:
        """Every restart of its complete trials, by trial and seed, with measures of it.

        Args:
            names: Of the measures, as `measures` takes them.

        Raises:
            InvalidValuesError: If a name is unknown or no points are held out.
        """
        from search.statistics.measured import measures_of
        from search.studies.measuring import measured_restarts

        measures = measures_of(names, self.problem.data)
        return LazyRows(
            lambda: measured_restarts(self.store.restarts(self.study_id), self.problem, measures)
        )

    def raced(self) -> int:
        """How many of its restarts are of races."""
        return self.store.raced_restarts(self.study_id)

    def times(self, success: str | Success | None = None) -> Rows[Timing]:
        """How soon its configurations escape or succeed, in the order of `best`.

        Args:
            success: What counts as a success, as in `best`, but not by the loss nor "not-wrong",
                of which no epochs are kept.

        Raises:
            InvalidValuesError: If there is no such criterion, or no epochs are kept of it.
            UserError: If the study trains nothing, for 0 epochs.
        """
        from search.statistics.timing import ranked_timings

        criterion = self.criterion(success)
        rows = success_epochs(self.store, self.stored, self.problem, criterion)
        return Rows(ranked_timings(rows, self.problem.epochs, criterion))

    def compare(
        self,
        first: str | None = None,
        second: str | None = None,
        *,
        success: str | Success | None = None,
    ) -> Comparison:
        """Whether one configuration escapes sooner than another; the two best unless named.

        Args:
            first: A configuration like "standard/adam/0.1".
            second: Another; both or neither must be given.
            success: What counts as a success, as in `times`.

        Raises:
            InvalidValuesError: If there is no such criterion, or no epochs are kept of it.
            UserError: If there are not two configurations, one is unknown, both are the same, or
                the study trains nothing.
        """
        from search.studies.comparing import compared

        return compared(self.name, lambda: self.times(success), first, second)

    def effects(self, success: str | Success | None = None) -> Effects:
        """What its rate of success depends on, by the trials of the search alone.

        Args:
            success: What counts as a success, as in `best`.

        Raises:
            InvalidValuesError: If there is no such criterion.
            UserError: If no trial is complete.
        """
        from search.statistics.effects import effects

        criterion = self.criterion(success)
        counts = counted(self.store, self.stored, self.problem, criterion, races=False)
        if not counts:
            raise UserError(f"study {self.name!r} has no complete trials yet")
        return effects(counts, self.space, criterion)

    def basins(self, configuration: Configuration) -> Rows[Ending]:
        """Where the restarts of a configuration ended, the largest group first.

        Raises:
            UserError: If the study has no restarts of that configuration.
        """
        from search.studies.endings import endings

        return Rows(endings(self.store, self.stored, self.problem, configuration))

    def race(
        self,
        *,
        top: int | None = None,
        alpha: float | None = None,
        first_round: int | None = None,
        max_restarts: int | None = None,
        practical: float | None = None,
        confirm: int | None = None,
        new: bool = False,
        workers: int | None = None,
        cluster: str | None = None,
        on_event: OnEvent | None = None,
        cache: bool = True,
    ) -> Raced:
        """Race its best configurations on fresh seeds until one is clearly best.

        A race that was interrupted goes on, and one that is over is returned as it is. What is None
        is that race's own, or the default.

        Args:
            top: How many configurations race; 5 by default.
            alpha: The chance, at most, to drop one that is as good as the best; 0.05.
            first_round: Restarts of each in the first round; 64.
            max_restarts: Restarts of each at which the race ends; 2560.
            practical: Rates that differ by no more are the same; 0.005.
            confirm: Restarts of the winner afterwards, on seeds that picked nothing; 1024.
            new: Begin another race though the last one is over.
            workers: Worker processes; one per core if None.
            cluster: Train on a Dask cluster, "local" for one on this machine, or its scheduler's
                address.
            on_event: Told what happens as it happens, some of it from another thread.
            cache: Keep compiled programs in the user's cache folder, and use those that are there.

        Returns:
            The race and its result.

        Raises:
            UserError: If a value breaks its rule, fewer than two configurations have restarts, or
                the race that goes on has other rules.
            LaunchError: If no worker can train anything, or a trial of the race was given up.
        """
        arguments = Arguments()
        arguments.function("on_event", on_event)
        arguments.raise_any()
        # Optuna and joblib, which reading does without.
        from search.running.interrupts import Interrupts
        from search.studies.racing import race_study

        asked = {
            "top": top,
            "alpha": alpha,
            "first_round": first_round,
            "max_restarts": max_restarts,
            "practical": practical,
            "confirm": confirm,
        }
        return race_study(
            *(self.store, self.stored, asked),
            new=new,
            workers=workers,
            on_event=on_event or (lambda _event: None),
            interrupts=Interrupts(),
            cache=cache,
            cluster=cluster,
        )

    def export(
        self, path: str | Path, trial: int | None = None, seed: int | None = None
    ) -> RecordedRestart:
        """Write the network of a restart to a new file of plain Keras, which takes raw features.

        Args:
            path: The file, ending in `.keras`.
            trial: Of the restart, with `seed`. If both are None, it is the restart of the lowest
                loss of those that succeeded as the study seeks it; of all if none did.
            seed: Of the restart.

        Returns:
            The restart.

        Raises:
            UserError: If there is none, or the file would not say what is recorded of it.
            RecordError: If the trial holds no such seed.
        """
        from search.export.new_file import require_new_keras_file

        require_new_keras_file(Path(path))
        from search.export.keras_file import write_keras_file  # TensorFlow, as in `check`
        from search.studies.exporting import chosen_restart

        recorded = chosen_restart(self, trial, seed)
        write_keras_file(self.problem, recorded, Path(path))
        return recorded

    def check(self, retrain: int = 32, draw: int = 0) -> Check:
        """Check that every restart is there once, all figures agree, and a sample trains the same.

        Args:
            retrain: How many restarts, drawn at random, are trained again; none of a study whose
                restarts are outdated.
            draw: Seed of that draw.

        Returns:
            What was looked at and found; nothing is wrong if there are no findings.

        Raises:
            InvalidValuesError: If one of the two is no whole number of at least 0.
        """
        arguments = Arguments()
        retrain = arguments.whole("retrain", retrain, least=0)
        draw = arguments.whole("draw", draw, least=0)
        arguments.raise_any()
        from search.studies.checking import check  # Optuna and TensorFlow, as in `race`

        return check(self.store, self.stored, retrain, draw)
