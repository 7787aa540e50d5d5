"""Pictures in text of what a network of three or more classes computes: the likeliest class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.statistics.endings.pictures import NO_POINT, columns, middles
from search.statistics.endings.regions import Answer

MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""What stands for each class, in their order; later ones are all `*`."""

SEVERAL = "+"
"""Where there are points of several classes."""


def class_strip(data: Dataset, answer: Answer, width: int) -> str:
    """One feature in one line: the likeliest class at `width` places over its range."""
    return _marks(answer(middles(data.features[:, 0], width)[:, None]).argmax(axis=1))


def true_classes(data: Dataset, width: int) -> str:
    """The same of the classes themselves."""
    column = columns(data.features[:, 0], width)
    return "".join(_of_points(data.labels[column == place]) for place in range(width))


def class_chart(data: Dataset, answer: Answer, width: int = 60) -> list[str]:
    """One feature as a chart: the likeliest class, the points' own below, an axis."""
    low, high = (f"{end:.4g}" for end in (data.features.min(), data.features.max()))
    return [
        f"  │{class_strip(data, answer, width)}│",
        f"   {true_classes(data, width)}  points",
        f"   {low}{high:>{width - len(low)}}",
    ]


def class_plane(data: Dataset, answer: Answer, width: int, height: int) -> list[str]:
    """Two features as blocks, the first to the right and the second upwards."""
    across, up = (middles(data.features[:, f], n) for f, n in ((0, width), (1, height)))
    grid = np.array([(x, y) for y in reversed(up) for x in across])
    likeliest = answer(grid).argmax(axis=1).reshape(height, width)
    return [_marks(row) for row in likeliest]


def true_class_plane(data: Dataset, width: int, height: int) -> list[str]:
    """The points themselves in the same blocks."""
    column = columns(data.features[:, 0], width)
    row = height - 1 - columns(data.features[:, 1], height)
    return [
        "".join(_of_points(data.labels[(row == y) & (column == x)]) for x in range(width))
        for y in range(height)
    ]


def _of_points(labels: NDArray[np.integer[Any]]) -> str:
    """The mark of the class of some points."""
    classes = np.unique(labels)
    return NO_POINT if not classes.size else SEVERAL if len(classes) > 1 else _marks(classes)


def _marks(classes: NDArray[np.integer[Any]]) -> str:
    return "".join(MARKS[c] if c < len(MARKS) else "*" for c in classes)
