"""What some data are, as text for people: points, classes, features and their ranges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.problem.data.datasets import Dataset
from search.problem.names import share_text
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table

_COLUMNS = (
    Column("feature", importance=NEVER_LEFT_OUT),
    Column("least", right=True, importance=NEVER_LEFT_OUT),
    Column("greatest", right=True, importance=NEVER_LEFT_OUT),
    Column("different numbers", right=True, importance=1),
)
_MOST_FEATURES = 200
_MOST_CLASSES = 12


def show_data(data: Dataset, notes: Sequence[str]) -> None:
    """The table of a data set's features, with its classes above and notes below.

    Args:
        data: The data.
        notes: What else is to be said of them.
    """
    rows = []
    for place, name in enumerate(data.feature_names[:_MOST_FEATURES]):
        column = data.features[:, place]
        least, greatest = f"{column.min():.6g}", f"{column.max():.6g}"
        rows.append([name, least, greatest, f"{len(np.unique(column)):,}"])
    count = len(data.feature_names)
    more = count - len(rows)
    show_table(
        f"{data.name}: {data.points:,} points, {count:,} feature{'s' * (count > 1)}, "
        f"plateau {share_text(data.plateau, 4)}",
        _COLUMNS,
        rows,
        f"{more:,} more features" if more else "",
        _classes(data),
        _held_out(data),
        *notes,
    )


def _held_out(data: Dataset) -> str:
    """The held-out points of each class; nothing if none are held out."""
    if data.validation is None:
        return ""
    points, sizes = data.validation.points, data.validation.class_sizes(len(data.classes))
    shown = [f"{size:,} of class {name}" for name, size in zip(data.classes, sizes, strict=True)]
    if len(shown) > _MOST_CLASSES:
        shown = [*shown[:_MOST_CLASSES], "..."]
    return f"Held out beside them: {points:,} point{'s' * (points > 1)}, {', '.join(shown)}"


def _classes(data: Dataset) -> str:
    """The points of each class; of very many classes the first, and the least and greatest."""
    sizes = data.class_sizes
    shown = [
        f"{name} ({size:,} of {data.points:,}, label {label})"
        for label, (name, size) in enumerate(zip(data.classes, sizes, strict=True))
    ]
    if len(shown) <= _MOST_CLASSES:
        return f"Classes: {', '.join(shown)}"
    more = f"and {len(shown) - _MOST_CLASSES} more"
    return (
        f"{len(shown)} classes of {min(sizes):,} to {max(sizes):,} points: "
        f"{', '.join(shown[:_MOST_CLASSES])}, {more}"
    )
