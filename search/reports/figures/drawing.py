"""Drawing figures to SVG and PNG, by vl-convert: without a browser, without a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from search.reports.figures.style import Theme, themed

_PLACES = re.compile(r'\b(?:d|transform)="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
"""Of a hundredth of a pixel and less, which nobody sees: half of a drawing's size."""
_IDENTIFIERS = re.compile(r'\b(id="|url\(#|href="#)((?:clip|gradient_)\d+)')


def to_svg(specification: Mapping[str, Any], theme: Theme, name: str) -> str:
    """A figure as SVG.

    Args:
        specification: In Vega-Lite.
        theme: Ink and paper.
        name: Put before the identifiers in it, so that figures of one page keep apart.

    Returns:
        The text of the SVG; the same for the same figure.
    """
    import vl_convert  # a second, which only drawing takes

    svg: str = vl_convert.vegalite_to_svg(themed(specification, theme))
    numbers: dict[str, int] = {}  # vl-convert counts on from one figure to the next

    def renamed(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[2], len(numbers))
        return f"{match[1]}{name}-{number}"

    svg = _PLACES.sub(lambda match: _DECIMALS.sub(r"\1", match[0]), svg)
    return _IDENTIFIERS.sub(renamed, svg)


def to_png(specification: Mapping[str, Any], theme: Theme) -> bytes:
    """A figure as PNG, at twice its size, for slides."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(themed(specification, theme), scale=2)
    return png
