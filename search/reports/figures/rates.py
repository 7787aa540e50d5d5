"""Rates: a forest plot of all configurations, and a heat map of what was combined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.problem.dimensions import ALWAYS_SEARCHED, shown_value
from search.problem.naming import configuration_name
from search.problem.success import Success
from search.reports.figures.style import COLOURS, figure
from search.statistics.ranking import Standing

MOST_RATES = 40
"""Configurations of the forest plot: what a page holds."""
MOST_CELLS = 200
_UNCERTAIN = 0.2
"""Width of an interval from which a cell of the heat map is hatched by a dashed frame."""


def rates_figure(standings: Sequence[Standing], success: Success) -> dict[str, Any]:
    """The rate of each configuration with its 95% interval, the best on top.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their rates.

    Returns:
        A Vega-Lite specification.
    """
    shown = standings[:MOST_RATES]
    rows = [rate_row(standing) for standing in shown]
    y = {
        "field": "configuration",
        "type": "nominal",
        "sort": [row["configuration"] for row in rows],
        "title": None,
    }
    x = {"field": "rate", "type": "quantitative", "scale": {"domain": [0, 1]}}
    title = f"{success.rate.capitalize()} of each configuration, with its 95% interval"
    if len(shown) < len(standings):
        title += f": the best {len(shown)} of {len(standings)}"
    return figure(
        title,
        [
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": COLOURS[0]},
                "encoding": {
                    "y": y,
                    "x": {**x, "field": "low", "title": success.rate},
                    "x2": {"field": "high"},
                    "description": {"field": "said", "type": "nominal"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "color": COLOURS[0]},
                "encoding": {
                    "y": y,
                    "x": {**x, "title": success.rate},
                    "opacity": {"value": 1},
                    "description": {"field": "said", "type": "nominal"},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 11},
                "encoding": {
                    "y": y,
                    "x": {**x, "field": "high", "title": success.rate},
                    "text": {"field": "counts"},
                },
            },
        ],
        rows,
        height={"step": 22},
    )


def heat_figure(standings: Sequence[Standing], success: Success) -> dict[str, Any] | None:
    """Rates by scaling and optimizer, over the learning rate.

    A cell whose 95% interval is wider than a fifth has a dashed frame: few restarts say little.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their rates.

    Returns:
        A Vega-Lite specification; None where other dimensions are varied too, so that a cell would
        be several configurations, or where there are too many learning rates to be told apart.
    """
    configurations = [standing.configuration for standing in standings]
    if len(standings) > MOST_CELLS or any(set(one) - {*ALWAYS_SEARCHED} for one in configurations):
        return None
    rates = sorted({one.learning_rate for one in configurations})
    if len(rates) > 12:
        return None
    rows = [rate_row(standing) for standing in standings]
    for row, one in zip(rows, configurations, strict=True):
        row["cell"] = f"{one.scaling} / {one.optimizer}"
        row["learning rate"] = shown_value(one.learning_rate)
        row["uncertain"] = row["high"] - row["low"] > _UNCERTAIN
        row["dark"] = row["rate"] > 0.55
    order = [shown_value(rate) for rate in rates]
    axes = {
        "x": {
            "field": "learning rate",
            "type": "nominal",
            "sort": order,
            "axis": {"labelAngle": 0, "title": "learning rate"},
        },
        "y": {
            "field": "cell",
            "type": "nominal",
            "title": None,
            "sort": sorted({row["cell"] for row in rows}),
        },
        "description": {"field": "said", "type": "nominal"},
    }
    return figure(
        f"{success.rate.capitalize()} by scaling, optimizer and learning rate",
        [
            {
                "mark": {"type": "rect", "strokeWidth": 1.5, "strokeDash": [4, 3]},
                "encoding": {
                    **axes,
                    "color": {
                        "field": "rate",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1], "range": ["@low", COLOURS[0]]},
                        "title": success.rate,
                    },
                    "stroke": {
                        "condition": {"test": "datum.uncertain", "value": COLOURS[1]},
                        "value": "transparent",
                    },
                },
            },
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {
                    **axes,
                    "text": {"field": "counts"},
                    "color": {
                        "condition": {"test": "datum.dark", "value": "#ffffff"},
                        "value": "@ink",
                    },
                },
            },
        ],
        rows,
        width=max(300, min(620, 110 * len(order))),
        height={"step": 30},
    )


def rate_row(standing: Standing) -> dict[str, Any]:
    """What figures show of a standing's rate: its ends, its counts, and all of it in words."""
    rate = standing.success_rate
    low, high = rate.interval
    name = configuration_name(standing.configuration)
    return {
        "configuration": name,
        "rate": round(rate.rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "counts": str(rate),
        "said": f"{name}: {rate}, rate {rate.rate:.3f}, 95% interval {low:.3f} to {high:.3f}",
    }
