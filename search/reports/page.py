"""A report of a study as one HTML page, or as Markdown. Pure: a report in, text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from search.problem.data.asked import is_built_in
from search.problem.names import several, share_text
from search.problem.plan_fields import PlanFields
from search.problem.plan_files import to_toml
from search.reports.figures.drawing import to_svg
from search.reports.figures.style import DARK, LIGHT
from search.reports.keras_lines import keras_lines
from search.reports.layout import decimals
from search.reports.page_figures import figures
from search.reports.study_report import StudyReport
from search.reports.tables import describe, interval, needed, or_dash
from search.statistics.ranking import Standing


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
    parts += [content["plan_said"], f"```toml\n{content['plan']}\n```"]
    parts += [content["seeds"], content["versions"]]
    if content["network"]:
        parts += ["## The best network in plain Keras", content["network"]]
    if content["lines"]:
        parts += [f"```python\n{content['lines']}\n```"]
    return "\n\n".join(parts) + "\n"


def _content(report: StudyReport, command: str, study: str) -> dict[str, Any]:
    plan, success = report.plan, report.success
    return {
        "title": f"{report.name}: how often does each configuration succeed?"
        if not success.is_of_launch
        else f"{report.name}: how often does each configuration escape the plateau?",
        "answer": answer(report),
        "data": f"Data {plan.problem.data.name}; {describe(plan.problem, plan.space.vary)}. A "
        f"success is a restart that {success.past}. {report.restarts:,} restarts of "
        + several(len(report.standings), "configuration")
        + (f", {report.raced:,} of them in races" if report.raced else "")
        + ".",
        "columns": [
            *("configuration", success.past, "rate", "95% interval", "restarts needed for 99%"),
            *("solved", "diverged", "epochs per success", "best seed", "best loss"),
        ],
        "rows": [_cells(standing) for standing in report.standings],
        "endings_of": str(report.standings[0].configuration),
        "endings": [f"{one.basin.share}: {one.name}. {one.words}" for one in report.endings],
        "commands": _commands(report, command, study),
        **_plan(report),
        "seeds": f"The sampler's seed is {plan.sampler_seed}. A trial's {plan.restarts} restarts "
        "start from consecutive seeds; `multirestart restarts --format csv` lists them all.",
        "network": _network(report),
        "lines": _lines(report),
        "versions": f"Made on {report.machine}, by "
        + ", ".join(f"{name} {number}" for name, number in report.versions)
        + ". On a processor of another kind the last digits of a loss can differ.",
    }


def _plan(report: StudyReport) -> dict[str, str]:
    """The plan file that makes the study again, and what is to be done with it."""
    plan, data = report.plan, report.plan.problem.data
    said = "Saved as plan.toml, the plan is launched by: multirestart launch plan.toml"
    held_out = None
    if not is_built_in(data):
        said += (
            ". Which file its points came from is not kept: set data and target; the SHA-256 of "
            f"all points is {data.digest}"
        )
        if data.validation is not None and data.validation.share is None:
            held_out = "validation.csv"
    fields = PlanFields.of(plan, f"{data.name}.csv", "class", held_out)
    return {"plan_said": f"{said}.", "plan": to_toml(fields).rstrip()}


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
        f"{restart.seed}, accuracy {share_text(restart.accuracy, 4)}, "
        f"loss {decimals(restart.loss)}."
    )
    if _lines(report) is None:
        said += " It has too many weights to be written out: `Study.restart` in Python has them."
    return said


def answer(report: StudyReport) -> str:
    """Question and answer in two sentences, with figures."""
    best, last = report.standings[0], report.standings[-1]
    rate, past = best.success_rate, report.success.past
    said = (
        f"{best.configuration} is ranked first: {rate} restarts {past}, "
        f"a rate of {share_text(rate.rate)} (95% interval {interval(rate)})"
    )
    if best.restarts_needed is not None:
        fewest, most = best.restarts_needed_interval
        ends = "" if fewest == most else f" ({fewest} to {or_dash(most)} by that interval)"
        plural = "s are" if best.restarts_needed > 1 else " is"
        said += (
            f", so that {best.restarts_needed} restart{plural} needed for a 99% chance of at least "
            f"one{ends}"
        )
    if last is best:
        return f"{said}."
    behind = last.success_rate
    return f"{said}. {last.configuration} is ranked last: {behind} ({interval(behind)})."


def _cells(standing: Standing) -> list[str]:
    counts, rate = standing.counts, standing.success_rate
    return [
        str(standing.configuration),
        str(rate),
        share_text(rate.rate),
        interval(rate),
        needed(standing),
        str(counts.solved),
        str(counts.diverged),
        or_dash(standing.expected_epochs, ".0f"),
        or_dash(counts.best_seed),
        decimals(counts.best_loss),
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
