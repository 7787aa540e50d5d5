"""Rates: a forest plot of all configurations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.problem.names import share_text, span_text
from search.problem.naming import configuration_name
from search.problem.success import Success
from search.reports.figures.names import short_names
from search.reports.figures.style import COLOURS, figure
from search.statistics.ranking import Standing

MOST_RATES = 40
"""Configurations of the forest plot: what a page holds."""


def rates_figure(standings: Sequence[Standing], success: Success) -> dict[str, Any]:
    """The rate of each configuration with its 95% interval, the best on top.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their rates.

    Returns:
        A Vega-Lite specification.
    """
    shown = standings[:MOST_RATES]
    names = short_names([standing.configuration for standing in shown])
    rows = [rate_row(standing, name) for name, standing in zip(names, shown, strict=True)]
    y = {
        "field": "configuration",
        "type": "nominal",
        "sort": [row["configuration"] for row in rows],
        "title": None,
        "axis": {"offset": 8, "ticks": False, "domain": False},
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


def rate_row(standing: Standing, name: str | None = None) -> dict[str, Any]:
    """What figures show of a standing's rate: its ends, its counts, and all of it in words.

    name: what its configuration is called; its name on the command line if None.
    """
    name = name or configuration_name(standing.configuration)
    rate = standing.success_rate
    low, high = rate.interval
    return {
        "configuration": name,
        "rate": round(rate.rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "counts": str(rate),
        "said": f"{name}: {rate}, rate {share_text(rate.rate)}, "
        f"95% interval {span_text(low, high, ' to ')}",
    }
