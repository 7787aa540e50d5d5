"""Studies as they are opened for reading, by the URL of their database and their name."""

from __future__ import annotations

from search.problem.arguments import Arguments
from search.studies.study import Study
from storage.contract import Store
from storage.errors import NothingStoredError, RecordError
from storage.opening import open_for_reading
from storage.url import shown

DEFAULT_STORAGE = "sqlite:///multirestart.db"
STORAGE_RULE = f"must be the URL of a database like {DEFAULT_STORAGE!r}"


def open_study(storage: str = DEFAULT_STORAGE, name: str | None = None) -> Study:
    """Open a study for reading.

    Args:
        storage: URL of its database.
        name: Its name; may be left out if the database holds one study only.

    Raises:
        InvalidValuesError: If one of the two is no text.
        RecordError: If there is no such database or study; the message names those there are.
    """
    arguments = Arguments()
    arguments.check(isinstance(storage, str), "storage", STORAGE_RULE, storage)
    is_name = name is None or isinstance(name, str)
    arguments.check(is_name, "name", "must be the name of a study", name)
    arguments.raise_any()
    return study_in(open_for_reading(storage), name)


def study_in(store: Store, name: str | None) -> Study:
    """The study of that name in a store, or the only one. Raises RecordError as `open_study`."""
    found = {study.name: study for study in store.studies()}
    if not found:
        raise NothingStoredError(f"{shown(store.url)} holds no study")
    if name is None and len(found) > 1:
        raise RecordError(f"choose a study by its name: {', '.join(found)}")
    chosen = next(iter(found)) if name is None else name
    if chosen not in found:
        raise RecordError(f"there is no study {chosen!r}; there are: {', '.join(found)}")
    return Study(store, found[chosen])
