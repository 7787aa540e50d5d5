"""A report of a study as one HTML page, or as Markdown. Pure: a report in, text out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.problem.success import ESCAPED, SOLVED, Success
from search.reports.figures.curves import curves_figure
from search.reports.figures.depends import shares_figure
from search.reports.figures.drawing import to_svg
from search.reports.figures.functions import functions_figure
from search.reports.figures.learning import learning_figure
from search.reports.figures.race import race_figure
from search.reports.figures.rates import heat_figure, rates_figure
from search.reports.figures.style import DARK, LIGHT
from search.reports.keras_lines import keras_lines
from search.reports.race_report import confirmation, statement
from search.reports.study_report import StudyReport
from search.reports.tables import describe, interval, needed, or_dash
from search.statistics.learning import OF_EACH
from search.statistics.ranking import Standing


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
            "By scaling, optimizer and learning rate",
            f"Colour is the {rate}. A dashed frame marks a cell whose 95% interval is wider than "
            "0.2: its restarts are too few to say much.",
            heat_figure(report.standings, report.success) or {},
        ),
        Drawn(
            "curves",
            "How soon",
            f"The share of restarts that have not yet {past}, with pointwise 95% intervals, of the "
            "first configurations. Below, how many restarts are left at that epoch.",
            curves_figure(report.timings, report.plan.problem.epochs, report.success)
            if report.timings
            else {},
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
            functions_figure(report.endings, report.plan.problem.data) or {},
        ),
        Drawn(
            "effects",
            "What it depends on",
            "Exact shares of the variation in the measured rates, for all combinations were tried.",
            shares_figure(report.effects.shares, report.success) if report.effects.shares else {},
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


def _reading_of_functions(report: StudyReport) -> str:
    said = (
        f"A typical restart of each group of {report.standings[0].configuration}; below each name, "
        "how many restarts the group has."
    )
    if report.plan.problem.data.features.shape[1] < 3:
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


def html_page(report: StudyReport, command: str, study: str) -> str:
    """The page: it loads nothing from anywhere.

    Args:
        report: The report.
        command: The command that makes the page.
        study: The options that name the study on the command line.

    Returns:
        The text; the same for the same report.
    """
    from jinja2 import Environment, PackageLoader  # only pages take it

    environment = Environment(
        loader=PackageLoader("search.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [
        {
            "heading": one.heading,
            "reading": one.reading,
            "light": to_svg(one.specification, LIGHT, f"light-{one.name}"),
            "dark": to_svg(one.specification, DARK, f"dark-{one.name}"),
        }
        for one in figures(report)
    ]
    text: str = environment.get_template("report.html").render(
        **_content(report, command, study), figures=drawn
    )
    return text


def markdown(report: StudyReport, command: str, study: str, pictures: Mapping[str, str]) -> str:
    """The same as Markdown.

    Args:
        report: The report.
        command: The command that makes it.
        study: The options that name the study on the command line.
        pictures: The path of each figure's picture, by its name.

    Returns:
        The text.
    """
    content = _content(report, command, study)
    parts = [f"# {content['title']}", content["answer"], content["data"]]
    for one in figures(report):
        parts += [f"## {one.heading}", f"![{one.heading}]({pictures[one.name]})", one.reading]
    names = content["columns"]
    rows = [names, ["---"] * len(names), *content["rows"]]
    parts += ["## All configurations", "\n".join(f"| {' | '.join(row)} |" for row in rows)]
    parts += ["## Where they ended", "\n".join(f"- {line}" for line in content["endings"])]
    parts += ["## How to reproduce", "```sh\n" + "\n".join(content["commands"]) + "\n```"]
    parts += [content["seeds"], content["versions"]]
    if content["network"]:
        parts += ["## The best network in plain Keras", content["network"]]
    if content["lines"]:
        parts += [f"```python\n{content['lines']}\n```"]
    return "\n\n".join(parts) + "\n"


def _content(report: StudyReport, command: str, study: str) -> dict[str, Any]:
    plan, success = report.plan, report.success
    shortened = report.effects.imbalance
    return {
        "title": f"{report.name}: how often does each configuration succeed?"
        if not success.is_of_launch
        else f"{report.name}: how often does each configuration escape the plateau?",
        "answer": answer(report),
        "data": f"Data {plan.problem.data.name}; {describe(plan.problem, plan.space.vary)}. A "
        f"success is a restart that {success.past}. {report.restarts:,} restarts of "
        f"{len(report.standings)} configurations"
        + (f", {report.raced:,} of them in races" if report.raced else "")
        + ".",
        "columns": [
            *("configuration", success.past, "rate", "95% interval", "restarts needed for 99%"),
            *("solved", "diverged", "epochs per success", "best seed", "best loss"),
        ],
        "rows": [_cells(standing) for standing in report.standings],
        "endings_of": str(report.standings[0].configuration),
        "endings": [f"{one.basin.share}: {one.name}. {one.words}" for one in report.endings],
        "imbalance": None if shortened is None else f"{shortened[0].upper()}{shortened[1:]}.",
        "commands": _commands(report, command, study),
        "seeds": f"The sampler's seed is {plan.sampler_seed}. A trial's {plan.restarts} restarts "
        "start from consecutive seeds; `multirestart restarts --format csv` lists them all.",
        "network": _network(report),
        "lines": _lines(report),
        "versions": f"Made on {report.machine}, by "
        + ", ".join(f"{name} {number}" for name, number in report.versions)
        + ". On a processor of another kind the last digits of a loss can differ.",
    }


def _lines(report: StudyReport) -> str | None:
    """The best network of the first configuration in plain Keras."""
    if report.best is None:
        return None
    weights = np.frombuffer(report.best.restart.weights, dtype="<f4")
    return keras_lines(report.plan.problem, report.best.configuration, weights)


def _network(report: StudyReport) -> str:
    """What network those lines make."""
    if report.best is None:
        return ""
    restart = report.best.restart
    said = (
        f"The best restart of {report.best.configuration}: trial {report.best.trial}, seed "
        f"{restart.seed}, accuracy {restart.accuracy:.4f}, loss {restart.loss:.4f}."
    )
    if _lines(report) is None:
        said += " It has too many weights to be written out: `Study.restart` in Python has them."
    return said


def answer(report: StudyReport) -> str:
    """Question and answer in two sentences, with figures."""
    best, last = report.standings[0], report.standings[-1]
    rate, past = best.success_rate, report.success.past
    said = (
        f"{best.configuration} is ranked first: {rate} restarts {past}, a rate of {rate.rate:.3f} "
        f"(95% interval {interval(rate)})"
    )
    if best.restarts_needed is not None:
        said += f", so that {needed(best)} restarts are needed for a 99% chance of at least one"
    if last is best:
        return f"{said}."
    behind = last.success_rate
    return f"{said}. {last.configuration} is ranked last: {behind} ({interval(behind)})."


def _cells(standing: Standing) -> list[str]:
    counts, rate = standing.counts, standing.success_rate
    return [
        str(standing.configuration),
        str(rate),
        f"{rate.rate:.3f}",
        interval(rate),
        needed(standing),
        str(counts.solved),
        str(counts.diverged),
        or_dash(standing.expected_epochs, ".0f"),
        or_dash(counts.best_seed),
        or_dash(counts.best_loss, ".4f"),
    ]


def _commands(report: StudyReport, command: str, study: str) -> list[str]:
    best = report.standings[0].counts
    lines = [command, f"multirestart launch {study}   # goes on with the study"]
    if best.best_seed is not None:
        lines.append(
            f"multirestart reference {study} --trial {best.best_trial} --seed {best.best_seed}"
            "   # the best restart of the first configuration by plain Keras"
        )
    return lines
