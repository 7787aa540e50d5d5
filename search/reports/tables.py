"""What the tables for people show of standings, restarts and studies."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import (
    ALWAYS_SEARCHED,
    DIMENSIONS,
    HELD,
    factor_words,
    shown_value,
)
from search.problem.names import several, share_text, span_text
from search.problem.problem import Problem
from search.problem.success import ESCAPED, Success
from search.reports.layout import NEVER_LEFT_OUT, Column, bar, decimals
from search.reports.report import show_table
from search.statistics.escape import EscapeRate
from search.statistics.ranking import Standing, nearly_all_escape, pareto_front, untried

_OUTCOME_COLUMNS = {
    name: Column(f"\n{name}", right=True, importance=6) for name in ("escaped", "solved")
}
_STANDING_COLUMNS = (
    Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("", importance=0, is_drawn=True),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("\ndiverged", right=True, importance=3),
    Column("restarts needed\nfor 99%", importance=7),
    Column("epochs per\nescape", right=True, importance=5),
    Column("best\nseed", right=True, importance=4),
    Column("best\nloss", right=True, importance=2),
    Column("best\naccuracy", right=True, importance=2),
)
_MOST_UNTRIED = 5
TOP_OF_A_TABLE = 10
"""Configurations that a table shows unless `--top` is given; JSON and CSV hold all."""
_FEW = 0.5  # of the restarts, solve the problem
_TOO_FEW_TO_RANK = 0.02
_FRONT_COLUMN = Column("Pareto\nfront", importance=NEVER_LEFT_OUT)


def show_standings(
    study: str,
    problem: Problem,
    space: SearchSpace,
    standings: Sequence[Standing],
    top: int,
    *,
    success: Success = ESCAPED,
    front: bool = False,
    again: str = "multirestart best ",
) -> None:
    """The table of configurations, best first; with `front`, marks those of the Pareto front.

    Below it stands what it does not show: those after the `top`, and those of a finite space that
    have no complete trial. And where a ranking by escapes says little, which one says more.

    Args:
        study: Name of the study.
        problem: What it holds fixed.
        space: What it searches.
        standings: All its configurations, ranked by the criterion.
        top: How many of them to show.
        success: The criterion.
        front: Whether to mark the Pareto front.
        again: The command, for a line that says how to see more.
    """
    shown = standings[:top]
    notes = [more_configurations(len(shown), len(standings), again)]
    missing = untried(space, standings)
    if missing:
        names = [str(configuration) for configuration in missing[:_MOST_UNTRIED]]
        names += ["..."] * (len(missing) > len(names))
        have = "configuration has" if len(missing) == 1 else "configurations have"
        notes.append(f"{len(missing)} {have} no complete trial yet: {', '.join(names)}")
    notes.append(of_criterion("best", success, shown))
    others = _other_outcomes(success)
    columns = (
        *configuration_columns(space.dimensions, success),
        *_STANDING_COLUMNS[:3],
        *(_OUTCOME_COLUMNS[name] for name in others),
        *(_per(column, success) for column in _STANDING_COLUMNS[3:]),
    )
    show_table(
        titled(study, problem, success, space.vary),
        columns + ((_FRONT_COLUMN,) if front else ()),
        [
            _standing_cells(standing, others) + ["yes" if is_on_front else ""] * front
            for standing, is_on_front in zip(shown, pareto_front(standings), strict=False)
        ],
        *notes,
    )


def titled(
    study: str, problem: Problem, success: Success = ESCAPED, vary: Collection[str] = ()
) -> str:
    """The title of a table about a study; it names the criterion if one was chosen.

    vary: what the study varies of what a problem can hold.
    """
    chosen = "" if success.is_of_launch else f"; success: {success.words}"
    return f"{study}: {describe(problem, vary)}{chosen}"


def configuration_columns(
    dimensions: Iterable[str] = ALWAYS_SEARCHED, success: Success = ESCAPED
) -> tuple[Column, ...]:
    """Columns that a table of configurations begins with, for `configuration_cells`.

    dimensions: those of the configurations; success: what is counted in the last column.
    """
    of_dimensions = (
        Column(
            DIMENSIONS[name].heading,
            right=DIMENSIONS[name].is_number,
            importance=NEVER_LEFT_OUT,
            leads=True,
        )
        for name in dimensions
    )
    counted = Column(success.heading, right=True, importance=NEVER_LEFT_OUT)
    return (*of_dimensions, counted)


def _other_outcomes(success: Success) -> list[str]:
    """Outcomes that stand in columns of their own, beside the one that is the criterion."""
    return [name for name in _OUTCOME_COLUMNS if str(success) != name]


def of_criterion(command: str, success: Success, shown: Sequence[Standing]) -> str:
    """What to say of the criterion below the table of a command; nothing if it is all right.

    Args:
        command: "best" or "times".
        success: The criterion.
        shown: The standings of the configurations in the table.
    """
    alike = nearly_all_escape(shown) if success.is_of_launch else []
    if not alike:
        return ""
    which = "each" if len(alike) == len(shown) else str(len(alike))
    where = f"Nearly every restart escapes under {which} of these, but"
    fewest, most = alike[0].solve_rate, alike[-1].solve_rate
    if len(alike) > 1 and fewest.interval[1] < most.interval[0]:
        how = f"from {fewest} to {most} solve the problem"
    elif most.interval[1] < _FEW:
        how = f"{'at most ' if len(alike) > 1 else ''}{most} solve the problem"
    else:
        return ""
    if most.rate >= _TOO_FEW_TO_RANK:
        return f"{where} {how}: multirestart {command} --success solved ranks by that."
    reached = min(one.counts.best_accuracy or 0.0 for one in alike)
    return (
        f"{where} {how}: multirestart {command} --success accuracy:{_rounded_down(reached)} counts "
        f"those that are as accurate as the best."
    )


def _rounded_down(accuracy: float) -> str:
    """An accuracy by four digits that it reaches."""
    return f"{math.floor(accuracy * 10_000) / 10_000:g}"


def _per(column: Column, success: Success) -> Column:
    """A column of epochs per escape, as of epochs per success by another criterion."""
    return replace(column, title=column.title.replace("escape", success.noun))


def more_configurations(shown: int, total: int, command: str = "") -> str:
    """What to say of configurations that a table has no room for; nothing if there are none."""
    more = total - shown
    return f"{several(more, 'more configuration')}: {command}--top {total}" if more else ""


def describe(problem: Problem, vary: Collection[str] = ()) -> str:
    """A problem in one line, without what the study varies of it."""
    words = ["network"]
    if "activation" not in vary:
        words.insert(0, problem.activation)
    if "hidden" not in vary:
        words.insert(0, str(problem.network))
    training = several(problem.epochs, "epoch")
    if "batch_size" not in vary:
        training += f" of batch size {problem.batch_size}"
    unusual = [
        f"{factor_words(name)} {shown_value(getattr(problem, name))}"
        for name in HELD
        if name not in ("activation", "hidden", "batch_size", *vary)
        and getattr(problem, name) != getattr(Problem, name)
    ]
    return ", ".join(
        [
            " ".join(words),
            f"{problem.data.points} points",
            f"plateau {share_text(problem.data.plateau, 4)}",
            training,
            *unusual,
        ]
    )


def configuration_cells(configuration: Configuration, rate: EscapeRate) -> list[str]:
    """Cells of a configuration and of how many of its restarts escaped, or succeeded."""
    return [*map(shown_value, configuration.values()), str(rate)]


def dimensions_among(configurations: Iterable[Configuration]) -> tuple[str, ...]:
    """The dimensions of configurations of one study."""
    return tuple(next(iter(configurations), ALWAYS_SEARCHED))


def interval(rate: EscapeRate) -> str:
    """A rate's 95% interval as tables and sentences show it."""
    low, high = rate.interval
    return span_text(low, high)


