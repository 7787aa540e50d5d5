"""What is said of an event, in a line."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.names import several, visible
from search.running.events import (
    ConnectionLost,
    Publishing,
    PublishingStopped,
    RaceBegan,
    RoundDone,
    TrialDone,
    WaitingForWorkers,
    WorkerJoined,
    WorkerRefused,
)

_MOST_NUMBERS = 5


def trial_line(done: TrialDone, *, with_seconds: bool = True) -> str:
    """What to say of a trial as it ends, with the seconds that a worker was at it."""
    summary = done.summary
    said = (
        f"Trial {done.number}, {done.configuration}: {summary.escaped} of {summary.restarts} "
        f"escaped, {summary.solved} solved, {summary.diverged} diverged"
    )
    return f"{said}, in {done.seconds:.1f} s." if with_seconds else f"{said}."


def waiting_for_workers(event: WaitingForWorkers) -> str:
    """What to say while no Dask worker trains."""
    if event.busy:
        who = f"{several(event.busy, 'Dask worker')} of {event.cluster}"
        return f"Waiting for {who}, busy with other work (Ctrl-C ends that)."
    return f"Waiting for a Dask worker to join {event.cluster}: none is there (Ctrl-C ends that)."


def worker_joined(event: WorkerJoined) -> str:
    """What to say of a Dask worker that trains from now on."""
    return f"Dask worker {event.worker} joined: {event.machine}."


def worker_refused(event: WorkerRefused) -> str:
    """What to say of a Dask worker that may not train."""
    return f"Dask worker {event.worker} may not train: {visible(event.reason)}."


def connection_lost(event: ConnectionLost) -> str:
    """What to say when the database's server cannot be reached."""
    reason = " ".join(event.reason.split())
    return f"Lost the connection to the database ({reason}): going on when it is back."


def publishing_line(event: Publishing | PublishingStopped) -> str:
    """What to say of the published study while it is brought level, or could not be."""
    if isinstance(event, Publishing):
        return (
            f"Adding the last {event.trials} trials to the Optuna study that the dashboard shows "
            "(Ctrl-C leaves that to the next launch)."
        )
    return (
        f"Could not update the Optuna study that the dashboard shows: {event.reason}. The study "
        "itself goes on; the next launch updates it."
    )


def race_line(event: RaceBegan | RoundDone) -> str:
    """What to say of a race that begins, or of a round that is done."""
    if isinstance(event, RaceBegan):
        return f"Race {event.race_id} of {', '.join(event.entrants)}."
    return f"Round {event.round}: {event.restarts} restarts each, {event.left} left."


def foreign_trials(numbers: Sequence[int]) -> str:
    """What to say of trials that others put into the published study."""
    shown = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    more = f" and {len(numbers) - _MOST_NUMBERS} more" if len(numbers) > _MOST_NUMBERS else ""
    plural = "s" if len(numbers) > 1 else ""
    return (
        f"Trial{plural} {shown}{more} of the Optuna study {'were' if plural else 'was'} added "
        "outside multirestart and ignored; to try a configuration first, name it by --first."
    )
