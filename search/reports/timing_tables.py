"""What people see of escape times: the table of configurations, and two curves side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from search.problem.names import share_text
from search.problem.problem import Problem
from search.problem.success import ESCAPED, Success
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import fitted, say, show_table
from search.reports.tables import (
    configuration_cells,
    configuration_columns,
    dimensions_among,
    interval,
    more_configurations,
    or_dash,
    titled,
)
from search.statistics.cutoff import FEWEST_ESCAPED, RESAMPLES, SEED, Cost
from search.statistics.survival import SurvivalCurve
from search.statistics.timing import Comparison, Timing

_TIMES_COLUMNS = (
    Column("\ndiverged", right=True, importance=1),
    Column("median epochs\nto {per}", right=True, importance=NEVER_LEFT_OUT),
    Column("epochs per {per}\nwithout cutoff", right=True, importance=8),
    Column("\ncutoff", right=True, importance=7),
    Column("epochs per {per}\nat cutoff", right=True, importance=6),
)
_COMPARE_MARK = Column("", importance=NEVER_LEFT_OUT, leads=True)
_COMPARE_COLUMNS = (
    Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("\ndiverged", right=True, importance=1),
    Column("median epochs\nto {per}", right=True, importance=NEVER_LEFT_OUT),
)
_COMPARE_STUDY = Column("\nstudy", importance=NEVER_LEFT_OUT)
_PLOT_WIDTH, _PLOT_HEIGHT = 64, 11
_MARKS = ("●", "○", "◐")  # the first, the second, both in one place


def show_timings(
    study: str,
    problem: Problem,
    timings: Sequence[Timing],
    top: int,
    *,
    success: Success = ESCAPED,
    note: str = "",
) -> None:
    """The table of times to success and of when to give up, best first, and the advice.

    Args:
        study: Name of the study.
        problem: What it holds fixed.
        timings: All its configurations, ranked.
        top: How many of them to show.
        success: The criterion.
        note: What else to say below the table.
    """
    shown = timings[:top]
    dimensions = dimensions_among(timing.configuration for timing in shown)
    rests = (
        f"Intervals are of 95%; those of epochs per {success.noun} by {RESAMPLES:,} resamples of "
        f"the restarts, seed {SEED}.\n"
        "A cutoff is chosen on one half of the restarts; what it costs, and what that is instead "
        "of, is measured on the other half.\n"
        f"Restarts that had not {success.past} by the last epoch are censored there, diverged ones "
        "too."
    )
    show_table(
        titled(study, problem, success, dimensions),
        (*configuration_columns(dimensions, success), *_worded(_TIMES_COLUMNS, success)),
        [_times_cells(timing) for timing in shown],
        rests,
        more_configurations(len(shown), len(timings)),
        note,
    )
    advised = [f"{timing.name}: {timing.advice}" for timing in shown if timing.cutoff]
    if len(advised) < len(shown):
        others = "the others" if advised else "these"
        advised.append(
            f"For {others} no cutoff: to choose one, {FEWEST_ESCAPED} restarts must have "
            f"{success.past}."
        )
    if advised:
        say("\n".join(fitted("", *advised)))


def show_comparison(
    study: str, problem: Problem, comparison: Comparison, other: tuple[str, Problem] | None = None
) -> None:
    """Two configurations with their test, what follows from it, and their curves.

    Args:
        study: Name of the study.
        problem: What it holds fixed.
        comparison: The two.
        other: The study of the second one and what it holds, if that is another.
    """
    pair, test = (comparison.first, comparison.second), comparison.test
    success = comparison.first.success
    dimensions = dimensions_among(timing.configuration for timing in pair)
    title = titled(study, problem, success, dimensions)
    if other is not None:
        title += f"; {titled(*other, success, dimensions)}"
    show_table(
        title,
        (
            _COMPARE_MARK,
            *((_COMPARE_STUDY,) if other is not None else ()),
            *configuration_columns(dimensions, success),
            *_worded(_COMPARE_COLUMNS, success),
        ),
        [_compare_cells(mark, timing) for mark, timing in zip(_MARKS, pair, strict=False)],
    )
    lines = [] if test is None else [f"Log-rank chi-squared {test.statistic:.1f}, {_p(test.p)}:"]
    curves = plot([timing.curve for timing in pair], problem.epochs, success.past)
    say("\n".join([*fitted("", *lines, comparison.verdict), "", *curves]))


def plot(curves: Sequence[SurvivalCurve], epochs: int, past: str = "escaped") -> list[str]:
    """Two curves of "not yet escaped" over the epochs, as lines of text.

    past: what the restarts have done.
    """
    width = min(_PLOT_WIDTH, epochs + 1)
    columns = np.linspace(0, epochs, width).round().astype(np.int64)
    canvas = [[" "] * width for _ in range(_PLOT_HEIGHT)]
    for curve, mark in zip(curves, _MARKS, strict=False):
        rows = ((1 - curve.evaluate(columns)) * (_PLOT_HEIGHT - 1)).round().astype(int)
        for column, row in enumerate(rows):
            canvas[row][column] = mark if canvas[row][column] == " " else _MARKS[2]
    labels = {0: "100%", (_PLOT_HEIGHT - 1) // 2: "50%", _PLOT_HEIGHT - 1: "0%"}
    lines = [
        f"{labels.get(row, ''):>4} {'┤' if row in labels else '│'}{''.join(cells)}".rstrip()
        for row, cells in enumerate(canvas)
    ]
    end = str(epochs)
    return [
        f"not yet {past}",
        *lines,
        f"{'':5}└{'─' * width}",
        f"{'':5} 0{end:>{width - 1}} epochs",
    ]


def _worded(columns: Iterable[Column], success: Success) -> list[Column]:
    return [replace(column, title=column.title.format(per=success.noun)) for column in columns]


def _times_cells(timing: Timing) -> list[str]:
    cutoff = timing.cutoff
    at_cutoff = cutoff.at_chosen if cutoff and cutoff.holds else None
    return [
        *configuration_cells(timing.configuration, timing.escape_rate),
        str(timing.row.diverged),
        _median(timing),
        _cost(cutoff.full) if cutoff else or_dash(timing.expected_epochs, ".0f"),
        or_dash(cutoff.recommended if cutoff else None),
        _cost(at_cutoff) if at_cutoff else "-",
    ]


def _compare_cells(mark: str, timing: Timing) -> list[str]:
    rate = timing.escape_rate
    return [
        mark,
        *(() if timing.study is None else (timing.study,)),
        *configuration_cells(timing.configuration, rate),
        share_text(rate.rate),
        interval(rate),
        str(timing.row.diverged),
        _median(timing),
    ]


def _median(timing: Timing) -> str:
    median = timing.curve.median
    low, high = timing.curve.median_interval
    if low is None:
        return f"over {timing.epochs}"
    shown = f"over {timing.epochs}" if median is None else str(median)
    return f"{shown} ({low}-{'' if high is None else high})"


def _cost(cost: Cost) -> str:
    high = "" if cost.high is None else f"{cost.high:.0f}"
    return f"{cost.epochs_per_escape:.0f} ({cost.low:.0f}-{high})"


def _p(p: float) -> str:
    return "p below 1e-300" if p < 1e-300 else f"p = {p:.2g}"
