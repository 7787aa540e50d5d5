"""The table of where restarts end."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence

from search.problem.data.datasets import Dataset
from search.problem.losses import LOSSES
from search.problem.names import share_text
from search.problem.problem import Problem
from search.problem.success import ESCAPED, Success
from search.reports.layout import NEVER_LEFT_OUT, Column, decimals
from search.reports.report import show_table
from search.reports.tables import interval, or_dash, titled
from search.statistics.endings.basins import Basin
from search.statistics.endings.class_pictures import (
    MARKS,
    class_strip,
    true_classes,
)
from search.statistics.endings.ending import Ending, Typical
from search.statistics.endings.kinds import constant_loss
from search.statistics.endings.pictures import (
    strip,
    true_strip,
)
from search.statistics.endings.symmetry import is_exact
from search.statistics.endings.units import describe_units

_STRIP = 24
_ORIENTATIONS = 4
_CLASS_COLUMNS = 3


def show_endings(
    study: str,
    problem: Problem,
    configurations: Sequence[Sequence[Ending]],
    *notes: str,
    success: Success = ESCAPED,
) -> None:
    """The table of basins, configuration by configuration, how it is to be read, and notes."""
    data = problem.data
    one_feature = data.features.shape[1] == 1
    one = data.classes[1]
    two_classes = len(data.classes) == 2
    mirrored = any(len(e.basin.orientations) > 1 for endings in configurations for e in endings)
    columns = [
        Column("configuration\n  ends as", importance=NEVER_LEFT_OUT),
        Column("\nrestarts", right=True, importance=NEVER_LEFT_OUT),
        *([Column("in so many\norientations", importance=8)] if mirrored else []),
        Column("\nshare", right=True, importance=7),
        Column("95%\ninterval", importance=NEVER_LEFT_OUT),
        Column("\nloss", right=True, importance=8),
        Column("lowest and\nhighest", importance=4),
    ]
    if two_classes:
        columns.append(Column(f"probability\nof class {one}", right=True, importance=6))
    if one_feature and two_classes:
        low, high = data.features.min(), data.features.max()
        title = f"class {one} from {low:.4g} to {high:.4g}\n{true_strip(data, _STRIP)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT))
    elif one_feature:
        low, high = data.features.min(), data.features.max()
        title = f"class from {low:.4g} to {high:.4g}\n{true_classes(data, _STRIP)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT))
    elif len(data.classes) > _CLASS_COLUMNS:
        title = f"points right of\n{', '.join(data.classes)}"
        columns.append(Column(title, importance=NEVER_LEFT_OUT - 1))
    else:
        columns.extend(
            Column(f"class {name}\nright", right=True, importance=9) for name in data.classes
        )
    columns.append(Column("typical\nseed", right=True, importance=5))
    columns.append(Column("its hidden\nunits", importance=3))
    rows: list[list[str]] = []
    varied: set[str] = set()
    for endings in configurations:
        configuration = endings[0].configuration
        varied.update(configuration.others)
        heading = [str(configuration), *[""] * (len(columns) - 1)]
        held = problem.under(configuration)
        rows += [heading, *(_cells(held, ending, mirrored) for ending in endings)]
    title = titled(study, problem, success, varied)
    show_table(title, columns, rows, _reading(problem, varied, mirrored), *notes)


def _reading(problem: Problem, varied: Collection[str], mirrored: bool) -> str:
    """How the table is to be read."""
    data = problem.data
    two_classes = len(data.classes) == 2
    without = ", without the L2 penalty" if problem.l2 or "l2" in varied else ""
    best = _constant_losses(problem, varied) + without
    told = "probability" if two_classes else "points right"
    note = (
        f"The best constant answer's loss is {best}. Loss and {told} are the typical restart's: "
        "that of the median loss."
    )
    if data.features.shape[1] == 1:
        what = f"probability of class {data.classes[1]} by height" if two_classes else legend(data)
        note += f"\nPictures: {what}; the data's own in the heading."
    if mirrored:
        note += (
            "\nOrientations are mirror images by a symmetry of the data that holds "
            f"{'exactly' if is_exact(data) else 'nearly'}, with the restarts of each."
        )
    return note


def _cells(problem: Problem, ending: Ending, mirrored: bool) -> list[str]:
    data, basin, typical = problem.data, ending.basin, ending.typical
    two_classes, one_feature = len(data.classes) == 2, data.features.shape[1] == 1
    columns = 1 if one_feature or len(data.classes) > _CLASS_COLUMNS else len(data.classes)
    if typical is None:
        levels, idle = "-", "-"
        function = [_merged(basin)] if one_feature else ["-"] * columns
    else:
        levels = _levels(typical)
        idle = units(problem, typical)
        if one_feature:
            drawn = strip if two_classes else class_strip
            function = [drawn(data, typical.answer, _STRIP)]
        elif columns == 1:
            function = [", ".join(map(str, typical.regions.right))]
        else:
            function = _right(problem, typical)
    return [
        f"  {ending.name}",
        str(basin.share),
        *([_orientations(basin)] if mirrored else []),
        share_text(basin.share.rate),
        interval(basin.share),
        decimals(basin.loss),
        _ends(basin.loss_low, basin.loss_high, ".4f", "-"),
        *([levels] if two_classes else []),
        *function,
        or_dash(basin.seed),
        idle,
    ]


def _constant_losses(problem: Problem, varied: Collection[str]) -> str:
    """The loss of the best constant answer; of each kind of loss if the study varies it."""
    labels = problem.data.labels
    if "loss_function" not in varied:
        return f"{constant_loss(labels, problem.loss_function):.4f}"
    return ", ".join(f"{constant_loss(labels, loss):.4f} ({loss})" for loss in LOSSES)


def _levels(typical: Typical) -> str:
    """The probabilities of the lower part and the higher one, and of what is undecided between."""
    low, high = typical.regions.low, typical.regions.high
    return _ends(low, high, ".2f", ", 1/2, " if typical.regions.undecided else ", ")


def _orientations(basin: Basin) -> str:
    """How many there are and the restarts of the largest; nothing of one alone."""
    each = basin.orientations
    if len(each) < 2:
        return ""
    shown = ", ".join(map(str, each[:_ORIENTATIONS]))
    return f"{len(each)}: {shown}{', ...' if len(each) > _ORIENTATIONS else ''}"


def _merged(basin: Basin) -> str:
    kinds = ", ".join(f"{restarts} {kind.value}" for kind, _, restarts in basin.merged)
    return textwrap.shorten(kinds, _STRIP, placeholder=" ...")


def _ends(low: float | None, high: float | None, form: str, between: str) -> str:
    """Two ends, one of them if both read the same."""
    return between.join(dict.fromkeys((or_dash(low, form), or_dash(high, form))))


def _right(problem: Problem, typical: Typical) -> list[str]:
    of = problem.data.class_sizes
    return [f"{right} of {all_}" for right, all_ in zip(typical.regions.right, of, strict=True)]


def legend(data: Dataset) -> str:
    """Which mark stands for which class, where there are more than two."""
    marks = ", ".join(f"{mark} {name}" for mark, name in zip(MARKS, data.classes, strict=False))
    return f"the likeliest class, {marks}"


def units(problem: Problem, typical: Typical) -> str:
    """Its hidden units that do no work, named."""
    return describe_units(typical.units, several_layers=len(problem.hidden) > 1)
