"""Several studies of one database in one ranking."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.names import quoted
from search.problem.success import Success
from search.statistics.ranking import Standing, rank
from search.studies.study import Study


def common_criterion(studies: Sequence[Study], success: Success | None) -> Success:
    """The criterion asked for, or the one that all studies seek.

    Args:
        studies: The studies.
        success: The criterion asked for; None for what they seek.

    Raises:
        UserError: If none is asked for and they seek different things.
        InvalidValuesError: If there is no room for its margin in one of them, or it is of losses
            that cannot be compared.
    """
    if success is not None:
        _require_one_measure(studies, success)
    found = {study.criterion(success) for study in studies}
    if len(found) > 1 and success is None:
        raise UserError(
            f"studies {', '.join(study.name for study in studies)} seek different things: choose "
            "what counts as a success"
        )
    return success or found.pop()


def _require_one_measure(studies: Sequence[Study], success: Success) -> None:
    rule = ""
    if success.kind == "best":
        rule = (
            "must be the same loss in several studies, each of which has a lowest one of its own: "
            "ask for loss:X"
        )
    functions = {study.problem.loss_function for study in studies}
    is_varied = any("loss_function" in study.space.vary for study in studies)
    if success.kind == "loss" and (is_varied or len(functions) > 1):
        rule = "must not be of a loss where studies train by different loss functions"
    if rule:
        raise InvalidValuesError([Fault("success", rule, quoted(str(success)))])


def ranked_together(studies: Sequence[Study], success: Success) -> list[tuple[str, Standing]]:
    """The configurations of all studies by the lower end of the success rate's interval.

    Args:
        studies: The studies.
        success: The criterion.

    Returns:
        Name of the study and standing, the best first.
    """
    rows = [(study.name, standing) for study in studies for standing in study.best(success)]
    return sorted(rows, key=_key)


def _key(row: tuple[str, Standing]) -> tuple[object, ...]:
    name, standing = row
    place = rank(standing.configuration, standing.success_rate, standing.expected_epochs)
    return (*place[:3], name, *place[3:])


def hold_the_same(studies: Sequence[Study]) -> bool:
    """Whether studies hold the same problem, but for the name of its data."""
    held = [{**study.problem.to_json(), "data": None} for study in studies]
    return all(each == held[0] for each in held)
