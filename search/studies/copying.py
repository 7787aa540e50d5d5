"""Copying a study into another database, and checking the copy."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from search.dashboard.optuna_storage import refuse_taken_name
from search.problem.errors import UserError
from search.problem.plan import check_name
from search.studies.checking import Check, check
from search.studies.opening import study_in
from search.verify.database import Finding
from storage.copying import copy_study, first_difference
from storage.opening import open_for_reading, open_for_writing, open_if_there
from storage.url import is_there, parse_url, sqlite_path


@dataclass(frozen=True)
class Copied:
    """A copy: its name, that of the study, and what was found as it was checked."""

    study: str
    name: str
    check: Check


def copied(source: str, target: str, study: str | None, name: str | None) -> Copied:
    """Copy a study into another database, or go on with its copy, and check the copy.

    Args:
        source: URL of the database that holds it.
        target: URL of the database that is to hold the copy; made if it is not there.
        study: Its name; None if it is the only one.
        name: Of the copy; None for the same.

    Returns:
        The copy, with what is wrong in it: nothing, as a rule.

    Raises:
        UserError: If the copy would be the study itself, or an Optuna study has the name.
        RecordError: If a database cannot be used, or the target has another study of that name.
    """
    parse_url(target)
    with closing(open_for_reading(source)) as here:
        found = study_in(here, study)
        name = found.name if name is None else name
        check_name(name, "as")
        if name == found.name and _place(source) == _place(target):
            raise UserError(f"the copy of {name!r} would be the study itself: give it another name")
        path = sqlite_path(parse_url(target))
        if path is None or is_there(path):
            _refuse_optunas(target, name)
        with closing(open_for_writing(target)) as there:
            copy = copy_study(here, found.stored, there, name)
            looked_at = check(there, copy, retrain=0, draw=0)
            different = first_difference(here, found.stored, there, copy)
    findings = looked_at.findings
    if different:
        findings = (*findings, Finding(None, None, f"the copy is not the study: {different}"))
    return Copied(found.name, name, Check(looked_at.trials, looked_at.restarts, 0, findings, ()))


def _refuse_optunas(target: str, name: str) -> None:
    """Refuse a name that a study of Optuna's own has, unless it is that of a copy there."""
    store = open_if_there(target)
    if store is not None:
        with closing(store):
            if store.find_study(name) is not None:
                return
    refuse_taken_name(target, name)


def _place(url: str) -> str:
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    return str(parsed) if path is None else str(path.resolve())
