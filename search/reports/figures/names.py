"""What configurations are called in figures: their names with numbers in four digits."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.configuration import Configuration
from search.problem.dimensions import ALWAYS_SEARCHED, shown_value
from search.problem.naming import configuration_name


def short_names(configurations: Sequence[Configuration]) -> list[str]:
    """Names with numbers in four digits if those tell all of them apart, else in full.

    The command line takes either.

    Args:
        configurations: The configurations of a figure.
    """
    short = [
        "/".join(
            shown_value(value) if name in ALWAYS_SEARCHED else f"{name}={shown_value(value)}"
            for name, value in one.items()
        )
        for one in configurations
    ]
    if len(set(short)) == len(set(configurations)):
        return short
    return [configuration_name(one) for one in configurations]
