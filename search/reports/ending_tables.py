"""What the tables and pictures for people show of where restarts end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click
import numpy as np

from search.problem.datasets import Dataset
from search.problem.problem import Problem
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table, terminal_width
from search.reports.tables import describe, interval, or_dash
from search.statistics.endings.basins import Basin
from search.statistics.endings.class_pictures import (
    MARKS,
    class_chart,
    class_plane,
    class_strip,
    true_class_plane,
    true_classes,
)
from search.statistics.endings.ending import Ending, Typical
from search.statistics.endings.kinds import constant_loss
from search.statistics.endings.parts import compared
from search.statistics.endings.pictures import (
    beside,
    chart,
    framed,
    plane,
    strip,
    true_plane,
    true_strip,
)
from search.statistics.endings.symmetry import is_exact
from search.statistics.endings.units import describe_units

_STRIP = 24
_PLANE = (22, 9)
_SHOWN_WEIGHTS = 30
_ORIENTATIONS = 4
_CLASS_COLUMNS = 3


def show_endings(
    study: str, problem: Problem, configurations: Sequence[Sequence[Ending]], *notes: str
) -> None:
    """The table of basins, configuration by configuration, how it is to be read, and notes."""
    data = problem.data
    one_feature = data.features.shape[1] == 1
    one = data.classes[1]
    two_classes = len(data.classes) == 2
    mirrored = any(len(e.basin.orientations) > 1 for endings in configurations for e in endings)
    columns = [
        Column("configuration\n  ends as", importance=NEVER_LEFT_OUT),
        Column("\nrestarts", right=True, importance=NEVER_LEFT_OUT),
        *([Column("in so many\norientations", importance=8)] if mirrored else []),
        Column("\nshare", right=True, importance=7),
        Column("95%\ninterval", importance=8),
        Column("\nloss", right=True, importance=NEVER_LEFT_OUT),
        Column("lowest and\nhighest", importance=4),
    ]
    if two_classes:
        columns.append(Column(f"probability\nof class {one}", right=True, importance=6))
    if one_feature and two_classes:
        low, high = data.features.min(), data.features.max()
        title = f"class {one} from {low:.4g} to {high:.4g}\n{true_strip(data, _STRIP)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT))
    elif one_feature:
        low, high = data.features.min(), data.features.max()
        title = f"class from {low:.4g} to {high:.4g}\n{true_classes(data, _STRIP)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT))
    elif len(data.classes) > _CLASS_COLUMNS:
        title = f"points right of\n{', '.join(data.classes)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT - 1))
    else:
        columns.extend(
            Column(f"class {name}\nright", right=True, importance=9) for name in data.classes
        )
    columns.append(Column("typical\nseed", right=True, importance=5))
    columns.append(Column("its hidden\nunits", importance=3))
    rows: list[list[str]] = []
    varied: set[str] = set()
    for endings in configurations:
        configuration = endings[0].configuration
        varied.update(configuration.others)
        heading = [str(configuration), *[""] * (len(columns) - 1)]
        held = problem.under(configuration)
        rows += [heading, *(_cells(held, ending, mirrored) for ending in endings)]
    title = f"{study}: {describe(problem, varied)}"
    show_table(title, columns, rows, _reading(problem, mirrored), *notes)


def show_configuration(study: str, problem: Problem, endings: Sequence[Ending]) -> None:
    """The table of one configuration's basins, then each basin's typical member, with pictures."""
    show_endings(study, problem, [endings])
    for ending in endings:
        for line in ("", *_about(problem, ending)):
            click.echo(line)
    if problem.data.features.shape[1] == 2:
        for line in ("", *_gallery(problem, endings)):
            click.echo(line)


def _reading(problem: Problem, mirrored: bool) -> str:
    """How the table is to be read."""
    data = problem.data
    two_classes = len(data.classes) == 2
    note = (
        f"The best constant answer's loss is {constant_loss(data.labels):.4f}. Loss and "
        f"{'probability' if two_classes else 'points right'} are the typical restart's: that of "
        "the median loss."
    )
    if data.features.shape[1] == 1:
        what = f"probability of class {data.classes[1]} by height" if two_classes else _legend(data)
        note += f"\nPictures: {what}; the data's own in the heading."
    if mirrored:
        note += (
            "\nOrientations are mirror images by a symmetry of the data that holds "
            f"{'exactly' if is_exact(data) else 'nearly'}, with the restarts of each."
        )
    return note


def _cells(problem: Problem, ending: Ending, mirrored: bool) -> list[str]:
    data, basin, typical = problem.data, ending.basin, ending.typical
    two_classes, one_feature = len(data.classes) == 2, data.features.shape[1] == 1
    columns = 1 if one_feature or len(data.classes) > _CLASS_COLUMNS else len(data.classes)
    if typical is None:
        levels, units = "-", "-"
        function = [_merged(basin)] if one_feature else ["-"] * columns
    else:
        levels = _levels(typical)
        units = _units(problem, typical)
        if one_feature:
            drawn = strip if two_classes else class_strip
            function = [drawn(data, typical.answer, _STRIP)]
        elif columns == 1:
            function = [", ".join(map(str, typical.regions.right))]
        else:
            function = _right(problem, typical)
    return [
        f"  {ending.name}",
        str(basin.share),
        *([_orientations(basin)] if mirrored else []),
        f"{basin.share.rate:.3f}",
        interval(basin.share),
        or_dash(basin.loss, ".4f"),
        _ends(basin.loss_low, basin.loss_high, ".4f", "-"),
        *([levels] if two_classes else []),
        *function,
        or_dash(basin.seed),
        units,
    ]


def _legend(data: Dataset) -> str:
    """Which mark stands for which class, where there are more than two."""
    marks = ", ".join(f"{mark} {name}" for mark, name in zip(MARKS, data.classes, strict=False))
    return f"the likeliest class, {marks}"


def _alike(problem: Problem, basin: Basin) -> str:
    """On how many points its restarts can differ."""
    points = len(compared(problem.data.points))
    each = basin.orientations
    what = f"in {len(each)} orientations: {', '.join(map(str, each))}; " if len(each) > 1 else ""
    if basin.differs:
        return f"{what}but for at most {basin.differs} of {points} points"
    return f"{what}on all {points} points"


def _levels(typical: Typical) -> str:
    """The probabilities of the lower part and the higher one, and of what is undecided between."""
    low, high = typical.regions.low, typical.regions.high
    return _ends(low, high, ".2f", ", 1/2, " if typical.regions.undecided else ", ")


def _orientations(basin: Basin) -> str:
    """How many there are and the restarts of the largest; nothing of one alone."""
    each = basin.orientations
    if len(each) < 2:
        return ""
    shown = ", ".join(map(str, each[:_ORIENTATIONS]))
    return f"{len(each)}: {shown}{', ...' if len(each) > _ORIENTATIONS else ''}"


def _merged(basin: Basin) -> str:
    kinds = ", ".join(f"{restarts} {kind.value}" for kind, _, restarts in basin.merged)
    return textwrap.shorten(kinds, _STRIP, placeholder=" ...")


def _ends(low: float | None, high: float | None, form: str, between: str) -> str:
    """Two ends, one of them if both read the same."""
    return between.join(dict.fromkeys((or_dash(low, form), or_dash(high, form))))


def _right(problem: Problem, typical: Typical) -> list[str]:
    of = problem.data.class_sizes
    return [f"{right} of {all_}" for right, all_ in zip(typical.regions.right, of, strict=True)]


def _units(problem: Problem, typical: Typical) -> str:
    return describe_units(typical.units, several_layers=len(problem.hidden) > 1)


def _about(problem: Problem, ending: Ending) -> Iterator[str]:
    """A basin's heading and what there is to say of its typical member."""
    basin, typical = ending.basin, ending.typical
    rate = f"{basin.share.rate:.3f}, {interval(basin.share)}"
    yield click.style(f"{ending.name}: {basin.share} restarts ({rate})", bold=True)
    yield from _entry("computes", ending.words)
    if basin.differs is not None and basin.share.escaped > 1:
        yield from _entry("alike", _alike(problem, basin))
    if basin.seed is not None:
        loss = "not finite" if basin.loss is None else f"{basin.loss:.4f}"
        yield from _entry("typical", f"trial {basin.trial}, seed {basin.seed}, loss {loss}")
    if typical is None:
        return
    yield from _entry("hidden", _units(problem, typical))
    yield from _entry("weights", _weights(problem, typical))
    if problem.data.features.shape[1] == 1:
        two_classes = len(problem.data.classes) == 2
        drawn = chart if two_classes else class_chart
        yield from (f"  {line}" for line in drawn(problem.data, typical.answer))


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
    two_classes = len(problem.data.classes) == 2
    points, network = (true_plane, plane) if two_classes else (true_class_plane, class_plane)
    pictures = [_titled("the data", points(problem.data, *_PLANE))]
    for ending in endings:
        if ending.typical is not None:
            title = f"{ending.name}, {ending.basin.share.escaped}"
            pictures.append(_titled(title, network(problem.data, ending.typical.answer, *_PLANE)))
    low, high = (np.round(f(problem.data.features, axis=0), 2) for f in (np.min, np.max))
    if two_classes:
        zero, one = problem.data.classes
        yield (
            f"Points: · class {zero}, █ class {one}. Networks: the fuller, the likelier class "
            f"{one}, in fifths."
        )
    else:
        yield f"Points: their class; networks: {_legend(problem.data)}."
    yield (
        f"First feature {low[0]:g} to {high[0]:g} across, second {low[1]:g} to {high[1]:g} upwards."
    )
    in_a_row = max(1, (min(terminal_width(), 150) + 2) // (_PLANE[0] + 4))
    for first in range(0, len(pictures), in_a_row):
        yield from (line.rstrip() for line in beside(pictures[first : first + in_a_row]))


def _titled(title: str, picture: list[str]) -> list[str]:
    return [f"{title[: _PLANE[0] + 2]:<{_PLANE[0] + 2}}", *framed(picture)]
