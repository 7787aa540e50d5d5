"""Deleting a study: its record, and Optuna's copy of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from search.dashboard.optuna_storage import delete_published_study
from storage.contract import Store
from storage.liveness import publishing_lock
from storage.opening import open_for_writing
from storage.values import StoredStudy


def delete_study(
    url: str, study: StoredStudy, also: Callable[[Store], None] = lambda _store: None
) -> None:
    """Delete a study and the study that is published of it.

    A launch that runs it ends with an error.

    Args:
        url: URL of the database.
        study: The study.
        also: What is done in the same transaction; the study stays if it raises.

    Raises:
        RecordError: If the database cannot be written.
    """
    # The lock of its publishers: none of them may make the copy again meanwhile.
    with (
        closing(open_for_writing(url)) as store,
        store.lock(publishing_lock(study.study_id)),
    ):
        with store.transaction():
            store.delete_study(study.study_id)
            also(store)
        delete_published_study(url, study.name, study.study_id)
