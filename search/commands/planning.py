"""`plan`: how many restarts it takes, before anything is trained."""

from __future__ import annotations

from typing import Any

import click

from search.commands.options import format_option
from search.commands.reading import write
from search.problem.errors import Faults

_LEAST_ALPHA, _MOST_POWER, _LEAST_WIDTH = 1e-9, 0.999999, 1e-6
"""Beyond these, sums of probabilities are not exact enough, and nobody trains so many restarts."""


@click.command()
@click.option("--rate", type=float, metavar="P", help="The rate of one configuration.")
@click.option("--against", type=float, metavar="P", help="The rate of another, to be told apart.")
@click.option(
    "--discordance",
    type=float,
    metavar="SHARE",
    help="On common seeds: the share of them from which one alone escapes.  [default: that of "
    "configurations that have nothing in common, and the least there can be]",
)
@click.option(
    "--power",
    type=float,
    default=0.8,
    show_default=True,
    metavar="SHARE",
    help="The chance to find the difference.",
)
@click.option(
    "--alpha",
    type=float,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="The chance to find one where there is none.",
)
@click.option(
    "--precision",
    type=float,
    metavar="WIDTH",
    help="Width of the 95% interval of a rate, from end to end; at --rate, or else at 1/2, where "
    "it takes the most.",
)
@format_option
def plan(
    rate: float | None,
    against: float | None,
    discordance: float | None,
    power: float,
    alpha: float,
    precision: float | None,
    output: str,
) -> None:
    """How many restarts tell two rates apart, or give an interval that narrow.

    Trains nothing and needs no study. Two configurations are compared on seeds of their own, as in
    a search, or on common seeds, as in a race, where it counts on how many seeds they differ.

    \b
    multirestart plan --rate 0.95 --against 0.97
    multirestart plan --rate 0.95 --precision 0.01
    """
    _check(rate, against, discordance, power, alpha, precision)
    # SciPy, which takes its time to import.
    from search.reports.planning_tables import show_apart, show_width
    from search.statistics.sample_size import needed_apart, needed_for_width

    apart = []
    if rate is not None and against is not None:
        apart = needed_apart(rate, against, discordance, alpha, power)
    width = None
    if precision is not None:
        width = needed_for_width(precision, 0.5 if rate is None else rate)
    if output == "table":
        if apart:
            show_apart(apart)
        if width is not None:
            show_width(width)
        return
    rows: list[dict[str, Any]] = [row.to_json() for row in (*apart, *((width,) if width else ()))]
    write(output, list(rows[0]), rows)


def _check(
    rate: float | None,
    against: float | None,
    discordance: float | None,
    power: float,
    alpha: float,
    precision: float | None,
) -> None:
    """Raise InvalidValuesError or UsageError for what no number of restarts can be told of."""
    if precision is None and against is None:
        raise click.UsageError("ask for --rate P --against P, or for --precision WIDTH")
    if against is not None and rate is None:
        raise click.UsageError("--against needs the other rate: --rate P")
    if discordance is not None and against is None:
        raise click.UsageError("--discordance is of two rates: --rate P --against P")
    faults = Faults()
    rule = "must be above 0 and below 1"
    shares = (
        ("power", power, 0.0, _MOST_POWER),
        ("alpha", alpha, _LEAST_ALPHA, 1.0),
        ("precision", precision, _LEAST_WIDTH, 1.0),
    )
    for name, value, least, most in shares:
        if value is None or not 0 < value < 1:
            faults.require(value is None, name, rule, value)
            continue
        faults.require(value >= least, name, f"must be at least {least:g}", value)
        faults.require(value <= most, name, f"must be at most {most:g}", value)
    faults.require(power > alpha, "power", "must be above alpha", power)
    if against is None:
        closed = "must be at least 0 and at most 1"
        faults.require(rate is None or 0 <= rate <= 1, "rate", closed, rate)
    elif rate is not None:
        for name, value in (("rate", rate), ("against", against)):
            faults.require(0 < value < 1, name, rule, value)
        apart = abs(rate - against)
        faults.require(apart >= 1e-6, "against", "must differ from the rate", against)
        most = min(rate + against, 2 - rate - against)
        faults.require(
            discordance is None or apart - 1e-12 <= discordance <= most + 1e-12,
            "discordance",
            f"must be at least the difference and at most {most:g}",
            discordance,
        )
    faults.raise_any()
