"""What restarts came to compute: the function of a typical one of each basin, over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.problem.forward import forward
from search.problem.problem import Problem
from search.problem.scaling import scaler
from search.reports.figures.plane import Plane, plane_of
from search.reports.figures.style import COLOURS, SCHEMA
from search.statistics.endings.ending import Ending, Typical
from search.statistics.endings.regions import Answer

MOST_FUNCTIONS = 6
_PLACES = 160  # along one feature
_CELLS = 44  # along each of two
_MOST_POINTS = 400
_MOST_UNITS = 4
_SHADES, _STRONGEST = 10, 0.4
_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def functions_figure(endings: Sequence[Ending], problem: Problem) -> dict[str, Any] | None:
    """The functions of the largest basins of one configuration.

    Args:
        endings: The basins, the largest first.
        problem: What their study holds fixed.

    Returns:
        A Vega-Lite specification: curves over one feature, regions over two, or over the plane of
        the first two principal components of more; None where all restarts diverged.
    """
    shown = [one for one in endings if one.typical is not None][:MOST_FUNCTIONS]
    if not shown:
        return None
    data = problem.data
    if data.features.shape[1] == 1:
        panels = [_curves(one, typical, problem) for one in shown if (typical := one.typical)]
    else:
        plane = plane_of(data)
        panels = [_regions(one.typical.answer, data, plane) for one in shown if one.typical]
    for panel, one in zip(panels, shown, strict=True):
        panel["title"] = _title(one)
    said = "What the restarts of the first configuration came to compute"
    return {
        "$schema": SCHEMA,
        "title": said,
        "description": said,
        "concat": panels,
        "columns": 3,
        "spacing": 24,
    }


def _title(one: Ending) -> dict[str, Any]:
    return {
        "text": [one.name, f"{one.basin.share} restarts"],
        "fontSize": 11,
        "fontWeight": "normal",
        "limit": 200,
    }


def _curves(ending: Ending, typical: Typical, problem: Problem) -> dict[str, Any]:
    data = problem.data
    column = data.features[:, 0]
    grid = np.linspace(column.min(), column.max(), _PLACES)
    found = _columns(typical.answer(grid[:, None]))
    several = found.shape[1] > 1
    rows = [
        {"x": round(float(x), 5), "p": round(float(p), 4), "class": data.classes[label]}
        for label, probabilities in _labelled(found)
        for x, p in zip(grid, probabilities, strict=True)
    ]
    colour: dict[str, Any] = {"value": "@ink"}
    if several:
        colour = _colour(data)
    return {
        "width": 180,
        "height": 120,
        "layer": [
            {
                "data": {"values": _hidden(ending, typical, problem, grid)},
                "mark": {"type": "line", "strokeWidth": 1, "strokeDash": [3, 2], "opacity": 0.7},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative"},
                    "y": {"field": "h", "type": "quantitative"},
                    "color": {"value": "@ink"},
                    "detail": {"field": "unit", "type": "nominal"},
                },
            },
            {
                "data": {"values": rows},
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative", "title": _name(data, 0)},
                    "y": {
                        "field": "p",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1]},
                        "title": "probability" if several else f"P({data.classes[1]})",
                        "axis": {"values": [0, 0.5, 1]},
                    },
                    "color": colour,
                    "detail": {"field": "class", "type": "nominal"},
                },
            },
            {
                "data": {"values": _points(data, data.features)},
                "mark": {"type": "tick", "thickness": 1, "size": 8, "opacity": 0.6},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative"},
                    "y": {"value": 124},
                    "color": _colour(data),
                },
            },
        ],
    }


def _hidden(
    ending: Ending, typical: Typical, problem: Problem, grid: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """The units of the first hidden layer, each over its range, if they are few.

    The range of sigmoid and tanh is theirs; that of other activations what they have on the line.
    """
    configuration = ending.configuration
    network = problem.under(configuration).network
    if network.hidden[0] > _MOST_UNITS:
        return []
    points = scaler(configuration.scaling, problem.data.features)(grid[:, None])
    units = forward(network, typical.weights[None], points).hidden[0][0]
    low, high = _RANGES.get(network.activation, (units.min(axis=0), units.max(axis=0)))
    wide = np.maximum(np.subtract(high, low), np.finfo(np.float32).tiny)
    return [
        {"x": round(float(x), 5), "h": round(float(value), 4), "unit": unit + 1}
        for unit, values in enumerate(((units - low) / wide).T)
        for x, value in zip(grid, values, strict=True)
    ]


def _regions(answer: Answer, data: Dataset, plane: Plane) -> dict[str, Any]:
    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    step = np.where(high > low, high - low, 1.0) / _CELLS
    first, second = (low[each] + step[each] * np.arange(_CELLS) for each in (0, 1))
    corners = np.array([(x, y) for y in second for x in first])
    found = _columns(answer(plane.lifted(corners + step / 2)))
    classes, sure = _shades(found)
    # A cell's class and shade in one number, so that a run of cells is of one of each.
    codes = classes * (_SHADES + 1) + sure
    rows = [
        {
            "x": round(float(first[start]), 5),
            "x2": round(float(first[end - 1] + step[0]), 5),
            "y": round(float(y), 5),
            "y2": round(float(y + step[1]), 5),
            "class": data.classes[code // (_SHADES + 1)],
            "sure": round(_STRONGEST * (code % (_SHADES + 1)) / _SHADES, 3),
        }
        for y, line in zip(second, codes.reshape(_CELLS, _CELLS), strict=True)
        for start, end, code in _runs(line)
    ]
    scale = {"zero": False, "nice": False}
    x = {"field": "x", "type": "quantitative", "scale": scale, "title": plane.titles[0]}
    y = {"field": "y", "type": "quantitative", "scale": scale, "title": plane.titles[1]}
    return {
        "width": 180,
        "height": 180,
        "layer": [
            {
                "data": {"values": rows},
                "mark": {"type": "rect", "aria": False},
                "encoding": {
                    "x": x,
                    "x2": {"field": "x2"},
                    "y": y,
                    "y2": {"field": "y2"},
                    "color": _colour(data),
                    "opacity": {
                        "field": "sure",
                        "type": "quantitative",
                        "scale": None,
                        "legend": None,
                    },
                },
            },
            {
                "data": {"values": _points(data, plane.points)},
                "mark": {"type": "point", "filled": True, "size": 14, "opacity": 0.9},
                "encoding": {"x": x, "y": y, "color": _colour(data)},
            },
        ],
    }


def _shades(found: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The likeliest class of each cell, and how strong its colour is, up to `_SHADES`.

    Of two classes it is as strong as the probability is away from 1/2; else always the same.
    """
    if found.shape[1] > 1:
        return found.argmax(axis=1), np.full(len(found), _SHADES)
    away = np.abs(2 * found[:, 0] - 1) * _SHADES
    return (found[:, 0] > 0.5).astype(np.intp), away.round().astype(np.intp)


