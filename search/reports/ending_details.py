"""Where the restarts of one configuration end, at length: words, weights and pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from search.problem.names import share_text
from search.problem.problem import Problem
from search.reports.ending_tables import legend, show_endings, units
from search.reports.layout import decimals
from search.reports.report import heading, say, terminal_width
from search.reports.tables import interval
from search.statistics.endings.basins import Basin
from search.statistics.endings.class_pictures import class_chart, class_plane, true_class_plane
from search.statistics.endings.ending import Ending, Typical
from search.statistics.endings.parts import compared
from search.statistics.endings.pictures import beside, chart, framed, plane, true_plane

_PLANE = (22, 9)
_SHOWN_WEIGHTS = 30


def show_configuration(study: str, problem: Problem, endings: Sequence[Ending]) -> None:
    """The table of one configuration's basins, then each basin's typical member, with pictures."""
    show_endings(study, problem, [endings])
    for ending in endings:
        for line in ("", *_about(problem, ending)):
            say(line)
    if problem.data.features.shape[1] == 2:
        for line in ("", *_gallery(problem, endings)):
            say(line)


def _about(problem: Problem, ending: Ending) -> Iterator[str]:
    """A basin's heading and what there is to say of its typical member."""
    basin, typical = ending.basin, ending.typical
    rate = f"{share_text(basin.share.rate)}, {interval(basin.share)}"
    yield heading(f"{ending.name}: {basin.share} restarts ({rate})")
    yield from _entry("computes", ending.words)
    if basin.differs is not None and basin.share.escaped > 1:
        yield from _entry("alike", _alike(problem, basin))
    if basin.seed is not None:
        loss = "not finite" if basin.loss is None else decimals(basin.loss)
        yield from _entry("typical", f"trial {basin.trial}, seed {basin.seed}, loss {loss}")
    if typical is None:
        return
    yield from _entry("hidden", units(problem, typical))
    yield from _entry("weights", _weights(problem, typical))
    if problem.data.features.shape[1] == 1:
        two_classes = len(problem.data.classes) == 2
        drawn = chart if two_classes else class_chart
        yield from (f"  {line}" for line in drawn(problem.data, typical.answer))


def _alike(problem: Problem, basin: Basin) -> str:
    """On how many points its restarts can differ."""
    points = len(compared(problem.data.points))
    each = basin.orientations
    what = f"in {len(each)} orientations: {', '.join(map(str, each))}; " if len(each) > 1 else ""
    if basin.differs:
        return f"{what}but for at most {basin.differs} of {points} points"
    return f"{what}on all {points} points"


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
        f"{name} {numbers(layer.start, layer.bias)}"
        + (f", bias {numbers(layer.bias, layer.end)}" if layer.use_bias else "")
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
        yield f"Points: their class; networks: {legend(problem.data)}."
    yield (
        f"First feature {low[0]:g} to {high[0]:g} across, second {low[1]:g} to {high[1]:g} upwards."
    )
    in_a_row = max(1, (min(terminal_width(), 150) + 2) // (_PLANE[0] + 4))
    for first in range(0, len(pictures), in_a_row):
        yield from (line.rstrip() for line in beside(pictures[first : first + in_a_row]))


def _titled(title: str, picture: list[str]) -> list[str]:
    return [f"{title[: _PLANE[0] + 2]:<{_PLANE[0] + 2}}", *framed(picture)]
