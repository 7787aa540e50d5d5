"""Pictures in text of what a network computes: probability of class 1 by height or by shade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.statistics.endings.regions import Answer

HEIGHTS = " ▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"
NO_POINT = " "


def strip(data: Dataset, answer: Answer, width: int) -> str:
    """One feature in one line: the probability of class 1 at `width` places over its range."""
    eighths = np.rint(answer(middles(data.features[:, 0], width)[:, None]) * 8).astype(int)
    return "".join(HEIGHTS[max(1, level)] for level in eighths)


def true_strip(data: Dataset, width: int) -> str:
    """The same of the classes themselves: the share of class 1 among the points of each place."""
    column = columns(data.features[:, 0], width)
    points = np.bincount(column, minlength=width)
    share = np.bincount(column, data.labels, minlength=width) / np.maximum(points, 1)
    return "".join(
        HEIGHTS[max(1, round(level * 8))] if count else NO_POINT
        for level, count in zip(share, points, strict=True)
    )


def chart(data: Dataset, answer: Answer, width: int = 60, height: int = 4) -> list[str]:
    """One feature as a chart: the probability of class 1 by height, the classes below, an axis."""
    levels = np.rint(answer(middles(data.features[:, 0], width)[:, None]) * 8 * height).astype(int)
    lines = []
    for row in reversed(range(height)):
        cells = "".join(HEIGHTS[level] for level in np.clip(levels - 8 * row, 0, 8))
        label = "1" if row == height - 1 else "0" if row == 0 else " "
        lines.append(f"{label} │{cells}│")
    column = columns(data.features[:, 0], width)
    ones = np.bincount(column, data.labels == 1, minlength=width)
    zeros = np.bincount(column, data.labels == 0, minlength=width)
    marks = np.where(ones > 0, np.where(zeros > 0, "▒", "█"), np.where(zeros > 0, "·", NO_POINT))
    lines.append(
        f"   {''.join(marks)}  points: · class {data.classes[0]}, █ class {data.classes[1]}"
    )
    ends = data.features.min(), data.features.max()
    low, middle, high = (f"{x:.4g}" for x in (ends[0], sum(ends) / 2, ends[1]))
    left = width // 2 - len(low) - len(middle) // 2
    right = width - len(low) - left - len(middle) - len(high)
    lines.append(f"   {low}{' ' * left}{middle}{' ' * right}{high}")
    return lines


def plane(data: Dataset, answer: Answer, width: int, height: int) -> list[str]:
    """Two features as blocks, the first to the right and the second upwards.

    The fuller, the likelier is class 1: blank below a probability of 0.2, full from 0.8.
    """
    across, up = (middles(data.features[:, feature], n) for feature, n in ((0, width), (1, height)))
    grid = np.array([(x, y) for y in reversed(up) for x in across])
    shade = np.minimum(answer(grid) * 5, 4).astype(int).reshape(height, width)
    return ["".join(SHADES[level] for level in row) for row in shade]


def true_plane(data: Dataset, width: int, height: int) -> list[str]:
    """The points themselves in the same blocks: · for class 0, █ for class 1, ▒ for both."""
    column = columns(data.features[:, 0], width)
    row = height - 1 - columns(data.features[:, 1], height)
    cells = np.full((height, width), NO_POINT)
    for label, mark in ((0, "·"), (1, "█")):
        at = (row[data.labels == label], column[data.labels == label])
        cells[at] = np.where((cells[at] != NO_POINT) & (cells[at] != mark), "▒", mark)
    return ["".join(line) for line in cells]


def framed(lines: Sequence[str]) -> list[str]:
    """A picture in a frame."""
    rule = "─" * len(lines[0])
    return [f"┌{rule}┐", *(f"│{line}│" for line in lines), f"└{rule}┘"]


def beside(pictures: Sequence[Sequence[str]]) -> list[str]:
    """Pictures of equal height side by side."""
    return ["  ".join(lines) for lines in zip(*pictures, strict=True)]


def middles(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Middles of `count` blocks over the range of the values."""
    low, high = float(values.min()), float(values.max())
    middles: NDArray[np.float64] = low + (high - low) * (np.arange(count) + 0.5) / count
    return middles


def columns(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The block that each value is in."""
    low, span = float(values.min()), float(np.ptp(values)) or 1.0
    blocks: NDArray[np.int64] = np.minimum((values - low) / span * count, count - 1).astype(
        np.int64
    )
    return blocks
