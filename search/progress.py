"""What a person sees while a study runs, on stderr."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from search.configuration import Configuration
from search.escape import EscapeRate
from search.runner import TrialDone, complete_trials, run_study
from search.study import OpenStudy
from search.workers import Workers
from storage.reading import configuration_counts
from storage.rows import ConfigurationCounts

_SECONDS_BETWEEN_LINES = 10.0


class _Tally:
    """Counts for the progress line: of the whole study, and how fast this launch is."""

    def __init__(self, recorded: Iterable[ConfigurationCounts]) -> None:
        self._pooled: dict[Configuration, list[int]] = defaultdict(lambda: [0, 0])
        for counts in recorded:
            configuration = Configuration(*astuple(counts.configuration))
            self._pooled[configuration] = [counts.escaped, counts.restarts]
        self._trained = 0
        self._since: float | None = None

    def add(self, done: TrialDone) -> str:
        """Count a trial in and say how things stand, in one line.

        The clock starts as the first trial ends: what it measures is the training, not the start
        of TensorFlow.
        """
        rate = done.escape_rate
        pooled = self._pooled[done.configuration]
        pooled[0] += rate.escaped
        pooled[1] += rate.restarts
        now = time.monotonic()
        if self._since is None:
            self._since = now
        else:
            self._trained += rate.restarts
        speed = f"{self._trained / (now - self._since):,.0f}/s, " if self._trained else ""
        best, (escaped, restarts) = max(
            self._pooled.items(), key=lambda item: EscapeRate(*item[1]).interval[0]
        )
        total = sum(restarts for _, restarts in self._pooled.values())
        return f"{total:,} restarts, {speed}best {best}: {escaped} of {restarts} escaped"


def run_with_progress(study: OpenStudy, workers: int) -> None:
    """Run a study to its size and show how it goes: a bar on a terminal, else a line at times."""
    console = Console(stderr=True, highlight=False)
    trials, already = study.plan.trials, complete_trials(study.optuna_study)
    if already >= trials:
        console.print(
            f"Study {study.plan.name!r} has its {trials} trials already ({already} complete): "
            "nothing to do. Ask for more with --trials.",
            markup=False,
            soft_wrap=True,
        )
        return
    if already:
        console.print(f"Going on from {already} trials.", markup=False)
    console.print(
        f"Starting {workers} worker{'s' if workers > 1 else ''} (TensorFlow takes a few seconds).",
        markup=False,
    )
    tally = _Tally(configuration_counts(study.database, study.study_id, study.plan.problem.epochs))
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("trials"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    last_line = time.monotonic()
    with (
        Workers(workers) as pool,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("", total=trials, completed=already)
        for count, done in enumerate(run_study(study, pool), start=already + 1):
            line = tally.add(done)
            bar.update(task, completed=count, description=line)
            if not console.is_terminal and (
                count == trials or time.monotonic() - last_line >= _SECONDS_BETWEEN_LINES
            ):
                last_line = time.monotonic()
                console.print(f"{count} of {trials} trials: {line}", markup=False, soft_wrap=True)
