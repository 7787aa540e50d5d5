"""The queue's orders, keys and uploads in an SQL database."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from storage.contract import Store
from storage.database import Database
from storage.desk_schema import audit, keys, limits, queue, shares, submitters, uploads
from storage.errors import RecordError
from storage.schema import studies, trials
from storage.url import shown
from storage.values import (
    NO_LIMITS,
    AccessKey,
    AuditLine,
    FinishedTrial,
    Limits,
    QueueEntry,
    Scope,
    Share,
    StudyState,
    TrialState,
)

_ENTRIES = select(queue, studies.c.name).join(studies, studies.c.study_id == queue.c.study_id)
_IN_ORDER = _ENTRIES.order_by(queue.c.priority.desc(), queue.c.submitted, queue.c.study_id)
_COUNTS = select(trials.c.study_id, trials.c.state, func.count()).group_by(
    trials.c.study_id, trials.c.state
)
# Of the few trials that are open alone: an index leads to them, where a sum over all reads all.
_ATTEMPTS = select(func.count(), func.sum(trials.c.attempt)).where(
    trials.c.study_id.in_(select(studies.c.study_id)),
    trials.c.state.in_([state for state in TrialState if not state.is_final]),
)
_ORDERED = select(func.count(), func.sum(queue.c.changed))
_KEYS = (
    select(keys, *(limits.c[name] for name in vars(NO_LIMITS)))
    .select_from(keys.outerjoin(limits, limits.c.key_id == keys.c.key_id))
    .order_by(keys.c.key_id)
)
_KEYS_BEFORE_LIMITS = select(keys).order_by(keys.c.key_id)
_SEARCHED_FOR_LATEST = 1000


class SqlDesk(Store):
    """The part of `SqlStore` that `Desk` promises."""

    _database: Database

    def entries(self) -> list[QueueEntry]:
        return [_entry_of(row) for row in self._entries(_IN_ORDER)]

    def entry(self, study_id: int) -> QueueEntry | None:
        found = self._entries(_ENTRIES.where(queue.c.study_id == study_id))
        return _entry_of(found[0]) if found else None

    def move_study(
        self,
        study_id: int,
        to: StudyState,
        among: Collection[StudyState],
        *,
        at_once: bool = False,
        reason: str | None = None,
    ) -> bool:
        changed = (
            update(queue)
            .where(queue.c.study_id == study_id, queue.c.state.in_(list(among)))
            .values(state=to, at_once=at_once, reason=reason, changed=time.time())
        )
        with self._database.transaction() as connection:
            return bool(connection.execute(changed).rowcount)

    def set_priority(self, study_id: int, priority: int) -> None:
        with self._database.transaction() as connection:
            changed = update(queue).where(queue.c.study_id == study_id)
            connection.execute(changed.values(priority=priority, changed=time.time()))

    def set_submitter(self, study_id: int, key: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(delete(submitters).filter_by(study_id=study_id))
            connection.execute(insert(submitters).values(study_id=study_id, key_name=key))

    def queued_by(self, key: str, besides: int) -> int:
        counted = (
            select(func.count())
            .select_from(submitters.join(queue, queue.c.study_id == submitters.c.study_id))
            .where(submitters.c.key_name == key, queue.c.state == StudyState.QUEUED)
            .where(queue.c.study_id != besides)
        )
        with self._database.transaction() as connection:
            connection.execute(select(keys.c.key_id).filter_by(name=key).with_for_update())
            return int(connection.execute(counted).scalar_one())

    def order_mark(self, study_id: int | None = None) -> str:
        ordered = _ORDERED if study_id is None else _ORDERED.where(queue.c.study_id == study_id)
        return ";".join(",".join(map(str, row)) for row in self._entries(ordered))

    def change_mark(self, study_id: int | None = None) -> str:
        counted, tried = _COUNTS, _ATTEMPTS
        if study_id is not None:
            counted = counted.where(trials.c.study_id == study_id)
            tried = tried.where(trials.c.study_id == study_id)
        with self._database.transaction() as connection:
            parts = sorted(map(tuple, connection.execute(counted).all()))
            parts += [tuple(row) for row in connection.execute(tried)]
            marks = [",".join(map(str, part)) for part in parts]
            return ";".join([*marks, self.order_mark(study_id)])

    def finished_lately(self, limit: int) -> list[FinishedTrial]:
        columns = (trials.c.study_id, trials.c.restarts, trials.c.began, trials.c.ended)
        complete = trials.c.state == TrialState.COMPLETE
        # Ids are in the order of the first claims, near that of the ends, and need no sorting.
        newest = select(func.max(trials.c.trial_id) - _SEARCHED_FOR_LATEST).scalar_subquery()
        statement = select(*columns).where(complete, trials.c.trial_id > newest)
        with self._database.transaction() as connection:
            found = connection.execute(statement.order_by(trials.c.ended.desc()).limit(limit))
            return [FinishedTrial(*row) for row in found]

    def add_key(self, key: AccessKey) -> None:
        with self._database.transaction() as connection:
            if connection.execute(select(keys.c.key_id).filter_by(name=key.name)).first():
                raise RecordError(
                    f"{shown(self.url)} has a key {key.name!r} already, or had one: "
                    "give the new one another name"
                )
            made = connection.execute(
                insert(keys).values(
                    name=key.name,
                    digest=key.digest,
                    scope=key.scope,
                    created=key.created,
                    expires=key.expires,
                )
            ).inserted_primary_key
            given = {"key_id": made[0], **vars(key.limits)}  # type: ignore[index]
            connection.execute(insert(limits).values(given))

    def access_keys(self) -> list[AccessKey]:
        with self._database.transaction() as connection:
            if self._database.has_table(limits.name):
                statement = _KEYS
            elif self._database.has_table(keys.name):
                statement = _KEYS_BEFORE_LIMITS
            else:  # not launched on since there are keys
                return []
            found = connection.execute(statement).mappings().all()
        return [_key_of(row) for row in found]

    def revoke_key(self, name: str) -> bool:
        ended = update(keys).where(keys.c.name == name, keys.c.revoked.is_(None))
        with self._database.transaction() as connection:
            return bool(connection.execute(ended.values(revoked=time.time())).rowcount)

    def add_share(
        self, study_id: int, digest: str, key: str | None, created: float, expires: float | None
    ) -> Share:
        values = {"study_id": study_id, "key_name": key, "created": created, "expires": expires}
        with self._database.transaction() as connection:
            made = connection.execute(insert(shares).values(digest=digest, **values))
            share_id = int(made.inserted_primary_key[0])  # type: ignore[index]
        return Share(share_id, study_id, key, created, expires)

    def shares(self, study_id: int) -> list[Share]:
        statement = select(shares).filter_by(study_id=study_id).order_by(shares.c.share_id)
        with self._database.transaction() as connection:
            return [_share_of(row) for row in connection.execute(statement)]

    def shared(self, digest: str) -> Share | None:
        with self._database.transaction() as connection:
            found = connection.execute(select(shares).filter_by(digest=digest)).first()
        return None if found is None else _share_of(found)

    def delete_share(self, study_id: int, share_id: int) -> bool:
        ended = delete(shares).filter_by(study_id=study_id, share_id=share_id)
        with self._database.transaction() as connection:
            return bool(connection.execute(ended).rowcount)

    def add_audit(self, line: AuditLine) -> None:
        values = {"at": line.at, "key_name": line.key}
        with self._database.transaction() as connection:
            connection.execute(
                insert(audit).values(action=line.action, subject=line.subject, **values)
            )

    def audit(self, limit: int) -> list[AuditLine]:
        statement = select(audit).order_by(audit.c.line_id.desc()).limit(limit)
        with self._database.transaction() as connection:
            if not self._database.has_table(audit.name):
                return []
            found = connection.execute(statement).all()
        return [AuditLine(row.at, row.key_name, row.action, row.subject) for row in found]

    def put_upload(self, name: str, suffix: str, content: bytes) -> bool:
        values = {"suffix": suffix, "content": content}
        with self._database.transaction() as connection:
            there = self.upload(name)
            if there == (suffix, content):
                return False
            if there is None:
                connection.execute(insert(uploads).values(name=name, **values))
            else:
                changed = update(uploads).where(uploads.c.name == name)
                connection.execute(changed.values(**values))
        return True

    def delete_upload(self, name: str) -> bool:
        with self._database.transaction() as connection:
            return bool(connection.execute(delete(uploads).filter_by(name=name)).rowcount)

    def upload(self, name: str) -> tuple[str, bytes] | None:
        statement = select(uploads.c.suffix, uploads.c.content).filter_by(name=name)
        with self._database.transaction() as connection:
            found = connection.execute(statement).first()
        return None if found is None else (found.suffix, found.content)

    def uploads(self) -> dict[str, int]:
        size = func.length(uploads.c.content).label("size")
        with self._database.transaction() as connection:
            found = connection.execute(select(uploads.c.name, size).order_by(uploads.c.name))
            return {row.name: row.size for row in found}

    def upload_suffixes(self) -> dict[str, str]:
        statement = select(uploads.c.name, uploads.c.suffix).order_by(uploads.c.name)
        with self._database.transaction() as connection:
            return {row.name: row.suffix for row in connection.execute(statement)}

    def _entries(self, statement: Select[*tuple[Any, ...]]) -> list[Row[Any]]:
        """Rows of the queue; none of a database that was not launched on since it has one."""
        with self._database.transaction() as connection:
            if not self._database.has_table(queue.name):
                return []
            return list(connection.execute(statement).all())

    def _enqueue(self, study_id: int) -> None:
        now = time.time()
        values = {"study_id": study_id, "state": StudyState.QUEUED, "submitted": now}
        with self._database.transaction() as connection:
            connection.execute(
                insert(queue).values(priority=0, changed=now, at_once=False, **values)
            )

    def _touch(self, study_id: int) -> None:
        with self._database.transaction() as connection:
            changed = update(queue).where(queue.c.study_id == study_id)
            connection.execute(changed.values(changed=time.time()))


def _key_of(row: Mapping[Any, Any]) -> AccessKey:
    return AccessKey(
        name=row["name"],
        digest=row["digest"],
        scope=Scope(row["scope"]),
        created=row["created"],
        expires=row["expires"],
        revoked=row["revoked"],
        limits=Limits(**{name: row.get(name) for name in vars(NO_LIMITS)}),
    )


def _share_of(row: Row[Any]) -> Share:
    return Share(row.share_id, row.study_id, row.key_name, row.created, row.expires)


def _entry_of(row: Row[Any]) -> QueueEntry:
    return QueueEntry(
        study_id=row.study_id,
        name=row.name,
        state=StudyState(row.state),
        priority=row.priority,
        submitted=row.submitted,
        changed=row.changed,
        at_once=row.at_once,
        reason=row.reason,
    )
