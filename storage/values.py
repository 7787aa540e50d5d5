"""What the store hands out, as values: studies, trials and races as they stood when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from search.problem.configuration import Configuration
from search.problem.rows import StudyRecord, TrialSummary


class TrialState(StrEnum):
    """Where a trial of the queue stands.

    `waiting`: to be trained, new or given back by a launch that was interrupted. `running`: a
    launcher trains it; if that launcher is dead, it is as good as waiting. `failed`: no worker
    could train it in a whole launch; the next launch tries once more. `complete` and `given up`
    are final.
    """

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    COMPLETE = "complete"
    GIVEN_UP = "given up"

    @property
    def is_final(self) -> bool:
        """Whether the trial is settled: nothing of it is trained any more."""
        return self in (TrialState.COMPLETE, TrialState.GIVEN_UP)


@dataclass(frozen=True)
class StoredStudy:
    """A study: its id, which no other study of the database ever gets, its name and record."""

    study_id: int
    name: str
    record: StudyRecord


@dataclass(frozen=True)
class Trial:
    """A trial: one configuration and a block of consecutive seeds.

    number: its place in the study, from 0. race: the race that it belongs to; None if it is of
    the search. attempt: how often it was claimed. launcher: who claimed it last. values: what the
    sampler is told, empty unless it is complete. reason: why the last attempt ended without
    restarts. began, ended: Unix times of the last attempt.
    """

    trial_id: int
    number: int
    configuration: Configuration
    first_seed: int
    restarts: int
    state: TrialState
    race: int | None = None
    launcher: str | None = None
    attempt: int = 0
    reason: str | None = None
    values: tuple[float, ...] = ()
    began: float | None = None
    ended: float | None = None

    @property
    def seeds(self) -> range:
        """The seeds, one for each restart."""
        return range(self.first_seed, self.first_seed + self.restarts)


@dataclass(frozen=True)
class PublishedTrial:
    """A trial with its summary, None unless it is complete, and how it is published by now.

    published_number: its number in the published study; None if it is not there. published_state:
    its state when it was published last.
    """

    trial: Trial
    summary: TrialSummary | None
    published_number: int | None
    published_state: TrialState | None


@dataclass(frozen=True)
class StoredRace:
    """A race: rules and entrants as JSON, and the first of its common fresh seeds."""

    race_id: int
    rules: Mapping[str, Any]
    entrants: tuple[Mapping[str, Any], ...]
    first_seed: int


class StudyState(StrEnum):
    """Where a study stands in the queue.

    `queued`: its trials are to be trained. `running`: the same, while some are being trained; that
    is seen from the trials and never kept. `paused`: nothing more is trained until it is resumed.
    `cancelled`: the same, for good unless somebody wants it again. `settled`: it has its size, or
    its precision. `failed`: none of its trials could be trained, or it cannot be gone on with.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class QueueEntry:
    """The place of a study in the queue.

    state: all but `running`, as last ordered or come to. priority: the higher, the sooner.
    submitted, changed: Unix times. at_once: whether what is under way is to be stopped too.
    reason: why it failed.
    """

    study_id: int
    name: str
    state: StudyState
    priority: int
    submitted: float
    changed: float
    at_once: bool = False
    reason: str | None = None


class Scope(StrEnum):
    """What the holder of a key may do: each may what those before it may."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    def allows(self, wanted: Scope) -> bool:
        """Whether it includes another."""
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True)
class Limits:
    """What the holder of a key may have of the service at most; None where there is no limit.

    most_studies: studies that are queued or running; most_work: restarts x epochs x points of a
    plan; most_bytes: of a request's body.
    """

    most_studies: int | None = None
    most_work: int | None = None
    most_bytes: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class AccessKey:
    """A key to the service, of which only a digest is kept. Times are Unix times.

    expires: when it ends by itself; revoked: when it was ended; None if neither.
    """

    name: str
    digest: str
    scope: Scope
    created: float
    expires: float | None = None
    revoked: float | None = None
    limits: Limits = NO_LIMITS

    def is_valid(self, now: float) -> bool:
        """Whether it opens anything at a time."""
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True)
class Share:
    """A link by which a study is read without a key; only a digest of it is kept.

    key: who made it, None where there are no keys. created, expires: Unix times, None for never.
    """

    share_id: int
    study_id: int
    key: str | None
    created: float
    expires: float | None = None

    def is_valid(self, now: float) -> bool:
        """Whether it opens the study at a time."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True)
class AuditLine:
    """One change: when (Unix time), by which key (None where there are no keys), what of which."""

    at: float
    key: str | None
    action: str
    subject: str


@dataclass(frozen=True)
class FinishedTrial:
    """A complete trial of any study: how much it trained, and when (Unix times)."""

    study_id: int
    restarts: int
    began: float
    ended: float
