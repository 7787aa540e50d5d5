"""What a person sees while a study runs, on stderr."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable

import click
from rich.console import Console

from search.commands.describing import nothing_to_do, one_point, warning_lines
from search.commands.event_lines import (
    connection_lost,
    foreign_trials,
    publishing_line,
    race_line,
    trial_line,
    waiting_for_workers,
    worker_joined,
    worker_refused,
)
from search.commands.launch_bar import launch_bar
from search.commands.verbosity import Verbosity
from search.problem.configuration import Configuration
from search.problem.names import several, visible
from search.problem.rows import ConfigurationCounts
from search.reports.report import is_plain
from search.running.events import (
    ConnectionLost,
    Event,
    ForeignTrials,
    LaunchBegan,
    Publishing,
    PublishingStopped,
    RaceBegan,
    RoundDone,
    TrialDone,
    TrialTroubled,
    Waiting,
    WaitingForLock,
    WaitingForWorkers,
    WorkerJoined,
    WorkerRefused,
    WorkersReady,
)
from search.statistics.escape import EscapeRate

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_OF_SPEED = 10.0


class _Tally:
    """Counts for the progress line: of the whole study, and how fast this launch is."""

    def __init__(self, recorded: Iterable[ConfigurationCounts], sought: str = "escaped") -> None:
        self._sought = sought
        self._pooled: dict[Configuration, list[int]] = defaultdict(lambda: [0, 0])
        for counts in recorded:
            self._pooled[counts.configuration] = [getattr(counts, sought), counts.restarts]
        self._lately: deque[tuple[float, int]] = deque()

    def add(self, done: TrialDone) -> str:
        """Count a trial in and say how things stand, in one line.

        The speed is that of the last seconds. It is counted from the end of a trial on, so it
        measures the training and not the start of TensorFlow.
        """
        pooled = self._pooled[done.configuration]
        pooled[0] += getattr(done.summary, self._sought)
        pooled[1] += done.summary.restarts
        speed = self._speed(time.monotonic(), done.summary.restarts)
        best, (count, restarts) = max(
            self._pooled.items(), key=lambda item: EscapeRate(*item[1]).interval[0]
        )
        total = sum(restarts for _, restarts in self._pooled.values())
        pace = f"{speed:,.0f}/s, " if speed is not None else ""
        return f"{total:,} restarts, {pace}best {best}: {count} of {restarts} {self._sought}"

    def _speed(self, now: float, restarts: int) -> float | None:
        """Restarts a second lately, as so many more end now; None as the first trial ends."""
        self._lately.append((now, restarts))
        while len(self._lately) > 2 and now - self._lately[1][0] >= _SECONDS_OF_SPEED:
            self._lately.popleft()
        since = self._lately[0][0]
        trained = sum(count for _, count in self._lately) - self._lately[0][1]
        return trained / (now - since) if now > since else None


class EventLines:
    """Says what can happen in a launch and in a race; called with each event."""

    def __init__(self, verbosity: Verbosity = Verbosity.USUAL) -> None:
        self._verbosity = verbosity
        self._is_waiting = False
        self._is_lost = False
        self._kinds: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._verbosity is Verbosity.QUIET:
            return
        if isinstance(event, TrialDone):
            self._is_lost = False
        match event:
            case TrialDone() if self._verbosity is Verbosity.EACH_TRIAL:
                self._say(trial_line(event))
            case TrialTroubled():
                then = "it is given up" if event.given_up else "it is trained again"
                self._say(f"Trial {event.number} ({event.configuration}): {event.reason}; {then}.")
            case RaceBegan() | RoundDone():
                self._say(race_line(event))
            case Waiting() if not self._is_waiting:
                self._is_waiting = True
                self._say("Waiting for the trials that other launchers train.")
            case WaitingForWorkers() | WorkerJoined() | WorkerRefused():
                self._of_workers(event)
            case WaitingForLock():
                self._say("Another program has locked the database: waiting for it.")
            case ConnectionLost() if not self._is_lost:
                self._is_lost = True
                self._say(connection_lost(event))
            case Publishing() | PublishingStopped():
                self._say(publishing_line(event))
            case ForeignTrials():
                self._say(foreign_trials(event.numbers))

    def _of_workers(self, event: WaitingForWorkers | WorkerJoined | WorkerRefused) -> None:
        """Show what becomes of Dask workers; of those that join, each new kind of machine."""
        match event:
            case WaitingForWorkers():
                self._say(waiting_for_workers(event))
            case WorkerRefused():
                self._say(worker_refused(event))
            case WorkerJoined() if self._verbosity is Verbosity.EACH_TRIAL:
                self._say(worker_joined(event))
            case WorkerJoined() if not event.is_alike and event.machine not in self._kinds:
                self._kinds.add(event.machine)
                self._say(
                    f"Dask worker {event.worker} is another kind of machine, {event.machine}: the "
                    "last digits of its losses may differ from those of this one."
                )

    def _say(self, line: str) -> None:
        click.echo(line, err=True)


class LaunchProgress(EventLines):
    """Shows what happens in a launch: a bar on a terminal, else a line at times.

    Used as a context manager.
    """

    def __init__(self, verbosity: Verbosity = Verbosity.USUAL) -> None:
        super().__init__(verbosity)
        self.given_up: list[TrialTroubled] = []
        self._console = Console(stderr=True, highlight=False, emoji=False)
        is_drawn = self._console.is_terminal and not is_plain() and verbosity is not Verbosity.QUIET
        self._is_drawn = is_drawn
        self._bar = launch_bar(self._console, is_drawn=is_drawn)
        self._task = self._bar.add_task("", visible=False)
        self._last_line = time.monotonic()
        self._trials = 0
        self._settled = -1

    def __enter__(self) -> LaunchProgress:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the bar; what happens afterwards is a line."""
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, TrialTroubled) and event.given_up:
            self.given_up.append(event)
        if self._verbosity is Verbosity.QUIET:
            return
        match event:
            case LaunchBegan():
                self._begin(event)
            case WorkersReady():
                self._describe("TensorFlow has started; waiting for the first compiled programs")
            case TrialDone():
                self._done(event)
            case WaitingForLock():
                self._describe("waiting for another program's lock on the database")
            case ConnectionLost():
                self._describe("waiting for the database")
            case Waiting():
                self._describe("waiting for the trials that other launchers train", event.settled)
        super().__call__(event)

    def _describe(self, doing: str, completed: int | None = None) -> None:
        """Say beside the bar what the launch does or waits for."""
        self._bar.update(self._task, description=doing, completed=completed)

    def _begin(self, event: LaunchBegan) -> None:
        self._trials = event.plan.trials
        if event.is_over:
            self._say(nothing_to_do(event.plan, event.settled))
            return
        for line in warning_lines(event.plan.cautions, event.plan.problem.data.selection):
            self._say(visible(line))
        if event.settled:
            self._say(f"Going on from {event.settled} trials.")
        problem = event.plan.problem
        if problem.escapes_by_one_point:
            self._say(one_point(problem))
        if event.workers:
            what = several(event.workers, "worker" if event.cluster is None else "Dask worker")
            self._say(f"Starting {what} (TensorFlow takes a few seconds).")
        else:
            self._say(f"Training on the Dask cluster of {event.cluster}.")
        sought = "solved" if event.plan.objective == "solve-rate" else "escaped"
        self._tally = _Tally(event.counts, sought)
        self._bar.start()
        self._bar.update(self._task, total=self._trials, visible=True)
        self._describe("waiting for TensorFlow to start", event.settled)

    def _done(self, event: TrialDone) -> None:
        self._is_waiting = False
        line = self._tally.add(event)
        self._describe(line, event.settled)
        is_last = self._settled < event.settled and event.settled >= self._trials
        self._settled = event.settled
        is_time = time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES
        if not self._is_drawn and (is_last or is_time):
            self._last_line = time.monotonic()
            self._say(f"{event.settled} of {self._trials} trials: {line}")

    def _say(self, line: str) -> None:
        if self._is_drawn:
            self._console.print(line, markup=False, soft_wrap=True)
        else:
            super()._say(line)
