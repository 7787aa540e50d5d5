"""What the rate depends on: the share of each dimension in its variation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.problem.dimensions import factor_words
from search.problem.success import Success
from search.reports.figures.style import COLOURS, figure
from search.statistics.effects import INTERACTIONS


def shares_figure(shares: Mapping[str, float], success: Success) -> dict[str, Any]:
    """Exact shares of the variation, the largest on top.

    Args:
        shares: Of each factor and of interactions, as `effects` has them.
        success: The criterion of the rate.

    Returns:
        A Vega-Lite specification.
    """
    rows = share_rows(shares)
    y = {
        "field": "factor",
        "type": "nominal",
        "sort": [row["factor"] for row in rows],
        "title": None,
    }
    x = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "title": "share of the variation",
    }
    return figure(
        f"What the {success.rate} depends on",
        [
            {
                "mark": {"type": "bar", "color": COLOURS[0]},
                "encoding": {"y": y, "x": x, "description": {"field": "said", "type": "nominal"}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {"y": y, "x": x, "text": {"field": "text"}},
            },
        ],
        rows,
        width=420,
        height={"step": 26},
    )


def share_rows(shares: Mapping[str, float]) -> list[dict[str, Any]]:
    """What figures show of shares: a row for each factor, the largest first, interactions last."""
    names = sorted(shares, key=lambda name: (name == INTERACTIONS, -shares[name]))
    return [
        {
            "factor": factor_words(name),
            "share": round(shares[name], 4),
            "text": f"{shares[name]:.2f}",
            "said": f"{factor_words(name)}: {shares[name]:.2f} of the variation",
        }
        for name in names
    ]