def accuracy_text(accuracy: float | None) -> str:
    """An accuracy as tables show it; a dash if there is none."""
    return "-" if accuracy is None else share_text(accuracy, 4)


def or_dash(value: object, form: str = "") -> str:
    """A value in a form like `.4f`; a dash if there is none."""
    return "-" if value is None else format(value, form)


def _standing_cells(standing: Standing, others: Iterable[str]) -> list[str]:
    counts, rate = standing.counts, standing.success_rate
    return [
        *configuration_cells(standing.configuration, rate),
        share_text(rate.rate),
        bar(rate.rate),
        interval(rate),
        *(str(getattr(counts, name)) for name in others),
        str(counts.diverged),
        needed(standing),
        or_dash(standing.expected_epochs, ".0f"),
        or_dash(counts.best_seed),
        decimals(counts.best_loss),
        accuracy_text(counts.best_accuracy),
    ]


def needed(standing: Standing) -> str:
    """Restarts for a 99% chance of a success, with the figures for both ends of the interval."""
    fewest, most = standing.restarts_needed_interval
    if standing.restarts_needed is None:
        return f"- (at least {fewest})"
    return f"{standing.restarts_needed} ({fewest}-{or_dash(most)})"


class AsJson(Protocol):
    """A row that has its figures under their stable names."""

    def to_json(self) -> dict[str, Any]:
        """The figures."""
        ...


