"""The figures of a report, in the order of its page, and how to read each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.problem.success import ESCAPED, SOLVED, Success
from search.reports.figures.curves import curves_figure
from search.reports.figures.depends import shares_figure
from search.reports.figures.enough import enough_figure
from search.reports.figures.functions import functions_figure
from search.reports.figures.heat import heat_figure
from search.reports.figures.learning import learning_figure
from search.reports.figures.levels import levels_figure
from search.reports.figures.race import race_figure
from search.reports.figures.rates import rates_figure
from search.reports.race_report import confirmation, statement
from search.reports.study_report import StudyReport
from search.statistics.learning import OF_EACH


@dataclass(frozen=True)
class Drawn:
    """A figure of a page: its name, what it says, how to read it, its specification."""

    name: str
    heading: str
    reading: str
    specification: Mapping[str, Any]


def figures(report: StudyReport) -> list[Drawn]:
    """The figures of a report, in the order of the page; those that there are.

    Args:
        report: The report.
    """
    past, rate = report.success.past, report.success.rate
    is_range = "learning_rate" in report.plan.space.ranges
    pooled = ", of all restarts of a bin of learning rates together" if is_range else ""
    found = [
        Drawn(
            "rates",
            "How often",
            f"A point is the share of restarts that {past}; the line is its 95% interval. The "
            "order is that of the lower end, so that a lucky few restarts do not win.",
            rates_figure(report.standings, report.success),
        ),
        Drawn(
            "grid",
            "What was combined",
            f"Colour is the {rate}{pooled}; blank is what was not tried. A dashed frame marks a "
            "cell whose 95% interval is wider than 0.2: its restarts are too few to say much.",
            heat_figure(
                report.standings, report.success, report.plan.space.ranges.get("learning_rate")
            )
            or {},
        ),
        Drawn(
            "curves",
            "How soon",
            f"The share of restarts that have not yet {past}, with pointwise 95% intervals, of the "
            "first configuration, of the last, and of others evenly between. Below, how many "
            "restarts are left at that epoch.",
            curves_figure(report.timings, report.plan.problem.epochs, report.success)
            if report.timings
            else {},
        ),
        Drawn(
            "enough",
            "How many restarts are enough",
            f"The chance of at least one {report.success.noun} among so many restarts, and what "
            "the ends of the rate's 95% interval make of it. Dashed: 99%.",
            enough_figure(report.standings, report.success) or {},
        ),
        Drawn(
            "learning",
            "Epoch by epoch",
            _reading_of_learning(report),
            learning_figure(report.learning, report.plan.problem, _learned_by(report.success))
            if report.learning
            else {},
        ),
        Drawn(
            "functions",
            "What they came to compute",
            _reading_of_functions(report),
            functions_figure(report.endings, report.plan.problem) or {},
        ),
        Drawn(
            "effects",
            "What it depends on",
            "Exact shares of the variation in the measured rates, for all combinations were tried.",
            shares_figure(report.effects.shares, report.success) if report.effects.shares else {},
        ),
        Drawn(
            "levels",
            "Value by value",
            _reading_of_levels(report),
            levels_figure(report.effects) or {},
        ),
        Drawn(
            "race",
            "The race on fresh seeds",
            _reading_of_race(report),
            race_figure(report.race) if report.race else {},
        ),
    ]
    return [drawn for drawn in found if drawn.specification]


def _learned_by(success: Success) -> Success:
    """What tells the restarts of that figure apart: to have escaped, where no outcome does."""
    return success if success in (ESCAPED, SOLVED) else ESCAPED


def _reading_of_levels(report: StudyReport) -> str:
    imbalance = report.effects.imbalance
    if imbalance is None:
        return (
            "The rate of each value is the mean over all combinations of the rest; beside it, the "
            "restarts that it rests on."
        )
    return (
        f"{imbalance[0].upper()}{imbalance[1:]}. So each value is mixed with what else was tried "
        "with it: a difference between two rates is not the effect of the value alone, and an "
        "interval is of the rate of that mixture."
    )


def _reading_of_functions(report: StudyReport) -> str:
    said = (
        f"A typical restart of each group of {report.standings[0].configuration}; below each name, "
        "how many restarts the group has."
    )
    features = report.plan.problem.data.features.shape[1]
    if features == 1:
        said += (
            " Dashed: the units of the first hidden layer, up to four, each over its range. The "
            "stripe below has the class of each point."
        )
    elif len(report.plan.problem.data.classes) == 2:
        said += (
            " Colour is the likelier class, the stronger the surer: blank is a probability of 1/2."
        )
    if features < 3:
        return said
    return (
        f"{said} There are more than two features: shown is the plane of the first two principal "
        "components of the standardised features, through their mean. Points are projected onto "
        "it, so the colour behind a point need not be the answer at that point."
    )


def _reading_of_race(report: StudyReport) -> str:
    if report.race is None:
        return ""
    said = statement(report.race).replace("\n", " ")
    if report.confirmed is None:
        return said
    return f"{said} {confirmation(report.confirmed, report.race.rules.sought.past)}"


def _reading_of_learning(report: StudyReport) -> str:
    restarts = sum(len(one.seeds) for one in report.learning)
    different = sum(one.different for one in report.learning)
    past = _learned_by(report.success).past
    told = (
        "all ended as recorded"
        if not different
        else f"{different} ENDED OTHERWISE THAN RECORDED: `multirestart check` tells more"
    )
    return (
        f"Up to {OF_EACH} restarts that {past} and {OF_EACH} that did not, those of the least "
        "seeds, of the first configuration, of the one whose rate is nearest to 1/2, and of the "
        f"last. Dashed: the best constant answer. All {restarts} were trained again from their "
        f"seeds; {told}."
    )
