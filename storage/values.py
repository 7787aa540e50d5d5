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
