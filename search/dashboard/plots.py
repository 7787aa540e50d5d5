"""The figures of the report in Optuna's dashboard, which draws with Plotly. Pure.

Their values, names and colours are those of `search.reports.figures`. They are drawn on white in
either theme of the dashboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.problem.success import Success
from search.reports.figures.curves import MOST_CURVES, curve_rows
from search.reports.figures.depends import share_rows
from search.reports.figures.names import short_names
from search.reports.figures.rates import rate_row
from search.reports.figures.style import COLOURS, LIGHT
from search.statistics.effects import INTERACTIONS
from search.statistics.ranking import Standing
from search.statistics.timing import Timing

_TRANSLUCENT = 0.15
MOST_PLOTTED = 12
"""Configurations for which the dashboard has room: it shows 450 pixels of a plot."""
_LEGEND_ENTRY = 12  # pixels: two stand beside each other
_GREY = "#999999"


def rates_plot(standings: Sequence[Standing], success: Success) -> dict[str, Any]:
    """The rate of each configuration with its 95% interval, the best on top.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their success rates.

    Returns:
        Plotly's figure, as JSON has it.
    """
    shown = standings[:MOST_PLOTTED]
    names = short_names([standing.configuration for standing in shown])
    rows = [rate_row(standing, name) for standing, name in zip(shown, names, strict=True)]
    title = f"{success.rate.capitalize()} of each configuration, with its 95% interval"
    if len(rows) < len(standings):
        title += f": the best {len(rows)} of {len(standings)}"
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [row["rate"] for row in rows],
        "y": [f"{row['configuration']}  {row['counts']}" for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(row["high"] - row["rate"], 5) for row in rows],
            "arrayminus": [round(row["rate"] - row["low"], 5) for row in rows],
            "color": COLOURS[0],
            "thickness": 2,
        },
        "marker": {"color": COLOURS[0], "size": 9},
        "customdata": [row["said"] for row in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
        "showlegend": False,
    }
    layout = _layout(title, height=114 + 28 * len(rows))
    layout["xaxis"] |= {"title": {"text": success.rate}, "range": [-0.02, 1.02]}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    return {"data": [trace], "layout": layout}


def shares_plot(shares: Mapping[str, float], success: Success) -> dict[str, Any]:
    """What the rate depends on: exact shares of its variation, the largest on top.

    Args:
        shares: Of each factor and of interactions, as `effects` has them.
        success: The criterion of the rate.

    Returns:
        Plotly's figure, as JSON has it.
    """
    rows = share_rows(shares)
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [row["share"] for row in rows],
        "y": [row["factor"] for row in rows],
        "text": [row["text"] for row in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {
            "color": [_GREY if row["factor"] == INTERACTIONS else COLOURS[0] for row in rows]
        },
        "customdata": [row["said"] for row in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    layout = _layout(f"What the {success.rate} depends on: exact shares", 130 + 36 * len(rows))
    layout["xaxis"] |= {"title": {"text": "share of the variation"}, "range": [0, 1]}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    return {"data": [trace], "layout": layout}


def curves_plot(timings: Sequence[Timing], epochs: int, success: Success) -> dict[str, Any]:
    """The share of restarts not yet escaped, or not yet solved, over the epochs.

    Args:
        timings: Of up to `MOST_CURVES` configurations.
        epochs: Epochs that each restart was given.
        success: The criterion of the curves.

    Returns:
        Plotly's figure, as JSON has it.
    """
    traces: list[dict[str, Any]] = []
    shown = timings[:MOST_CURVES]
    names = short_names([timing.configuration for timing in shown])
    for timing, name, colour in zip(shown, names, COLOURS, strict=False):
        rows = curve_rows(timing, epochs)
        shared = {
            "type": "scatter",
            "mode": "lines",
            "x": [row["epoch"] for row in rows],
            "legendgroup": name,
        }
        band = {**shared, "hoverinfo": "skip", "showlegend": False}
        band["line"] = {"shape": "hv", "width": 0}
        traces += [
            {**band, "y": [row["low"] for row in rows]},
            {
                **band,
                "y": [row["high"] for row in rows],
                "fill": "tonexty",
                "fillcolor": _translucent(colour),
            },
            {
                **shared,
                "y": [row["left"] for row in rows],
                "line": {"shape": "hv", "color": colour, "width": 2},
                "name": name,
                "customdata": [
                    timing.times.restarts - int(timing.times.escaped_by(row["epoch"]))
                    for row in rows
                ],
                "hovertemplate": f"%{{y:.3f}} not yet {success.past} by epoch %{{x}}: "
                f"%{{customdata}} of {timing.times.restarts}<extra>{name}</extra>",
            },
        ]
    title = f"Not yet {success.past}, by epoch, with pointwise 95% intervals"
    layout = _layout(title, height=380 + _LEGEND_ENTRY * len(shown))
    layout["xaxis"] |= {"title": {"text": "epoch"}, "range": [0, epochs]}
    layout["yaxis"] |= {
        "title": {"text": f"share of restarts not yet {success.past}"},
        "range": [-0.02, 1.02],
    }
    layout["legend"] = {"orientation": "h", "y": -0.2, "yanchor": "top"}
    layout["margin"]["b"] = 70 + _LEGEND_ENTRY * len(shown)
    return {"data": traces, "layout": layout}


def _layout(title: str, height: int) -> dict[str, Any]:
    axis = {"gridcolor": LIGHT.grid, "linecolor": LIGHT.ink, "zeroline": False, "automargin": True}
    return {
        "template": "none",
        "title": {"text": title, "font": {"size": 16}},
        "height": height,
        "font": {"color": LIGHT.ink, "size": 13},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 60, "r": 30, "t": 60, "b": 60},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def _translucent(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_TRANSLUCENT})"
