"""What the tables and pictures for people show of where restarts end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click
import numpy as np

from search.problem.problem import Problem
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table, terminal_width
from search.reports.tables import describe, interval, or_dash
from search.statistics.endings.basins import Basin, constant_loss
from search.statistics.endings.ending import Ending, Typical
from search.statistics.endings.pictures import (
    beside,
    chart,
    framed,
    plane,
    strip,
    true_plane,
    true_strip,
)
from search.statistics.endings.units import describe_units

_STRIP = 24
_PLANE = (22, 9)
_SHOWN_WEIGHTS = 30


def show_endings(
    study: str, problem: Problem, configurations: Sequence[Sequence[Ending]], *notes: str
) -> None:
    """The table of basins, configuration by configuration, how it is to be read, and notes."""
    data = problem.data
    one_feature = data.features.shape[1] == 1
    one = data.classes[1]
    columns = [
        Column("configuration\n  ends as", importance=NEVER_LEFT_OUT),
        Column("\nrestarts", right=True, importance=NEVER_LEFT_OUT),
        Column("\nshare", right=True, importance=7),
        Column("95%\ninterval", importance=8),
        Column("\nloss", right=True, importance=NEVER_LEFT_OUT),
        Column("lowest and\nhighest", importance=4),
        Column(f"probability\nof class {one}", right=True, importance=6),
    ]
    if one_feature:
        low, high = data.features.min(), data.features.max()
        title = f"class {one} from {low:.4g} to {high:.4g}\n{true_strip(data, _STRIP)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT))
    else:
        columns.extend(
            Column(f"class {name}\nright", right=True, importance=9) for name in data.classes
        )
    columns.append(Column("typical\nseed", right=True, importance=5))
    columns.append(Column("its hidden\nunits", importance=3))
    rows: list[list[str]] = []
    for endings in configurations:
        name = str(endings[0].configuration)
        heading = [name, *[""] * (len(columns) - 1)]
        rows += [heading, *(_cells(problem, ending, one_feature) for ending in endings)]
    show_table(f"{study}: {describe(problem)}", columns, rows, _reading(problem), *notes)


def show_configuration(study: str, problem: Problem, endings: Sequence[Ending]) -> None:
    """The table of one configuration's basins, then each basin's typical member, with pictures."""
    show_endings(study, problem, [endings])
    for ending in endings:
        for line in ("", *_about(problem, ending)):
            click.echo(line)
    if problem.data.features.shape[1] == 2:
        for line in ("", *_gallery(problem, endings)):
            click.echo(line)


def _reading(problem: Problem) -> str:
    """How the table is to be read."""
    note = (
        f"The best constant answer's loss is {constant_loss(problem.data.labels):.4f}. Loss and "
        "probability are the typical restart's: that of the median loss."
    )
    if problem.data.features.shape[1] == 1:
        note += f"\nPictures: probability of class {problem.data.classes[1]} by height; the data's "
        note += "own in the heading."
    return note


def _cells(problem: Problem, ending: Ending, one_feature: bool) -> list[str]:
    basin, typical = ending.basin, ending.typical
    if typical is None:
        levels, units = "-", "-"
        function = [_merged(basin)] if one_feature else ["-", "-"]
    else:
        levels = _ends(typical.regions.low, typical.regions.high, ".2f", ", ")
        units = _units(problem, typical)
        function = (
            [strip(problem.data, typical.answer, _STRIP)]
            if one_feature
            else _right(problem, typical)
        )
    return [
        f"  {ending.name}",
        str(basin.share),
        f"{basin.share.rate:.3f}",
        interval(basin.share),
        or_dash(basin.loss, ".4f"),
        _ends(basin.loss_low, basin.loss_high, ".4f", "-"),
        levels,
        *function,
        or_dash(basin.seed),
        units,
    ]


def _merged(basin: Basin) -> str:
    kinds = ", ".join(f"{restarts} {kind.value}" for kind, _, restarts in basin.merged)
    return textwrap.shorten(kinds, _STRIP, placeholder=" ...")


def _ends(low: float | None, high: float | None, form: str, between: str) -> str:
    """Two ends, one of them if both read the same."""
    return between.join(dict.fromkeys((or_dash(low, form), or_dash(high, form))))


def _right(problem: Problem, typical: Typical) -> list[str]:
    ones = int(problem.data.labels.sum())
    of = (problem.data.points - ones, ones)
    return [f"{right} of {all_}" for right, all_ in zip(typical.regions.right, of, strict=True)]


def _units(problem: Problem, typical: Typical) -> str:
    return describe_units(typical.units, several_layers=len(problem.hidden) > 1)


def _about(problem: Problem, ending: Ending) -> Iterator[str]:
    """A basin's heading and what there is to say of its typical member."""
    basin, typical = ending.basin, ending.typical
    rate = f"{basin.share.rate:.3f}, {interval(basin.share)}"
    yield click.style(f"{ending.name}: {basin.share} restarts ({rate})", bold=True)
    yield from _entry("computes", ending.words)
    if basin.seed is not None:
        loss = "not finite" if basin.loss is None else f"{basin.loss:.4f}"
        yield from _entry("typical", f"trial {basin.trial}, seed {basin.seed}, loss {loss}")
    if typical is None:
        return
    yield from _entry("hidden", _units(problem, typical))
    yield from _entry("weights", _weights(problem, typical))
    if problem.data.features.shape[1] == 1:
        yield from (f"  {line}" for line in chart(problem.data, typical.answer))


