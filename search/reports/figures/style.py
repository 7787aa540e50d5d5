"""How figures look: colours that colour-blind readers can tell apart, on light and on dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""Names the language of a specification; nothing is loaded from there."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito 2008, "Color Universal Design", without black and yellow."""
HIGH = "@high"
"""The colour of a rate of 1 in a heat map, under white text in either theme."""
WIDTH = 620
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Three of one width, that in which drawings are measured."""


@dataclass(frozen=True)
class Theme:
    """Ink and paper of a figure."""

    ink: str
    grid: str
    paper: str
    low: str
    """The colour of a rate of 0 in a heat map; that of 1 is `HIGH`."""
    colours: tuple[str, ...] = COLOURS
    """What `COLOURS` are on its paper."""


LIGHT = Theme(ink="#222222", grid="#dddddd", paper="#ffffff", low="#f2f2f2")
DARK = Theme(
    ink="#e8e8e8",
    grid="#3a3e45",
    paper="#16181c",
    low="#24272c",
    colours=("#4ba3e3", "#f28e43", "#2bb98a", "#dd93bd", "#f0b340", "#b9e3ff"),
)


def figure(
    title: str, layers: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], **rest: Any
) -> dict[str, Any]:
    """A specification of layers over one table of values.

    Args:
        title: What it says.
        layers: The layers.
        rows: The values, by column.
        rest: Of the specification, such as width and height.

    Returns:
        The specification, for `themed`.
    """
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": title,
        "width": WIDTH,
        "data": {"values": [dict(row) for row in rows]},
        "layer": [dict(layer) for layer in layers],
        **rest,
    }


def themed(specification: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    """A specification in the ink and on the paper of a theme."""
    axis = {
        "labelColor": theme.ink,
        "titleColor": theme.ink,
        "domainColor": theme.ink,
        "tickColor": theme.ink,
        "gridColor": theme.grid,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 400,
    }
    legend = {"labelColor": theme.ink, "titleColor": theme.ink, "labelLimit": 400}
    config = {
        "background": theme.paper,
        # Another program's letters may be wider than those that the drawing was measured by.
        "padding": {"left": 45, "right": 45, "top": 8, "bottom": 8},
        "axis": axis,
        "legend": {**legend, "labelFontSize": 12, "titleFontSize": 12},
        "title": {"color": theme.ink, "anchor": "start", "fontSize": 14, "fontWeight": "bold"},
        "header": {"labelColor": theme.ink, "titleColor": theme.ink, "labelFontSize": 12},
        "text": {"color": theme.ink},
        "view": {"stroke": None},
        "font": FONT,
    }
    return {**_recoloured(specification, theme), "config": config}


def _recoloured(value: Any, theme: Theme) -> Any:
    """With the names of colours, and `COLOURS` themselves, replaced by the theme's."""
    if isinstance(value, Mapping):
        return {key: _recoloured(each, theme) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_recoloured(each, theme) for each in value]
    named = dict(zip(COLOURS, theme.colours, strict=True))
    named |= {"@ink": theme.ink, "@paper": theme.paper, "@low": theme.low, "@grid": theme.grid}
    named[HIGH] = COLOURS[0]
    return named.get(value, value) if isinstance(value, str) else value
