"""What happens while a study is run or a race is, as it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.problem.rows import ConfigurationCounts, TrialSummary


@dataclass(frozen=True)
class LaunchBegan:
    """A study is open, and workers are about to start unless it has its size already.

    settled: its trials that are complete or given up by now; counts: what they hold. cluster: the
    Dask cluster that trains, None if processes of this machine do; workers: as many as are
    started, 0 where the cluster has its own.
    """

    plan: Plan
    settled: int
    is_over: bool
    workers: int
    counts: Sequence[ConfigurationCounts]
    cluster: str | None = None


@dataclass(frozen=True)
class WaitingForWorkers:
    """No Dask worker trains: `busy` of them have not answered yet, and there is no other."""

    cluster: str
    busy: int


@dataclass(frozen=True)
class WorkerJoined:
    """A Dask worker trains from now on. is_alike: whether its machine is of this one's kind."""

    worker: str
    machine: str
    is_alike: bool


@dataclass(frozen=True)
class WorkerRefused:
    """A Dask worker is given nothing to train."""

    worker: str
    reason: str


@dataclass(frozen=True)
class WorkersReady:
    """All workers have imported TensorFlow; the first trials wait for compiled programs next."""


@dataclass(frozen=True)
class TrialDone:
    """A trial was trained and recorded.

    settled: trials that are complete or given up by now; seconds: how long a worker was at it, its
    own start and a compile included.
    """

    number: int
    configuration: Configuration
    summary: TrialSummary
    settled: int
    seconds: float = 0.0


@dataclass(frozen=True)
class TrialTroubled:
    """A trial that a worker died over or could not train; it is trained again, or `given_up`."""

    number: int
    configuration: Configuration
    reason: str
    given_up: bool


@dataclass(frozen=True)
class Waiting:
    """There is nothing left to claim: other launchers train the rest."""

    settled: int


@dataclass(frozen=True)
class WaitingForLock:
    """Another program has the database locked, for so many seconds by now."""

    seconds: float


@dataclass(frozen=True)
class ConnectionLost:
    """The database's server cannot be reached; the launch goes on when it can."""

    reason: str


@dataclass(frozen=True)
class Publishing:
    """The launch is over but for the published study, which lacks so many trials."""

    trials: int


@dataclass(frozen=True)
class PublishingStopped:
    """The published study cannot be written any more in this launch; the record goes on."""

    reason: str


@dataclass(frozen=True)
class ForeignTrials:
    """The published study holds trials that others put there; they count in nothing.

    numbers: their numbers in the published study.
    """

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class RaceBegan:
    """A race of entrants, by their names, begins or goes on."""

    race_id: int
    entrants: tuple[str, ...]


@dataclass(frozen=True)
class RoundDone:
    """A round is complete: the restarts of each entrant by now, and how many entrants are left."""

    round: int
    restarts: int
    left: int


Event = (
    LaunchBegan
    | WaitingForWorkers
    | WorkerJoined
    | WorkerRefused
    | WorkersReady
    | TrialDone
    | TrialTroubled
    | Waiting
    | WaitingForLock
    | ConnectionLost
    | Publishing
    | PublishingStopped
    | ForeignTrials
    | RaceBegan
    | RoundDone
)
OnEvent = Callable[[Event], None]
