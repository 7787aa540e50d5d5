"""multirestart's own plots in Optuna's dashboard, as Plotly's figures. Pure: figures in, plots out.

They are drawn on white in either theme of the dashboard, in the colours of Okabe and Ito 2008
("Color Universal Design"), which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from search.problem.naming import configuration_name
from search.problem.success import Success
from search.statistics.effects import INTERACTIONS
from search.statistics.ranking import Standing
from search.statistics.survival import SurvivalCurve

MOST_RATES = 30
"""Configurations of the plot of rates: what a screen holds."""
MOST_CURVES = 6
"""Curves that can be told apart: as many as there are colours."""
_MOST_STEPS = 200
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_TRANSLUCENT = 0.15
_GREY = "#999999"
_INK = "#222222"
_GRID = "#dddddd"


def rates_plot(standings: Sequence[Standing], success: Success) -> dict[str, Any]:
    """The rate of each configuration with its 95% interval, the best on top.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their success rates.

    Returns:
        Plotly's figure, as JSON has it.
    """
    shown = standings[:MOST_RATES]
    rates = [standing.success_rate for standing in shown]
    ends = [rate.interval for rate in rates]
    labels = [
        f"{configuration_name(standing.configuration)}  {rate}"
        for standing, rate in zip(shown, rates, strict=True)
    ]
    more = len(standings) - len(shown)
    title = f"{_capital(success.rate)}s: {success.past} of all restarts, with 95% intervals"
    if more:
        title += f" (the best {len(shown)} of {len(standings)})"
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(rate.rate, 5) for rate in rates],
        "y": labels,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [
                round(high - rate.rate, 5) for rate, (_, high) in zip(rates, ends, strict=True)
            ],
            "arrayminus": [
                round(rate.rate - low, 5) for rate, (low, _) in zip(rates, ends, strict=True)
            ],
            "color": _COLOURS[0],
            "thickness": 2,
        },
        "marker": {"color": _COLOURS[0], "size": 9},
        "customdata": [[f"{low:.3f}-{high:.3f}"] for low, high in ends],
        "hovertemplate": "%{y} " + success.past + "<br>rate %{x:.3f}<br>95% interval "
        "%{customdata[0]}<extra></extra>",
        "showlegend": False,
    }
    layout = _layout(title, height=130 + 28 * len(shown))
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
    factors = sorted(shares, key=lambda name: (name == INTERACTIONS, -shares[name]))
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [round(shares[name], 4) for name in factors],
        "y": [name.replace("_", " ") for name in factors],
        "text": [f"{shares[name]:.2f}" for name in factors],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [_GREY if name == INTERACTIONS else _COLOURS[0] for name in factors]},
        "hovertemplate": "%{y}: %{x:.3f} of the variation<extra></extra>",
    }
    title = f"What the {success.rate} depends on: exact shares of its variation"
    layout = _layout(title, height=130 + 36 * len(factors))
    layout["xaxis"] |= {"title": {"text": "share of the variation"}, "range": [0, 1]}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    return {"data": [trace], "layout": layout}


def curves_plot(
    curves: Sequence[tuple[str, SurvivalCurve]], epochs: int, success: Success
) -> dict[str, Any]:
    """The share of restarts not yet escaped, or not yet solved, over the epochs.

    Args:
        curves: Names of configurations with their curves, up to `MOST_CURVES`.
        epochs: Epochs that each restart was given.
        success: The criterion of the curves.

    Returns:
        Plotly's figure, as JSON has it.
    """
    traces: list[dict[str, Any]] = []
    for (name, curve), colour in zip(curves, _COLOURS, strict=False):
        at, steps = _steps(curve, epochs)
        x = at.tolist()
        for end in ("low", "high"):
            band = steps[end]
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": x,
                    "y": band,
                    "line": {"shape": "hv", "width": 0},
                    "fill": "none" if end == "low" else "tonexty",
                    "fillcolor": _translucent(colour),
                    "hoverinfo": "skip",
                    "showlegend": False,
                    "legendgroup": name,
                }
            )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": steps["left"],
                "line": {"shape": "hv", "color": colour, "width": 2},
                "name": name,
                "legendgroup": name,
                "customdata": steps["at_risk"],
                "hovertemplate": "%{y:.3f} not yet "
                + success.past
                + " by epoch %{x}: %{customdata} "
                f"of {curve.times.restarts}<extra>{name}</extra>",
            }
        )
    layout = _layout(f"Not yet {success.past}, by epoch, with pointwise 95% intervals", height=460)
    layout["xaxis"] |= {"title": {"text": "epoch"}, "range": [0, epochs]}
    layout["yaxis"] |= {
        "title": {"text": f"share of restarts not yet {success.past}"},
        "range": [-0.02, 1.02],
    }
    layout["legend"] = {"orientation": "h", "y": -0.25}
    layout["margin"]["b"] = 110
    return {"data": traces, "layout": layout}


def _steps(curve: SurvivalCurve, epochs: int) -> tuple[Any, dict[str, list[Any]]]:
    """Epochs, and at each the curve, its interval and how many restarts are left."""
    times = curve.times
    at = np.unique(np.concatenate(([0], times.at, [epochs])))
    if len(at) > _MOST_STEPS:
        at = np.unique(np.linspace(0, epochs, _MOST_STEPS).round().astype(np.int64))
    place = np.searchsorted(times.at, at, side="right")
    left = curve.evaluate(at)
    # Before the first escape, and where nothing is left, the interval has no value of its own.
    low = np.concatenate(([1.0], np.nan_to_num(curve.low, nan=0.0)))[place]
    high = np.concatenate(([1.0], np.nan_to_num(curve.high, nan=0.0)))[place]
    return at, {
        "left": left.round(4).tolist(),
        "low": low.round(4).tolist(),
        "high": high.round(4).tolist(),
        "at_risk": (times.restarts - times.escaped_by(at)).tolist(),
    }


def _layout(title: str, height: int) -> dict[str, Any]:
    axis = {"gridcolor": _GRID, "linecolor": _INK, "zeroline": False, "automargin": True}
    return {
        "template": "none",
        "title": {"text": title, "font": {"size": 16}},
        "height": height,
        "font": {"color": _INK, "size": 13},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 60, "r": 30, "t": 60, "b": 60},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def _translucent(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_TRANSLUCENT})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
