"""What a study's restarts come to by a criterion of success: how often and how soon."""

from __future__ import annotations

from dataclasses import replace

from search.problem.errors import UserError
from search.problem.problem import Problem
from search.problem.rows import ConfigurationCounts, EscapeEpochs
from search.problem.success import Success
from storage.contract import Store
from storage.values import StoredStudy


def counted(
    store: Store, study: StoredStudy, problem: Problem, success: Success, *, races: bool = True
) -> list[ConfigurationCounts]:
    """The configurations of a study, with their successes.

    Args:
        store: What holds them.
        study: The study.
        problem: What it holds fixed.
        success: The criterion.
        races: Whether restarts of races count.

    Returns:
        The counts; the epochs of successes too where they are kept of the criterion.
    """
    with store.transaction():
        counts = store.configuration_counts(study.study_id, races=races)
        if success.is_of_launch:
            return counts
        if not success.has_epochs(problem):
            found = store.successes(study.study_id, success, problem, races=races)
            return [replace(count, succeeded=found[count.configuration]) for count in counts]
        least = success.timed(problem)
        rows = store.success_epochs(study.study_id, least, races=races)
    timed = {row.configuration: row for row in rows}
    return [
        replace(
            count,
            succeeded=timed[count.configuration].escaped,
            spent=timed[count.configuration].spent(problem.epochs),
        )
        for count in counts
    ]


def success_epochs(
    store: Store, study: StoredStudy, problem: Problem, success: Success
) -> list[EscapeEpochs]:
    """When the restarts of each configuration of a study succeeded.

    Args:
        store: What holds them.
        study: The study.
        problem: What it holds fixed.
        success: The criterion.

    Raises:
        InvalidValuesError: If no epochs are kept of the criterion.
        UserError: If the study trains nothing.
    """
    if not problem.epochs:
        raise UserError(
            f"study {study.name!r} trains nothing: its restarts are judged by their initial "
            "weights, so there are no times; `best` tells how often they succeed"
        )
    if success.is_of_launch:
        return store.escape_epochs(study.study_id)
    return store.success_epochs(study.study_id, success.timed(problem))
