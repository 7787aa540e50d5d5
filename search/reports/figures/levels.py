"""The rate of each value of each dimension, with its interval."""

from __future__ import annotations

from typing import Any

from search.problem.dimensions import factor_words, shown_value
from search.problem.names import share_text, span_text
from search.reports.figures.style import COLOURS, figure
from search.statistics.effects import Effects, Level

MOST_LEVELS = 60


def levels_figure(effects: Effects) -> dict[str, Any] | None:
    """Rates of values, dimension by dimension: means over the rest, or as the values were tried.

    Args:
        effects: What the rate depends on.

    Returns:
        A Vega-Lite specification; None of very many values.
    """
    rows = [_row(level) for level in effects.levels]
    if len(rows) > MOST_LEVELS:
        return None
    factors = list(dict.fromkeys(row["factor"] for row in rows))
    colours = [COLOURS[place % 4] for place in range(len(factors))]
    colour = {
        "field": "factor",
        "type": "nominal",
        "scale": {"domain": factors, "range": colours},
        "legend": None,
    }
    y = {
        "field": "label",
        "type": "nominal",
        "sort": [row["label"] for row in rows],
        "title": None,
        "axis": {"offset": 8, "ticks": False, "domain": False},
    }
    x = {"field": "rate", "type": "quantitative", "scale": {"domain": [0, 1]}}
    rate = effects.success.rate
    said = {"description": {"field": "said", "type": "nominal"}}
    return figure(
        f"{rate.capitalize()} by each value, with 95% intervals",
        [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    **said,
                    "y": y,
                    "x": {**x, "field": "low", "title": rate},
                    "x2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {**said, "y": y, "x": {**x, "title": rate}, "color": colour},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 11, "aria": False},
                "encoding": {
                    "y": y,
                    "x": {**x, "field": "high", "title": rate},
                    "text": {"field": "counts"},
                },
            },
        ],
        rows,
        width=480,
        height={"step": 20},
    )


def _row(level: Level) -> dict[str, Any]:
    factor, (low, high) = factor_words(level.factor), level.interval
    label = f"{factor} {shown_value(level.value)}"
    return {
        "factor": factor,
        "label": label,
        "rate": round(level.rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "counts": str(level.pooled),
        "said": f"{label}: rate {share_text(level.rate)}, "
        f"95% interval {span_text(low, high, ' to ')}, {level.pooled} restarts",
    }