def _runs(line: NDArray[np.intp]) -> list[tuple[int, int, int]]:
    """Stretches of one code along a line of cells: where each begins and ends, and the code."""
    changes = np.flatnonzero(np.diff(line)) + 1
    starts, ends = np.append(0, changes), np.append(changes, len(line))
    return [(int(a), int(b), int(line[a])) for a, b in zip(starts, ends, strict=True)]


def _points(data: Dataset, at: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Points to draw, where they are: all, or as many evenly chosen ones as can be told apart."""
    chosen = np.unique(np.linspace(0, data.points - 1, min(data.points, _MOST_POINTS)).astype(int))
    return [
        {
            **{
                name: round(float(value), 5)
                for name, value in zip(("x", "y"), at[place], strict=False)
            },
            "class": data.classes[data.labels[place]],
        }
        for place in chosen
    ]


def _colour(data: Dataset) -> dict[str, Any]:
    classes = list(data.classes)
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(classes))]
    return {
        "field": "class",
        "type": "nominal",
        "scale": {"domain": classes, "range": colours},
        "title": "class",
        "legend": {"symbolOpacity": 1},
    }


def _columns(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    return answers[:, None] if answers.ndim == 1 else answers


def _labelled(found: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
    """Each curve with the class that it is the probability of."""
    if found.shape[1] == 1:
        return [(1, found[:, 0])]
    return list(enumerate(found.T))


def _name(data: Dataset, feature: int) -> str:
    name = data.feature_names[feature]
    return f"feature {name}" if not data.names else name
