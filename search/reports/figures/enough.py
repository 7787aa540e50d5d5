"""How many restarts are enough: the chance that one of n succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.problem.names import share_text, span_text
from search.problem.success import Success
from search.reports.figures.names import short_names
from search.reports.figures.style import COLOURS, SCHEMA
from search.statistics.escape import CERTAINTY
from search.statistics.ranking import Standing

MOST_LINES = 4
_FEWEST, _MOST = 10, 40
"""Restarts at which the axis ends, at least and at most."""


def enough_figure(standings: Sequence[Standing], success: Success) -> dict[str, Any] | None:
    """The chance of at least one success among n restarts, 1 - (1 - rate)^n, with what the ends
    of the rate's 95% interval make of it.

    Args:
        standings: Configurations, ranked; drawn are the first that have a success.
        success: The criterion.

    Returns:
        A Vega-Lite specification; None where none has a success.
    """
    shown = [one for one in standings if one.counts.successes][:MOST_LINES]
    if not shown:
        return None
    names = short_names([one.configuration for one in shown])
    end = int(np.clip(max(one.restarts_needed or 1 for one in shown), _FEWEST, _MOST))
    rows = [
        row
        for name, one in zip(names, shown, strict=True)
        for row in _rows(name, one, end, success)
    ]
    colour = {
        "field": "configuration",
        "type": "nominal",
        "scale": {"domain": names, "range": list(COLOURS[: len(names)])},
        "title": None,
        "legend": {"orient": "top", "columns": 2, "symbolOpacity": 1},
    }
    x = {
        "field": "restarts",
        "type": "quantitative",
        "scale": {"domain": [1, end], "nice": False},
        "title": "restarts",
    }
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    title = f"chance of at least one {success.noun}"
    said = "How many restarts are enough"
    return {
        "$schema": SCHEMA,
        "title": said,
        "description": f"{said}: {title} among so many",
        "width": 420,
        "height": 220,
        "layer": [
            {
                "data": {"values": [{"chance": CERTAINTY}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "@ink"},
                "encoding": {"y": {**y, "field": "chance", "title": title}},
            },
            {
                "data": {"values": rows},
                "layer": [
                    {
                        "mark": {"type": "area", "opacity": 0.15, "aria": False},
                        "encoding": {
                            "x": x,
                            "y": {**y, "field": "low", "title": title},
                            "y2": {"field": "high"},
                            "color": colour,
                        },
                    },
                    {
                        "mark": {"type": "line", "strokeWidth": 1.5, "aria": False},
                        "encoding": {
                            "x": x,
                            "y": {**y, "field": "chance", "title": title},
                            "color": colour,
                        },
                    },
                    {
                        "mark": {"type": "point", "filled": True, "size": 26, "opacity": 1},
                        "encoding": {
                            "x": x,
                            "y": {**y, "field": "chance", "title": title},
                            "color": colour,
                            "description": {"field": "said", "type": "nominal"},
                        },
                    },
                ],
            },
        ],
    }


def _rows(name: str, standing: Standing, end: int, success: Success) -> list[dict[str, Any]]:
    rate = standing.success_rate
    rows = []
    for restarts in range(1, end + 1):
        low, chance, high = (
            1 - (1 - each) ** restarts for each in (rate.interval[0], rate.rate, rate.interval[1])
        )
        rows.append(
            {
                "configuration": name,
                "restarts": restarts,
                "chance": round(chance, 5),
                "low": round(low, 5),
                "high": round(high, 5),
                "said": f"{name}: at least one {success.noun} among {restarts} restarts with a "
                f"chance of {share_text(chance)} ({span_text(low, high, ' to ')})",
            }
        )
    return rows
