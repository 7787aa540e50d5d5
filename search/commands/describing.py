"""What `launch` says of data: what to look at before training, and all that was read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from search.commands.options import option_of
from search.problem.configuration import SearchSpace
from search.problem.data.datasets import Dataset
from search.problem.data.judging import Caution, scaling_cautions
from search.problem.data.selection import Selection
from search.problem.errors import InvalidValuesError
from search.problem.names import several
from search.problem.plan import Plan
from search.problem.problem import Problem
from search.reports.data_report import show_data
from search.running.opening import kept_plan

if TYPE_CHECKING:
    from search.problem.plan_fields import PlanFields


def one_point(problem: Problem) -> str:
    """What to say where a restart escapes by classifying one point more than the plateau."""
    points = problem.data.points
    return (
        f"One point of {points} is worth {1 / points:.4g}, more than the margin of "
        f"{problem.margin:g}: a restart escapes by one point; see best --success solved."
    )


def warning_lines(cautions: Sequence[Caution], selection: Selection) -> list[str]:
    """Cautions as a launch says them, with the option that leaves out a column.

    Args:
        cautions: What is to be looked at.
        selection: The columns that are taken now, which the option has to go on from.

    Returns:
        A line for each.
    """
    return [f"Warning: {caution.message}{_cure(caution, selection)}." for caution in cautions]


def describe(fields: PlanFields, storage: str) -> None:
    """Say what was read of the data that a launch would train on; nothing is trained or written.

    Args:
        fields: What was asked for.
        storage: URL of the database, whose study has the data if none were asked for.

    Raises:
        UserError: If the data cannot be loaded, or a field other than the margin and target is at
            fault.
        RecordError: If the database cannot be read.
    """
    kept = kept_plan(storage, fields.name_among)
    plan, refusal = _planned(fields, kept)
    data = plan.problem.data if plan is not None else _data(fields, kept)
    if plan is not None:
        cautions: Sequence[Caution] = plan.cautions
    else:
        scalings = fields.scaling or SearchSpace().scalings
        scaled = scaling_cautions(data.features, data.feature_names, scalings)
        cautions = (*data.cautions, *scaled)
    lines = warning_lines(cautions, data.selection)
    if plan is not None and plan.problem.escapes_by_one_point:
        lines.append(one_point(plan.problem))
    show_data(data, [*lines, *([f"A launch is refused as it stands: {refusal}."] * bool(refusal))])


def _planned(fields: PlanFields, kept: Plan | None) -> tuple[Plan | None, str]:
    """The plan, or why there is none."""
    try:
        return fields.plan(kept), ""
    except InvalidValuesError as error:
        if not {fault.field for fault in error.faults} <= {"margin", "solved_at"}:
            raise
        said = [fault.worded(option_of(fault.field), option_of) for fault in error.faults]
        return None, "; ".join(said)


def _data(fields: PlanFields, kept: Plan | None) -> Dataset:
    base = Plan() if kept is None else kept
    return fields.dataset(None if kept is None else kept.problem.data) or base.problem.data


def _cure(caution: Caution, selection: Selection) -> str:
    """How to leave a column out; nothing where its name has a comma, which separates names."""
    if caution.column is None or "," in caution.column:
        return ""
    if selection.features:
        return f" of {option_of('features')}"
    return f" by {option_of('drop')} {shlex.quote(','.join((*selection.drop, caution.column)))}"


def ended_precise(trials: int, width: float) -> str:
    """What to say of a study that came to its precision before its size."""
    return (
        f"ended after {several(trials, 'trial')}: the leading configurations have intervals no "
        f"wider than {width:g}"
    )


def nothing_to_do(plan: Plan, settled: int) -> str:
    """What to say of a study that is launched again and needs no more trials."""
    if settled < plan.trials:
        return (
            f"Study {plan.name!r} {ended_precise(settled, plan.until_precision)} already: nothing "
            "to do. Ask for a smaller width with --until-precision."
        )
    return (
        f"Study {plan.name!r} has its {plan.trials} trials already ({settled} complete or given "
        "up): nothing to do. Ask for more with --trials."
    )
