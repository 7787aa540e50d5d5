"""A race: the rates on its fresh seeds, beside those that the entrants were picked by."""

from __future__ import annotations

from typing import Any

from search.problem.names import share_text, span_text
from search.problem.naming import configuration_name
from search.reports.figures.style import COLOURS, figure
from search.statistics.escape import EscapeRate
from search.statistics.race_state import RaceState

FIRST, FRESH = "first measured", "on fresh seeds"


def race_figure(state: RaceState) -> dict[str, Any]:
    """The entrants in the order in which they came out, each with both rates and their intervals.

    Args:
        state: How the race stands.

    Returns:
        A Vega-Lite specification.
    """
    rows = []
    for index in state.ranking:
        name = configuration_name(state.entrants[index].configuration)
        drop, fresh = state.drops[index], state.fresh[index]
        end = f", dropped in round {drop.round}" if drop else ""
        rows.append(_row(name, FIRST, state.entrants[index].first_measured, ""))
        if fresh is not None:
            rows.append(_row(name, FRESH, fresh, end))
    names = list(dict.fromkeys(row["configuration"] for row in rows))
    encoding = {
        "y": {"field": "configuration", "type": "nominal", "sort": names, "title": None},
        "yOffset": {"field": "measured", "type": "nominal", "sort": [FIRST, FRESH]},
        "color": {
            "field": "measured",
            "type": "nominal",
            "scale": {"domain": [FIRST, FRESH], "range": [COLOURS[4], COLOURS[0]]},
            "title": None,
            "legend": {"orient": "top"},
        },
        "description": {"field": "said", "type": "nominal"},
    }
    past = state.rules.sought.past
    x = {"type": "quantitative", "scale": {"zero": False, "nice": True}}
    title = {"title": f"share that {past}"}
    return figure(
        "The race: rates first measured, and on fresh seeds, with 95% intervals",
        [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    **encoding,
                    "x": {**x, "field": "low", **title},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {**encoding, "x": {**x, "field": "rate", **title}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 11},
                "encoding": {
                    **{name: encoding[name] for name in ("y", "yOffset")},
                    "x": {**x, "field": "high", **title},
                    "text": {"field": "counts"},
                },
            },
        ],
        rows,
        width=520,
        height={"step": 20},
    )


def _row(name: str, measured: str, rate: EscapeRate, end: str) -> dict[str, Any]:
    low, high = rate.interval
    return {
        "configuration": name,
        "measured": measured,
        "rate": round(rate.rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "counts": f"{rate}{end}",
        "said": f"{name}, {measured}: {rate}, {share_text(rate.rate)}, "
        f"95% interval {span_text(low, high, ' to ')}{end}",
    }
