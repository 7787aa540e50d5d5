"""The part of the store's contract that a service needs: the order of studies, keys, uploads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from storage.values import AccessKey, AuditLine, FinishedTrial, QueueEntry, Share, StudyState


class Desk(ABC):
    """Which studies are to be trained, who may say so, and what was said.

    A study that is made is queued. Its trials are claimed while it is; whoever orders otherwise
    changes the entry, from any process, and launchers look at it with each claim.
    """

    @abstractmethod
    def entries(self) -> list[QueueEntry]:
        """All studies in the order in which they are to be trained: by priority, then age."""

    @abstractmethod
    def entry(self, study_id: int) -> QueueEntry | None:
        """The entry of a study; None if the study is gone, or has not been launched since there
        are entries.
        """

    @abstractmethod
    def move_study(
        self,
        study_id: int,
        to: StudyState,
        among: Collection[StudyState],
        *,
        at_once: bool = False,
        reason: str | None = None,
    ) -> bool:
        """Change the state of a study if it is one of those named; whether it was.

        Args:
            study_id: The study.
            to: Its new state.
            among: The states that it may be in.
            at_once: Whether trials under way are to be stopped too.
            reason: Why it failed.
        """

    @abstractmethod
    def set_priority(self, study_id: int, priority: int) -> None:
        """Have a study trained before all of lower priority."""

    @abstractmethod
    def set_submitter(self, study_id: int, key: str) -> None:
        """Have a study count for a key from now on."""

    @abstractmethod
    def queued_by(self, key: str, besides: int) -> int:
        """How many studies that count for a key are queued, one of them left out.

        Within a transaction no other counts for that key until it ends, so that two that add one
        each cannot both find room for one.

        Args:
            key: Name of the key.
            besides: The study that is left out.
        """

    @abstractmethod
    def order_mark(self, study_id: int | None = None) -> str:
        """A text that is another whenever a study is made, planned anew, ordered or deleted.

        Args:
            study_id: The study; None for all of them.
        """

    @abstractmethod
    def change_mark(self, study_id: int | None = None) -> str:
        """A text that is another whenever a study, its trials or its place in the queue changes.

        Args:
            study_id: The study; None for all of them.
        """

    @abstractmethod
    def finished_lately(self, limit: int) -> list[FinishedTrial]:
        """The complete trials that ended last, the latest first, among the newest 1,000 trials."""

    # Keys, of which only digests are kept

    @abstractmethod
    def add_key(self, key: AccessKey) -> None:
        """Keep a new key. Raises RecordError if there is one of that name."""

    @abstractmethod
    def access_keys(self) -> list[AccessKey]:
        """All keys, also those that have ended, in the order of their making."""

    @abstractmethod
    def revoke_key(self, name: str) -> bool:
        """End a key; whether there was one of that name that had not ended."""

    # Links by which one study is read

    @abstractmethod
    def add_share(
        self, study_id: int, digest: str, key: str | None, created: float, expires: float | None
    ) -> Share:
        """Keep a new link to a study.

        Args:
            study_id: The study, with which it goes.
            digest: Of the link's secret.
            key: Name of the key by which it was made.
            created: Unix time.
            expires: When it ends by itself; None for never.
        """

    @abstractmethod
    def shares(self, study_id: int) -> list[Share]:
        """The links to a study, also those that have expired, in the order of their making."""

    @abstractmethod
    def shared(self, digest: str) -> Share | None:
        """The link of a digest; None if there is none, or none any more."""

    @abstractmethod
    def delete_share(self, study_id: int, share_id: int) -> bool:
        """End a link to a study; whether there was one."""

    @abstractmethod
    def add_audit(self, line: AuditLine) -> None:
        """Keep a line of the audit."""

    @abstractmethod
    def audit(self, limit: int) -> list[AuditLine]:
        """The last lines of the audit, the latest first."""

    # Files of points that were uploaded

    @abstractmethod
    def put_upload(self, name: str, suffix: str, content: bytes) -> bool:
        """Keep a file under a name, in place of one that is there; whether it is new or another."""

    @abstractmethod
    def delete_upload(self, name: str) -> bool:
        """Delete a file that was uploaded; False if there is none of that name."""

    @abstractmethod
    def upload(self, name: str) -> tuple[str, bytes] | None:
        """The suffix and content of a file; None if there is none of that name."""

    @abstractmethod
    def uploads(self) -> dict[str, int]:
        """The names of all files, and how many bytes each has."""

    @abstractmethod
    def upload_suffixes(self) -> dict[str, str]:
        """The names of all files, and the suffix of each."""
