"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from search.commands.server import require_database
from search.commands.verbosity import Verbosity
from search.problem.dimensions import FULL
from search.problem.plan import flat_name
from search.problem.success import Success
from search.studies.opening import DEFAULT_STORAGE, study_in
from search.studies.study import Study
from storage.contract import Store
from storage.opening import open_for_reading

storage_option = click.option(
    "--storage",
    default=DEFAULT_STORAGE,
    show_default=True,
    metavar="URL",
    callback=require_database,
    help="Database of the studies.",
)


def once(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """The value of an option that may be given once; a second one is refused, not passed over."""
    if len(values) > 1:
        raise click.UsageError(
            f"{param.opts[0]} may be given once here, received {', '.join(values)}", ctx
        )
    return values[0] if values else None


study_option = click.option(
    "--study",
    metavar="NAME",
    multiple=True,
    callback=once,
    help="Study in the database; may be left out if there is only one.",
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
success_option = click.option(
    "--success",
    metavar="WHICH",
    help="What counts as a success: escaped (by the study's margin), solved, escaped:X (by another "
    "margin), accuracy:X (at least X), loss:X (at most X), best:X (a loss within X of the lowest), "
    "not-wrong (no point on the wrong side of 1/2).  [default: what the study seeks]",
)
timed_success_option = click.option(
    "--success",
    metavar="WHICH",
    help="What counts as a success: escaped (by the study's margin), solved, escaped:X (by another "
    "margin), accuracy:X (at least X).  [default: what the study seeks]",
)
cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Train on a Dask cluster: local, or its scheduler's address like tcp://host:8786.",
)
no_cache_option = click.option(
    "--no-cache",
    is_flag=True,
    help="Compile all programs, and keep none of them for the next launch.",
)


def verbosity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--quiet` and `--verbose` of a command that trains, as `quiet` and `verbose`."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Say of each trial how it ended."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but the result."),
    ):
        command = option(command)
    return command


def verbosity_of(*, quiet: bool, verbose: bool) -> Verbosity:
    """How much is to be said. Raises UsageError if both are asked for."""
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other: leave one out")
    if quiet:
        return Verbosity.QUIET
    return Verbosity.EACH_TRIAL if verbose else Verbosity.USUAL


def criterion(given: str | None) -> Success | None:
    """What `--success` names, before anything is opened; None if it was left out."""
    return None if given is None else Success.of(given)


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


class BatchSize(click.ParamType[int | str]):
    """A whole number, or `full`."""

    name = "batch size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Read it."""
        if value == FULL:
            return FULL
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor {FULL}", param, ctx)


class Varied(click.ParamType[tuple[str, str]]):
    """A dimension and its values, as `NAME=VALUES`."""

    name = "dimension"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split it at the first equals sign."""
        name, equals, values = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} is not NAME=VALUES like batch_size=16,32", param, ctx)
        return name.strip().replace("-", "_"), values


def option_of(field: str) -> str:
    """The option that sets a field of a plan."""
    return f"--{flat_name(field).replace('_', '-')}"


def opened(storage: str, name: str | None) -> Study:
    """The study asked for, opened for reading; all that the command reads is of one state of it.

    Raises RecordError that names the studies there are if it is not one of them.
    """
    study = study_in(opened_store(storage), name)
    click.get_current_context().with_resource(study.snapshot())
    return study


def opened_store(storage: str) -> Store:
    """The store in a database, opened for reading and closed when the command ends."""
    store = open_for_reading(storage)
    click.get_current_context().call_on_close(store.close)
    return store
