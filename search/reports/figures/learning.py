"""Accuracy and loss by epoch of some restarts: those that succeeded and those that did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.problem.problem import Problem
from search.problem.success import Success
from search.reports.figures.names import short_names
from search.reports.figures.style import COLOURS, SCHEMA
from search.statistics.endings.kinds import constant_loss
from search.statistics.learning import Learning

_MOST_EPOCHS = 120
_WIDE, _HIGH = 190, 150
_LOSSES = 2.0  # as many times the best constant answer's is where the axis ends


def learning_figure(
    learnings: Sequence[Learning], problem: Problem, success: Success
) -> dict[str, Any]:
    """A panel of accuracies above one of losses, for each configuration.

    Args:
        learnings: The restarts of each.
        problem: What their study holds fixed.
        success: The criterion that they were picked by.

    Returns:
        A Vega-Lite specification.
    """
    said = f"Accuracy and loss by epoch of restarts that {success.past} and of others"
    kinds = [success.past, f"not {success.past}"]
    colour = {
        "field": "restart",
        "type": "nominal",
        "scale": {"domain": kinds, "range": list(COLOURS[:2])},
        "title": None,
        "legend": {"orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3},
    }
    labels = problem.data.labels
    table = [_rows(learning, kinds) for learning in learnings]
    constants = [
        constant_loss(labels, problem.under(one.configuration).loss_function) for one in learnings
    ]
    highest = max(row["loss"] or 0.0 for rows in table for row in rows)
    end = max(1.1 * max(constants), min(1.05 * highest, _LOSSES * max(constants)))
    columns = []
    names = short_names([one.configuration for one in learnings])
    for name, learning, rows, constant in zip(names, learnings, table, constants, strict=True):
        accuracies = _panel(rows, "accuracy", colour, problem.data.plateau, (0.0, 1.0))
        losses = _panel(rows, "loss", colour, constant, (0.0, end))
        columns.append(
            {
                "title": {
                    "text": [
                        name,
                        f"{learning.rate} {success.past}",
                    ],
                    "limit": 1.2 * _WIDE,
                    "fontSize": 11,
                    "fontWeight": "normal",
                },
                "vconcat": [accuracies, losses],
                "spacing": 14,
            }
        )
    return {
        "$schema": SCHEMA,
        "title": said,
        "description": f"{said}; a dashed line is what the best constant answer has",
        "hconcat": columns,
        "spacing": 26,
    }


def _rows(learning: Learning, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each restart and epoch, of as many epochs as a line can show."""
    count = len(learning.accuracy)
    epochs = np.unique(np.linspace(1, count, min(count, _MOST_EPOCHS)).round().astype(int))
    return [
        {
            "seed": seed,
            "restart": kinds[0] if is_success else kinds[1],
            "epoch": int(epoch),
            "said": f"seed {seed}: {kinds[0] if is_success else kinds[1]}",
            "accuracy": round(float(learning.accuracy[epoch - 1, place]), 4),
            "loss": None if np.isnan(loss := learning.loss[epoch - 1, place]) else round(loss, 4),
        }
        for place, (seed, is_success) in enumerate(
            zip(learning.seeds, learning.is_success, strict=True)
        )
        for epoch in epochs
    ]


def _panel(
    rows: Sequence[dict[str, Any]],
    field: str,
    colour: dict[str, Any],
    constant: float,
    domain: tuple[float, float],
) -> dict[str, Any]:
    x = {"field": "epoch", "type": "quantitative", "axis": {"tickCount": 4}, "title": "epoch"}
    if field == "accuracy":
        x = {**x, "axis": {"tickCount": 4, "labels": False, "title": None}}
    y = {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": list(domain), "nice": False},
        "axis": {"tickCount": 4, "title": field},
    }
    return {
        "width": _WIDE,
        "height": _HIGH,
        "layer": [
            {
                "data": {"values": list(rows)},
                "mark": {"type": "line", "strokeWidth": 1.2, "opacity": 0.85, "clip": True},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": colour,
                    "detail": {"field": "seed", "type": "nominal"},
                    "description": {"field": "said", "type": "nominal"},
                },
            },
            {
                "data": {"values": [{field: round(constant, 4)}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "@ink"},
                "encoding": {"y": y},
            },
        ],
    }