_MOST_ROWS = 2000
"""Of a table for people: nobody reads more, and laying out a hundred thousand takes a minute."""

RESTART_KEYS = (
    *("trial", "seed", *ALWAYS_SEARCHED),
    *("outcome", "accuracy", "undecided", "loss", "escape_epoch"),
)
_RESTART_IMPORTANCE = {
    **dict.fromkeys(("trial", "seed", "outcome"), NEVER_LEFT_OUT),
    **{"accuracy": 7, "escape_epoch": 6, "loss": 5, "undecided": 2},
}
"""What is left out first is what all restarts of a trial share; measures were asked for."""


def show_restarts(
    study: str,
    space: SearchSpace,
    restarts: Iterable[AsJson],
    total: int,
    measures: Sequence[str] = (),
) -> None:
    """The table of restarts, in the order of trials and seeds: the first of very many.

    Args:
        study: Name of the study.
        space: What it searches.
        restarts: Its restarts.
        total: How many there are.
        measures: More columns, with the figures of these names.
    """
    names = (*with_dimensions(RESTART_KEYS, space), *measures)
    columns = [
        Column(
            factor_words(name),
            right=DIMENSIONS[name].is_number if name in DIMENSIONS else name != "outcome",
            importance=_RESTART_IMPORTANCE.get(name, 4 if name in DIMENSIONS else 8),
        )
        for name in names
    ]
    rows = [
        [
            shown_value(row[name]) if name in DIMENSIONS else _restart_cell(name, row[name])
            for name in names
        ]
        for row in (recorded.to_json() for recorded in islice(restarts, _MOST_ROWS))
    ]
    more = total - len(rows)
    note = f"{more} more restarts: --format csv has all" if more else ""
    show_table(f"{study}: {total} restarts", columns, rows, note)


def with_dimensions(names: Sequence[str], space: SearchSpace) -> tuple[str, ...]:
    """Stable names of a row with those of what the study varies after the learning rate's."""
    if "learning_rate" not in names:
        return tuple(names)
    place = names.index("learning_rate") + 1
    return (*names[:place], *space.vary, *names[place:])


def _restart_cell(name: str, value: Any) -> str:
    """Numbers that are no counts have four decimals."""
    is_figure = isinstance(value, float) or name in ("accuracy", "loss")
    return decimals(value) if is_figure else or_dash(value)
