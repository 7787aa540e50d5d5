"""What a person sees while a study runs, on stderr."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import closing

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from search.problem.configuration import Configuration
from search.problem.rows import ConfigurationCounts
from search.running.interrupts import Interrupts
from search.running.runner import TrialDone, TrialTroubled, Waiting, run_study
from search.running.search_ledger import SearchLedger
from search.running.study import OpenStudy
from search.running.workers import Workers
from search.statistics.escape import EscapeRate
from search.statistics.objectives import escape_rate
from storage.reading import configuration_counts

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_OF_SPEED = 10.0


class _Tally:
    """Counts for the progress line: of the whole study, and how fast this launch is."""

    def __init__(self, recorded: Iterable[ConfigurationCounts]) -> None:
        self._pooled: dict[Configuration, list[int]] = defaultdict(lambda: [0, 0])
        for counts in recorded:
            self._pooled[counts.configuration] = [counts.escaped, counts.restarts]
        self._lately: deque[tuple[float, int]] = deque()

    def add(self, done: TrialDone) -> str:
        """Count a trial in and say how things stand, in one line.

        The speed is that of the last seconds. It is counted from the end of a trial on, so it
        measures the training and not the start of TensorFlow.
        """
        rate = escape_rate(done.restarts)
        pooled = self._pooled[done.configuration]
        pooled[0] += rate.escaped
        pooled[1] += rate.restarts
        speed = self._speed(time.monotonic(), rate.restarts)
        best, (escaped, restarts) = max(
            self._pooled.items(), key=lambda item: EscapeRate(*item[1]).interval[0]
        )
        total = sum(restarts for _, restarts in self._pooled.values())
        pace = f"{speed:,.0f}/s, " if speed is not None else ""
        return f"{total:,} restarts, {pace}best {best}: {escaped} of {restarts} escaped"

    def _speed(self, now: float, restarts: int) -> float | None:
        """Restarts a second lately, as so many more end now; None as the first trial ends."""
        self._lately.append((now, restarts))
        while len(self._lately) > 2 and now - self._lately[1][0] >= _SECONDS_OF_SPEED:
            self._lately.popleft()
        since = self._lately[0][0]
        trained = sum(count for _, count in self._lately) - self._lately[0][1]
        return trained / (now - since) if now > since else None


def run_with_progress(
    study: OpenStudy, ledger: SearchLedger, workers: int, interrupts: Interrupts
) -> list[TrialTroubled]:
    """Run a study to its size and show how it goes: a bar on a terminal, else a line at times.

    Returns the trials that were given up.
    """
    console = Console(stderr=True, highlight=False, emoji=False)
    is_settled, trials, already = ledger.is_settled, study.plan.trials, ledger.settled
    if is_settled:
        _say(
            console,
            f"Study {study.plan.name!r} has its {trials} trials already ({already} complete or "
            "given up): nothing to do. Ask for more with --trials.",
        )
        return []
    if already:
        _say(console, f"Going on from {already} trials.")
    plural = "s" if workers > 1 else ""
    _say(console, f"Starting {workers} worker{plural} (TensorFlow takes a few seconds).")
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
    given_up: list[TrialTroubled] = []
    waits = False
    with (
        Workers(workers) as pool,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
        closing(run_study(ledger, pool, interrupts)) as events,
    ):
        task = bar.add_task("", total=trials, completed=already)
        for event in events:
            if isinstance(event, Waiting):
                if not waits:
                    _say(console, "Waiting for the trials that other launchers train.")
                waits = True
                bar.update(task, completed=ledger.settled)
            elif isinstance(event, TrialTroubled):
                _say(console, _trouble(event))
                if event.given_up:
                    given_up.append(event)
            else:
                waits = False
                line = tally.add(event)
                bar.update(task, completed=ledger.settled, description=line)
                is_last = ledger.settled >= trials
                if not console.is_terminal and (
                    is_last or time.monotonic() - last_line >= _SECONDS_BETWEEN_LINES
                ):
                    last_line = time.monotonic()
                    _say(console, f"{ledger.settled} of {trials} trials: {line}")
    return given_up


def _trouble(event: TrialTroubled) -> str:
    then = "it is given up" if event.given_up else "it is trained again"
    return f"Trial {event.number} ({event.configuration}): {event.reason}; {then}."


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)
