"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from search.opened import DEFAULT_STORAGE, Study, study_in
from search.problem.errors import UserError
from search.problem.names import quoted
from search.problem.problem import SHARED_ORDERS, training_version
from storage.database import Database, open_for_reading

storage_option = click.option(
    "--storage",
    default=DEFAULT_STORAGE,
    show_default=True,
    metavar="URL",
    help="Database of the studies.",
)
study_option = click.option(
    "--study", metavar="NAME", help="Study in the database; may be left out if there is only one."
)
top_option = click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="K",
    help="How many configurations to show, best first.  [default: 10 in tables, else all]",
)
format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="A table for people, or JSON or CSV for programs.",
)


TOP_OF_A_TABLE = 10
"""Configurations that a table shows unless `--top` is given; JSON and CSV hold all."""


class Listed(click.ParamType[tuple[Any, ...]]):
    """Values separated by commas, each read by `read`, as a tuple."""

    name = "list"

    def __init__(self, read: Callable[[str], Any] = str) -> None:
        self._read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Read the values; a part that `read` refuses with ValueError fails the command."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._read(part.strip()) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers like 4,4", param, ctx)


def option_of(field: str) -> str:
    """The option that sets a field of a plan."""
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")


_OPTIONS = {
    "name": "--study",
    "scalings": "--scaling",
    "optimizers": "--optimizer",
    "learning_rates": "--learning-rate",
}


def worker_count(asked: int | None) -> int:
    """The worker processes asked for, or one per core that this process may use.

    Raises UserError if LOKY_MAX_CPU_COUNT, by which joblib is told the cores, is no number.
    """
    from joblib import cpu_count  # imported late: commands that only read need no joblib

    if asked is not None:
        return asked
    try:
        return int(cpu_count())
    except ValueError:
        raise UserError(
            "the environment variable LOKY_MAX_CPU_COUNT must be a whole number of at least 1, "
            f"received {quoted(os.environ.get('LOKY_MAX_CPU_COUNT', ''))}"
        ) from None


def opened(storage: str, name: str | None) -> Study:
    """The study asked for, opened for reading; says so where its restarts are not independent.

    Raises RecordError that names the studies there are if it is not one of them.
    """
    return warned(study_in(opened_database(storage), name))


def opened_database(storage: str) -> Database:
    """A database opened for reading, which is closed when the command ends."""
    database = open_for_reading(storage)
    click.get_current_context().call_on_close(database.close)
    return database


def warned(study: Study) -> Study:
    """The study, after a line on stderr if its restarts, of an older version, share their luck."""
    if training_version(study.record.problem) == 1:
        click.echo(
            f"Study {study.name!r} was trained by an older version, {SHARED_ORDERS}: its restarts "
            "are not independent, and what is said of them is less certain than it looks.",
            err=True,
        )
    return study
