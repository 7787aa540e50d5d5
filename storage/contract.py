"""The contract of the store. Every backend keeps it, and passes the same tests."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.rows import (
    ConfigurationCounts,
    EscapeEpochs,
    Member,
    Outcome,
    RecordedRestart,
    Restart,
    StudyRecord,
    StudySummary,
    TrialSummary,
)
from search.problem.success import Success
from storage.desk import Desk
from storage.launchers import Liveness
from storage.values import PublishedTrial, StoredRace, StoredStudy, Trial, TrialState


class Store(Desk):
    """Keeps studies, their queue of trials, and every restart; and what `Desk` says.

    - Launchers claim and record; workers only compute. Whoever claims holds `lock_study` in a
      `transaction`: launchers of one study share its trials, and none trains another's.
    - `complete_trial` writes all restarts of a trial, its summary and that it is complete in one
      transaction: they become visible together, or not at all.
    - A seed stands once in a configuration of a study; a second one raises, and nothing is written.
    - Only a trial's last attempt writes: not a launcher that was taken for dead, and is late.
    - Ids are never used again, so nothing of a deleted study can turn up in another.
    - Only restarts of complete trials are read. What is returned is a snapshot.
    - Summaries answer how often, at what price and how soon; nothing reads all restarts for that.
      Another accuracy is counted from the levels of the trials, a loss where the restarts are.

    Raises RecordError where the database cannot be used, RecordFailedError where it fails in use,
    ConnectionLostError where its server's connection does: done or not, it can be repeated.
    """

    url: str

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All reads in it see one snapshot; all writes become visible at its end, or none do.

        Within another of the same thread it is a part of that one. If anything is raised in the
        outermost, nothing of it is kept. On a store opened for writing, it excludes other writers
        from its start where the backend has one lock for all.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back all connections."""

    # Locks and signs of life, which end with the process that has them.

    @abstractmethod
    def liveness(self) -> Liveness:
        """A sign of life, to be entered by a launcher."""

    @abstractmethod
    def lock(self, name: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Hold the lock of that name; whether it is held. Without `wait`, only if it is free."""

    # Studies

    @abstractmethod
    def studies(self) -> list[StoredStudy]:
        """All studies, in the order of their making."""

    @abstractmethod
    def find_study(self, name: str) -> StoredStudy | None:
        """The study of that name; None if there is none."""

    @abstractmethod
    def study_summaries(self) -> list[StudySummary]:
        """All studies with what they hold, in the order of their making."""

    @abstractmethod
    def add_study(self, name: str, record: StudyRecord) -> StoredStudy:
        """Keep a new study, and queue it. Raises RecordError if there is one of that name."""

    @abstractmethod
    def set_search(self, study_id: int, search: Mapping[str, Any]) -> None:
        """Keep how a study searches from now on."""

    @abstractmethod
    def delete_study(self, study_id: int) -> None:
        """Delete a study with its trials, restarts and races."""

    @abstractmethod
    def lock_study(self, study_id: int) -> bool:
        """Keep others from claiming until the transaction ends; False if the study is gone."""

    # The queue

    @abstractmethod
    def add_trial(
        self,
        study_id: int,
        configuration: Configuration,
        seeds: range,
        launcher: str | None = None,
        race: int | None = None,
    ) -> Trial:
        """Add a trial under the next number: running for a launcher, or waiting without one."""

    @abstractmethod
    def take_trial(self, trial: Trial, launcher: str) -> Trial:
        """Claim a trial for a further attempt. Raises RecordError if it is final or gone."""

    @abstractmethod
    def complete_trial(
        self,
        trial: Trial,
        restarts: Sequence[Restart],
        values: Sequence[float],
        summary: TrialSummary,
        machine: str | None = None,
    ) -> bool:
        """Record all restarts of a running trial, its values and summary, and that it is complete.

        machine is the kind that trained it, if known. False, and nothing is written, if this
        attempt is not the trial's last any more or the trial is gone.
        """

    @abstractmethod
    def end_attempt(self, trial: Trial, state: TrialState, reason: str) -> bool:
        """End a running attempt, `waiting`, `failed` or `given up`; False as `complete_trial`."""

    @abstractmethod
    def trials(self, study_id: int, first: int = 0, ended: Collection[int] = ()) -> list[Trial]:
        """The trials from the number `first` on, by number; before them, of the numbers `ended`,
        those that are final.
        """

    @abstractmethod
    def unfinished_trials(self, study_id: int) -> list[Trial]:
        """The trials that are not final, by number."""

    @abstractmethod
    def launchers(self, study_id: int) -> Counter[str]:
        """How many trials run for each launcher."""

    @abstractmethod
    def abandoned_trial(
        self, study_id: int, race: int | None, alive: Collection[str], held: Collection[int]
    ) -> Trial | None:
        """The first trial of a race, or of the search, that is not final and that nobody trains.

        On a server it is locked until the transaction ends, and one that another writes just now is
        passed over: it may be final at that moment.

        Args:
            study_id: The study.
            race: The race; None for the search.
            alive: Launchers whose running trials are not to be taken.
            held: Ids of trials that are not to be taken either.
        """

    @abstractmethod
    def count_trials(self, study_id: int) -> Counter[TrialState]:
        """How many trials of the search, not of races, are in each state that occurs."""

    @abstractmethod
    def trial_counts(self) -> dict[int, Counter[TrialState]]:
        """The same of each study, by its id, with the running trials of its races."""

    # Races

    @abstractmethod
    def add_race(
        self,
        study_id: int,
        rules: Mapping[str, Any],
        entrants: Sequence[Mapping[str, Any]],
        first_seed: int,
    ) -> StoredRace:
        """Keep a new race of a study."""

    @abstractmethod
    def races(self, study_id: int) -> list[StoredRace]:
        """The races of a study, in the order in which they were begun."""

    @abstractmethod
    def race_trials(self, race_id: int) -> list[Trial]:
        """All trials of a race, by number."""

    # Results

    @abstractmethod
    def configuration_counts(
        self, study_id: int, *, races: bool = True
    ) -> list[ConfigurationCounts]:
        """The pooled restarts of every configuration that has any, counted.

        Without `races` only those of the search are counted, whose design is the sampler's; the
        best restart is of all in either case.
        """

    @abstractmethod
    def successes(
        self, study_id: int, success: Success, problem: Problem, *, races: bool = True
    ) -> dict[Configuration, int]:
        """How many restarts of every configuration that has any meet a criterion of success.

        Diverged restarts never do. Without `races` only restarts of the search are counted; the
        lowest loss that `best:X` compares with is of all in either case.

        Args:
            study_id: The study.
            success: The criterion.
            problem: What the study holds fixed: its points tell which accuracies meet it.
            races: Whether restarts of races count.
        """

    @abstractmethod
    def success_epochs(
        self, study_id: int, least_correct: int, *, races: bool = True
    ) -> list[EscapeEpochs]:
        """When the pooled restarts of every configuration that has any reached an accuracy.

        Tallied are the first epochs from which a restart stayed at so many points right to the
        end; one that diverged never did.

        Args:
            study_id: The study.
            least_correct: Points to be right, more than the plateau's.
            races: Whether restarts of races count.
        """

    @abstractmethod
    def escape_epochs(self, study_id: int) -> list[EscapeEpochs]:
        """When the pooled restarts of every configuration that has any escaped."""

    @abstractmethod
    def summaries(self, study_id: int) -> Iterator[tuple[Trial, TrialSummary]]:
        """The complete trials with their summaries, by number."""

    @abstractmethod
    def raced_restarts(self, study_id: int) -> int:
        """How many restarts are of races."""

    @abstractmethod
    def restarts(self, study_id: int) -> Iterator[RecordedRestart]:
        """Every restart, by trial and seed; read as it is asked for."""

    @abstractmethod
    def restart(self, study_id: int, trial: int, seed: int) -> RecordedRestart:
        """One restart by its trial's number. Raises RecordError if it is not there."""

    @abstractmethod
    def outcomes(self, trial: Trial) -> list[Outcome]:
        """The outcome of each restart of a trial, by seed."""

    @abstractmethod
    def members(self, study_id: int, configuration: Configuration) -> Iterator[tuple[Member, ...]]:
        """The restarts of a configuration by seed, in blocks; read as they are asked for."""

    @abstractmethod
    def members_by_seed(
        self, study_id: int, configuration: Configuration, seeds: Collection[int]
    ) -> dict[int, Member]:
        """Those restarts of a configuration that started from the given seeds."""

    @abstractmethod
    def machines(self, study_id: int) -> dict[int, str]:
        """The kind of machine of each complete trial of which it is known, by its number."""

    @abstractmethod
    def stray_restarts(self, study_id: int) -> int:
        """How many restarts stand in no complete trial. There must be none."""

    @abstractmethod
    def integrity_errors(self) -> list[str]:
        """What the database itself finds damaged, at most ten lines."""

    # The published study: which trials are in it, under which number and in what state.

    @abstractmethod
    def to_publish(self, study_id: int, limit: int) -> list[PublishedTrial]:
        """The first trials that are not published, or not as they stand now, by number."""

    @abstractmethod
    def count_unpublished(self, study_id: int) -> int:
        """How many trials are not published, or not as they stand now."""

    @abstractmethod
    def last_published(self, study_id: int) -> int | None:
        """The highest number in the published study that a trial has; None if none is there."""

    @abstractmethod
    def mark_published(
        self, study_id: int, marks: Iterable[tuple[int, int | None, TrialState | None]]
    ) -> None:
        """Note of trials, by their numbers, under which number and state they are published."""