def _entry(label: str, text: str) -> list[str]:
    width = min(terminal_width(), 110)
    return textwrap.wrap(
        text,
        width,
        initial_indent=f"  {label:<10}",
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
    )


def _weights(problem: Problem, typical: Typical) -> str:
    """Each layer's kernel row by row and its bias, for a network small enough to be read."""
    if len(typical.weights) > _SHOWN_WEIGHTS:
        return f"{len(typical.weights)}; --format json lists them"

    def numbers(start: int, end: int) -> str:
        return " ".join(f"{weight:.3g}" for weight in typical.weights[start:end])

    layers = problem.network.layers
    names = [f"hidden {n}" if len(layers) > 2 else "hidden" for n in range(1, len(layers))]
    return "; ".join(
        f"{name} {numbers(layer.start, layer.bias)}, bias {numbers(layer.bias, layer.end)}"
        for name, layer in zip([*names, "output"], layers, strict=True)
    )


def _gallery(problem: Problem, endings: Sequence[Ending]) -> Iterator[str]:
    """The data and every typical member's answer in the plane, as many in a row as fit."""
    pictures = [_titled("the data", true_plane(problem.data, *_PLANE))]
    for ending in endings:
        if ending.typical is not None:
            title = f"{ending.name}, {ending.basin.share.escaped}"
            pictures.append(_titled(title, plane(problem.data, ending.typical.answer, *_PLANE)))
    zero, one = problem.data.classes
    low, high = (np.round(f(problem.data.features, axis=0), 2) for f in (np.min, np.max))
    yield (
        f"Points: · class {zero}, █ class {one}. Networks: the fuller, the likelier class {one}, "
        "in fifths."
    )
    yield (
        f"First feature {low[0]:g} to {high[0]:g} across, second {low[1]:g} to {high[1]:g} upwards."
    )
    in_a_row = max(1, (min(terminal_width(), 150) + 2) // (_PLANE[0] + 4))
    for first in range(0, len(pictures), in_a_row):
        yield from (line.rstrip() for line in beside(pictures[first : first + in_a_row]))


def _titled(title: str, picture: list[str]) -> list[str]:
    return [f"{title[: _PLANE[0] + 2]:<{_PLANE[0] + 2}}", *framed(picture)]
