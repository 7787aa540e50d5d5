"""A heat map of rates: what was combined, over the learning rate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from search.problem.configuration import Configuration
from search.problem.dimensions import ALWAYS_SEARCHED, LogRange, factor_words, shown_value
from search.problem.names import share_text, span_text
from search.problem.success import Success
from search.reports.figures.style import COLOURS, HIGH, figure
from search.statistics.effects import range_bins
from search.statistics.escape import EscapeRate
from search.statistics.ranking import Standing

MOST_ROWS = 24
MOST_COLUMNS = 12
_UNDER_WHITE = 0.8  # the rate from which white text is the easier to read
_UNCERTAIN = 0.2
"""Width of an interval from which a cell has a dashed frame."""


def heat_figure(
    standings: Sequence[Standing], success: Success, drawn_from: LogRange | None = None
) -> dict[str, Any] | None:
    """Rates by scaling, optimizer and what else is varied, over the learning rate.

    A cell whose 95% interval is wider than a fifth has a dashed frame: few restarts say little. A
    range of learning rates is cut into bins, in each of which restarts are pooled.

    Args:
        standings: All configurations, ranked.
        success: The criterion of their rates.
        drawn_from: The range that learning rates were drawn from, if they were.

    Returns:
        A Vega-Lite specification; None where there are too many rows, or learning rates, to be told
        apart.
    """
    cells = _cells(standings, drawn_from)
    lines = sorted({line for line, _ in cells})
    order = sorted({column for _, column in cells})
    if len(lines) > MOST_ROWS or len(order) > MOST_COLUMNS:
        return None
    rows = [
        _row(line, name, [one.success_rate for one in found], success)
        for (line, (_, name)), found in cells.items()
    ]
    axes = {
        "x": {
            "field": "learning rate",
            "type": "nominal",
            "sort": [name for _, name in order],
            "axis": {"labelAngle": 0, "title": "learning rate"},
        },
        "y": {"field": "cell", "type": "nominal", "title": None, "sort": lines},
        "description": {"field": "said", "type": "nominal"},
    }
    return figure(
        f"{success.rate.capitalize()} by what was combined, over the learning rate",
        [
            {
                "mark": {"type": "rect", "strokeWidth": 1.5, "strokeDash": [4, 3]},
                "encoding": {
                    **axes,
                    "color": {
                        "field": "rate",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1], "range": ["@low", HIGH]},
                        "title": success.rate,
                    },
                    "stroke": {
                        "condition": {"test": "datum.uncertain", "value": COLOURS[1]},
                        "value": "transparent",
                    },
                },
            },
            {
                "mark": {"type": "text", "fontSize": 11, "aria": False},
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


def _cells(
    standings: Sequence[Standing], drawn_from: LogRange | None
) -> dict[tuple[str, tuple[float, str]], list[Standing]]:
    """The configurations of each row and column, a column being its place and name."""
    bins = [] if drawn_from is None else list(range_bins(drawn_from).items())
    uppers = [high for _, (_, high) in bins[:-1]]
    cells: dict[tuple[str, tuple[float, str]], list[Standing]] = {}
    for standing in standings:
        rate = standing.configuration.learning_rate
        column = (rate, shown_value(rate))
        if bins:
            place = bisect_right(uppers, rate)
            column = (float(place), str(bins[place][0]))
        cells.setdefault((_line(standing.configuration), column), []).append(standing)
    return cells


def _line(configuration: Configuration) -> str:
    others = [
        f"{factor_words(name)} {shown_value(configuration[name])}" for name in configuration.others
    ]
    always = [str(configuration[name]) for name in ALWAYS_SEARCHED if name != "learning_rate"]
    return " / ".join([*always, *others]).replace("_", " ")


def _row(line: str, column: str, rates: Sequence[EscapeRate], success: Success) -> dict[str, Any]:
    rate = EscapeRate(sum(one.escaped for one in rates), sum(one.restarts for one in rates))
    low, high = rate.interval
    pooled = f" of {len(rates)} configurations" if len(rates) > 1 else ""
    return {
        "cell": line,
        "learning rate": column,
        "rate": round(rate.rate, 5),
        "counts": str(rate),
        "uncertain": high - low > _UNCERTAIN,
        "dark": rate.rate > _UNDER_WHITE,
        "said": f"{line} / {column}: {rate} restarts{pooled} {success.past}, "
        f"rate {share_text(rate.rate)}, 95% interval {span_text(low, high, ' to ')}",
    }
