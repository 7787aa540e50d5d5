"""Copying a study from one store to another, by what the contract of the store offers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby, zip_longest

from search.problem.rows import RecordedRestart, Restart, TrialSummary
from storage.contract import Store
from storage.errors import RecordError
from storage.values import StoredStudy, StudyState, Trial, TrialState

_COPIER = "copy"
"""The launcher that a copied trial names until it is complete, in the same transaction."""
_FIXED = ("space", "restarts", "objective")
"""What of a study's search cannot change."""


def copy_study(source: Store, study: StoredStudy, target: Store, name: str) -> StoredStudy:
    """Copy a study with all its trials, restarts and races, or go on with a copy.

    Each trial is copied in a transaction of its own, so that a copy that was killed goes on where
    it was. What has been added to the source since is added to the copy. A trial that is trained
    just now waits in the copy.

    Args:
        source: What holds the study; read within one snapshot.
        study: The study.
        target: What is to hold the copy, opened for writing.
        name: Of the copy.

    Returns:
        The copy.

    Raises:
        RecordError: If the target has a study of that name that is no copy of this one, or a copy
            that was launched or raced further.
    """
    with source.transaction():
        known = source.trials(study.study_id)
        with target.transaction():  # nothing is kept of it if anything is refused
            copy = _opened(source, study, target, name)
            races = _copied_races(source, study, target, copy)
            present = {trial.number: trial for trial in target.trials(copy.study_id)}
            for trial in known[: len(present)]:
                _require_same(name, trial, present[trial.number], races)
            if len(present) > len(known):
                raise _gone_on(name, f"has {len(present)} trials, not {len(known)}")
            if len(target.races(copy.study_id)) > len(source.races(study.study_id)):
                raise _gone_on(name, "has a further race")
        machines = source.machines(study.study_id)
        with closing(_complete(source, study)) as complete:
            for trial in known:
                given = None
                if trial.state is TrialState.COMPLETE:
                    given = (*next(complete), machines.get(trial.number))
                _copy_trial(target, copy, trial, present.get(trial.number), races, given)
    return copy


def first_difference(source: Store, study: StoredStudy, target: Store, copy: StoredStudy) -> str:
    """What differs between the restarts of a study and its copy; "" if nothing does.

    Args:
        source: What holds the study.
        study: The study.
        target: What holds the copy.
        copy: The copy.
    """
    with source.transaction(), target.transaction():
        rows = zip_longest(source.restarts(study.study_id), target.restarts(copy.study_id))
        for one, other in rows:
            if one is None or other is None:
                return "one has more restarts than the other"
            if _text(one) != _text(other):
                return f"trial {one.trial}, seed {one.restart.seed} differs"
    return ""


def _text(row: RecordedRestart) -> str:
    """Equal for equal restarts, one whose loss is no number too; SQLite drops the sign of a 0."""
    restart = row.restart
    loss, last = restart.loss + 0.0, restart.last_epoch_loss + 0.0
    return repr(replace(row, restart=replace(restart, loss=loss, last_epoch_loss=last)))


def _opened(source: Store, study: StoredStudy, target: Store, name: str) -> StoredStudy:
    copy = target.find_study(name)
    if copy is None:
        copy = target.add_study(name, study.record)
        target.move_study(copy.study_id, _state_of_copy(source, study), {StudyState.QUEUED})
        return copy
    here, there = study.record, copy.record
    is_same = (here.problem, here.data) == (there.problem, there.data)
    if not is_same or any(here.search.get(key) != there.search.get(key) for key in _FIXED):
        raise _other(name, "is of another problem or search space")
    target.set_search(copy.study_id, here.search)
    return replace(copy, record=here)


def _state_of_copy(source: Store, study: StoredStudy) -> StudyState:
    """As the study's, but that a copy is not trained until somebody wants it."""
    entry = source.entry(study.study_id)
    return StudyState.PAUSED if entry is None or entry.state == StudyState.QUEUED else entry.state


def _copied_races(
    source: Store, study: StoredStudy, target: Store, copy: StoredStudy
) -> dict[int | None, int | None]:
    """The id that each race has in the copy, and None for trials of the search."""
    there = target.races(copy.study_id)
    ids: dict[int | None, int | None] = {None: None}
    for place, race in enumerate(source.races(study.study_id)):
        given = dict(race.rules), [dict(one) for one in race.entrants], race.first_seed
        if place == len(there):
            there.append(target.add_race(copy.study_id, *given))
        found = there[place]
        if given != (dict(found.rules), [dict(one) for one in found.entrants], found.first_seed):
            raise _other(copy.name, f"has another race {place + 1}")
        ids[race.race_id] = found.race_id
    return ids


def _complete(
    source: Store, study: StoredStudy
) -> Generator[tuple[TrialSummary, Sequence[Restart]]]:
    """The complete trials by number: summary and restarts."""
    groups = groupby(source.restarts(study.study_id), _number)
    for (trial, summary), (number, rows) in zip(
        source.summaries(study.study_id), groups, strict=True
    ):
        if trial.number != number:
            raise RecordError(f"study {study.name!r}: trial {trial.number} lacks its restarts")
        yield summary, [row.restart for row in rows]


def _number(row: RecordedRestart) -> int:
    return row.trial


def _copy_trial(
    target: Store,
    copy: StoredStudy,
    trial: Trial,
    there: Trial | None,
    races: dict[int | None, int | None],
    given: tuple[TrialSummary, Sequence[Restart], str | None] | None,
) -> None:
    """Bring one trial of the copy level."""
    is_settled = trial.state.is_final or trial.state is TrialState.FAILED
    if there is not None and (there.state.is_final or not is_settled):
        return
    with target.transaction():
        if not target.lock_study(copy.study_id):
            raise RecordError(f"the copy {copy.name!r} was deleted")
        if there is None:
            key = copy.study_id, trial.configuration, trial.seeds
            launcher = _COPIER if is_settled else None
            there = target.add_trial(*key, launcher, races[trial.race])
        elif there.state is TrialState.RUNNING:
            raise _other(copy.name, f"has a launch that trains trial {trial.number}")
        else:
            there = target.take_trial(there, _COPIER)
        if there.number != trial.number:
            raise _other(copy.name, f"has gone on to trial {there.number} meanwhile")
        if given is not None:
            summary, restarts, machine = given
            target.complete_trial(there, restarts, trial.values, summary, machine)
        elif is_settled:
            target.end_attempt(there, trial.state, trial.reason or "")


def _require_same(
    name: str, trial: Trial, there: Trial, races: dict[int | None, int | None]
) -> None:
    here = trial.configuration, trial.seeds, races[trial.race]
    if here != (there.configuration, there.seeds, there.race):
        raise _other(name, f"has another trial {trial.number}")
    if there.state.is_final and there.state is not trial.state:
        differs = _other if trial.state.is_final else _gone_on
        raise differs(name, f"has trial {trial.number} {there.state}, not {trial.state}")


def _other(name: str, what: str) -> RecordError:
    return RecordError(
        f"there is a study {name!r} that is no copy of this one: it {what}. "
        "Give the copy another name"
    )


def _gone_on(name: str, what: str) -> RecordError:
    return RecordError(
        f"there is a copy {name!r} of this study that has gone on by itself: it {what}. "
        "Give the copy another name"
    )
