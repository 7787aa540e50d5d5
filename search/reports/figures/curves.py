"""How soon restarts succeed: the share that has not yet, over the epochs, and how many are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.problem.names import share_text, span_text
from search.problem.success import Success
from search.reports.figures.names import short_names
from search.reports.figures.style import COLOURS, SCHEMA, WIDTH
from search.statistics.timing import Timing

MOST_CURVES = len(COLOURS)
"""Curves that can be told apart."""
_DASHES = ([1, 0], [1, 0], [1, 0], [6, 2], [3, 2], [8, 2, 2, 2])
_MOST_STEPS = 200
_TIMES_AT_RISK = 6
_TOLD = 24  # places along a curve that tell their counts under the pointer


def curves_figure(timings: Sequence[Timing], epochs: int, success: Success) -> dict[str, Any]:
    """Kaplan-Meier curves with pointwise 95% bands, and below the restarts that are left.

    Args:
        timings: Of up to `MOST_CURVES` configurations.
        epochs: Epochs that each restart was given.
        success: The criterion.

    Returns:
        A Vega-Lite specification.
    """
    shown = timings[:MOST_CURVES]
    names = short_names([timing.configuration for timing in shown])
    colour = {
        "field": "configuration",
        "type": "nominal",
        "scale": {"domain": names, "range": list(COLOURS[: len(names)])},
        "title": None,
        "legend": {
            "orient": "top",
            "columns": 2,
            "symbolType": "stroke",
            "symbolStrokeWidth": 3,
            "symbolOpacity": 1,
        },
    }
    # Dashes tell curves apart too where colours do not.
    dash = {**colour, "scale": {"domain": names, "range": list(_DASHES[: len(names)])}}
    scale = {"domain": [0, epochs], "nice": False}
    axis = {"labelOverlap": "greedy", "tickCount": 8, "title": "epoch"}
    x = {"field": "epoch", "type": "quantitative", "scale": scale, "axis": axis}
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    title = f"Share of restarts that have not yet {success.past}"
    band = {
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.15, "aria": False},
        "encoding": {
            "x": x,
            "y": {**y, "field": "low", "title": f"not yet {success.past}"},
            "y2": {"field": "high"},
            "color": colour,
        },
    }
    line = {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "aria": False},
        "encoding": {
            "x": x,
            "y": {**y, "field": "left", "title": f"not yet {success.past}"},
            "color": colour,
            "strokeDash": dash,
        },
    }
    told = {
        "data": {
            "values": [
                row
                for name, timing in zip(names, shown, strict=True)
                for row in _told(curve_rows(timing, epochs, name), timing, success)
            ]
        },
        "mark": {"type": "point", "filled": True, "size": 140, "opacity": 0},
        "encoding": {
            "x": x,
            "y": {**y, "field": "left", "title": f"not yet {success.past}"},
            "description": {"field": "said", "type": "nominal"},
        },
    }
    curves = {
        "width": WIDTH,
        "height": 280,
        "data": {
            "values": [
                row
                for name, timing in zip(names, shown, strict=True)
                for row in curve_rows(timing, epochs, name)
            ]
        },
        "layer": [band, line, told],
    }
    at_risk = {
        "width": WIDTH,
        "height": {"step": 16},
        "title": {"text": "restarts left", "fontSize": 12, "fontWeight": "normal"},
        "data": {
            "values": [
                row
                for name, timing in zip(names, shown, strict=True)
                for row in _left(name, timing, epochs)
            ]
        },
        "mark": {"type": "text", "fontSize": 11},
        "encoding": {
            "x": {**x, "axis": None},
            "y": {
                "field": "configuration",
                "type": "nominal",
                "sort": names,
                "axis": {"domain": False, "ticks": False, "title": None, "offset": 22},
            },
            "text": {"field": "left"},
        },
    }
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}, by epoch, with pointwise 95% intervals",
        "vconcat": [curves, at_risk],
        "spacing": 12,
    }


def curve_rows(timing: Timing, epochs: int, name: str | None = None) -> list[dict[str, Any]]:
    """What figures show of a curve: a row for each step of it, up to 200, with its interval.

    name: what its configuration is called; its name on the command line if None.
    """
    curve, times = timing.curve, timing.times
    at = np.unique(np.concatenate(([0], times.at, [epochs])))
    if len(at) > _MOST_STEPS:
        at = np.unique(np.linspace(0, epochs, _MOST_STEPS).round().astype(np.int64))
    place = np.searchsorted(times.at, at, side="right")
    # Before the first escape, and where nothing is left, the interval has no value of its own.
    low = np.concatenate(([1.0], np.nan_to_num(curve.low, nan=0.0)))[place]
    high = np.concatenate(([1.0], np.nan_to_num(curve.high, nan=0.0)))[place]
    return [
        {
            "configuration": name or timing.name,
            "epoch": int(epoch),
            "left": round(float(left), 4),
            "low": round(float(lower), 4),
            "high": round(float(upper), 4),
        }
        for epoch, left, lower, upper in zip(at, curve.evaluate(at), low, high, strict=True)
    ]


def _told(rows: Sequence[dict[str, Any]], timing: Timing, success: Success) -> list[dict[str, Any]]:
    """Some steps of a curve with their counts in words, for who points at them."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _TOLD)).round().astype(int))
    found = []
    for row in (rows[place] for place in chosen):
        left = timing.times.restarts - int(timing.times.escaped_by(row["epoch"]))
        said = (
            f"{row['configuration']}: by epoch {row['epoch']}, {left} of {timing.times.restarts} "
            f"not yet {success.past}, {share_text(row['left'])} "
            f"({span_text(row['low'], row['high'], ' to ')})"
        )
        found.append({"epoch": row["epoch"], "left": row["left"], "said": said})
    return found


def _left(name: str, timing: Timing, epochs: int) -> list[dict[str, Any]]:
    at = np.unique(np.linspace(0, epochs, _TIMES_AT_RISK).round().astype(np.int64))
    left = timing.times.restarts - timing.times.escaped_by(at)
    return [
        {"configuration": name, "epoch": int(epoch), "left": int(count)}
        for epoch, count in zip(at, left, strict=True)
    ]
