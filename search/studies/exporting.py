"""Which restart of a study is taken home: the one asked for, or the best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.rows import Outcome, RecordedRestart

if TYPE_CHECKING:
    from search.studies.study import Study

_Key = tuple[float, int, int]
"""Of a restart: loss, trial, seed."""


def chosen_restart(study: Study, trial: int | None, seed: int | None) -> RecordedRestart:
    """The restart asked for by trial and seed, or the best one if neither is given.

    Args:
        study: The study.
        trial: Number of its trial; None, as the seed, for the best.
        seed: Its seed.

    Returns:
        The restart; the best is that of the lowest loss of those that succeeded as the study seeks
        it, or of all that did not diverge if none did.

    Raises:
        UserError: If one of the two is given without the other, or there is no best one.
        RecordError: If the trial holds no such seed.
    """
    if trial is not None and seed is not None:
        return study.restart(trial, seed)
    if trial is not None or seed is not None:
        field, given = (
            ("seed", f"a trial, {trial}") if seed is None else ("trial", f"a seed, {seed}")
        )
        rule = "must be given too, for a restart is named by its trial and its seed"
        raise InvalidValuesError([Fault(field, rule, f"{given}, alone")])
    if "loss_function" in study.space.vary:
        raise UserError(
            f"study {study.name!r} varies the loss function, and losses of different functions "
            "cannot be compared: name a restart by its trial and its seed"
        )
    with study.snapshot():
        best = min(_of_lowest_loss(study), default=None)
        if best is None:
            raise UserError(f"study {study.name!r} has no restart that ended without diverging")
        if not succeeded(study, study.restart(*best[1:])):  # or it is the best of both
            best = min(_successful(study), default=best)
        return study.restart(*best[1:])


def succeeded(study: Study, recorded: RecordedRestart) -> bool:
    """Whether a restart succeeded as its study seeks it: escaped, or solved."""
    return recorded.restart.outcome in _successes(study)


def _successes(study: Study) -> frozenset[Outcome]:
    if study.sought.is_of_launch:
        return frozenset({Outcome.ESCAPED, Outcome.SOLVED})
    return frozenset({Outcome.SOLVED})


def _of_lowest_loss(study: Study) -> Iterator[_Key]:
    for counts in study.store.configuration_counts(study.study_id):
        trial, seed, loss = counts.best_trial, counts.best_seed, counts.best_loss
        if trial is not None and seed is not None and loss is not None:
            yield loss, trial, seed


def _successful(study: Study) -> Iterable[_Key]:
    """All that succeeded, read one after the other: only asked for where the best did not."""
    wanted = _successes(study)
    for counts in study.store.configuration_counts(study.study_id):
        for block in study.store.members(study.study_id, counts.configuration):
            for member in block:
                if member.outcome in wanted:
                    yield member.loss, member.trial, member.seed
