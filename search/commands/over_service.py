"""Commands over a service: what those of the same names do with a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from search.client.client import Client
from search.client.connection import Query
from search.commands.export import require_asked
from search.commands.options import criterion
from search.commands.ordering import said
from search.commands.report import file_name
from search.export.new_file import require_new_keras_file
from search.problem.errors import UserError
from search.problem.names import visible
from search.reports.report import is_on_terminal, is_plain, terminal_width
from search.studies.comparing import require_pair, study_named

_SECONDS_OF_PATIENCE = 20.0


@contextmanager
def asking(server: str, patience: float = _SECONDS_OF_PATIENCE) -> Iterator[Client]:
    """A client that says, once, when the service cannot be reached."""
    is_lost = False

    def lost(why: str) -> None:
        nonlocal is_lost
        if not is_lost:
            click.echo(f"Cannot reach {server} ({visible(why)}): trying again.", err=True)
        is_lost = True

    with Client(server, patience=patience, on_lost=lost) as client:
        yield client


def best(
    server: str,
    studies: tuple[str, ...],
    success: str | None,
    measures: tuple[str, ...] | None,
    top: int | None,
    output: str,
) -> None:
    """`best`."""
    if len(set(studies)) > 1:
        raise click.UsageError("several studies are ranked in a database: give --study once")
    named = None if measures is None else ",".join(measures)
    query: Query = {"success": success, "measures": named, "top": top}
    _rows(server, "best", studies[0] if studies else None, output, query)


def times(
    server: str, study: str | None, success: str | None, top: int | None, output: str
) -> None:
    """`times`."""
    _rows(server, "times", study, output, {"success": success, "top": top})


def compare(
    server: str,
    configurations: tuple[str, ...],
    study: str | None,
    success: str | None,
    output: str,
) -> None:
    """`compare`."""
    require_pair(configurations)
    first, second = configurations or (None, None)
    with asking(server) as client:
        name = study or (
            first and study_named(first, [each["name"] for each in client.studies()])[0]
        )
        query: Query = {"first": first, "second": second, "success": success}
        _echo(client.written(chosen(client, name), "compare", {**query, **_written(output)}))


def race(server: str, study: str | None, output: str) -> None:
    """`race`, as it stands."""
    _rows(server, "race", study, output, {})


def effects(server: str, study: str | None, success: str | None, output: str) -> None:
    """`effects`."""
    _rows(server, "effects", study, output, {"success": success})


def basins(
    server: str,
    study: str | None,
    configuration: str | None,
    success: str | None,
    top: int | None,
    output: str,
) -> None:
    """`basins`."""
    query: Query = {"configuration": configuration, "success": success, "top": top}
    _rows(server, "basins", study, output, query)


def restarts(
    server: str,
    study: str | None,
    configuration: str | None,
    weights: bool,
    measures: tuple[str, ...] | None,
    output: str,
) -> None:
    """`restarts`."""
    named = None if measures is None else ",".join(measures)
    query: Query = {"configuration": configuration, "weights": weights, "measures": named}
    _rows(server, "restarts", study, output, query)


def studies(server: str, output: str) -> None:
    """`studies`."""
    with asking(server) as client:
        _echo(client.summaries(_written(output)))


def report(server: str, study: str | None, success: str | None, output: Path | None) -> None:
    """`report`."""
    criterion(success)
    with asking(server) as client:
        name = chosen(client, study)
        click.echo(str(client.report(name, output or Path(f"{file_name(name)}.html"), success)))


def export(
    server: str,
    file: Path | None,
    code: bool,
    trial: int | None,
    seed: int | None,
    study: str | None,
) -> None:
    """`export`."""
    require_asked(file, code=code)
    if file is not None:
        require_new_keras_file(file)
    with asking(server) as client:
        name = chosen(client, study)
        text = client.program(name, trial, seed) if code else ""
        if file is not None:
            client.network(name, file, trial, seed)
    if file is not None:
        which = "the best restart" if trial is None else f"trial {trial}, seed {seed}"
        click.echo(f"Wrote {file}: the network of {which} of {name}.", err=True)
    click.echo(text, nl=False)


def pause(server: str, study: str) -> None:
    """`pause`."""
    _order(server, study, "pause")


def resume(server: str, study: str) -> None:
    """`resume`."""
    _order(server, study, "resume")


def cancel(server: str, study: str, now: bool) -> None:
    """`cancel`."""
    _order(server, study, "kill" if now else "cancel")


def delete(server: str, study: str, yes: bool) -> None:
    """`delete`."""
    from search.commands.delete import require_yes

    with asking(server) as client:
        restarts = client.study(study)["restarts"]
        require_yes(study, restarts, yes=yes)
        client.delete(study)
    click.echo(f"Removed study {study!r} with {restarts} restarts.", err=True)


def chosen(client: Client, name: str | None) -> str:
    """The study asked for, or the only one. Raises UserError if there are none or several."""
    if name is not None:
        return name
    names = [found["name"] for found in client.studies()]
    if not names:
        raise UserError(f"{client.url} has no study: `multirestart launch` makes one there")
    if len(names) > 1:
        raise UserError(f"choose a study by its name: {', '.join(names)}")
    return str(names[0])


def show_best(client: Client, name: str, top: int) -> None:
    """Print the table of a study's configurations."""
    _echo(client.written(name, "best", {**_written("table"), "top": top}))


def _order(server: str, study: str, what: str) -> None:
    with asking(server) as client:
        state = client.order(study, what)["state"]
    click.echo(said(what, study, state))


def _rows(server: str, rows: str, study: str | None, output: str, query: Query) -> None:
    with asking(server) as client:
        name = chosen(client, study)
        _echo(client.written(name, rows, {**query, **_written(output)}))


def _written(output: str) -> Query:
    """How rows are to be written: a table as it would be here."""
    if output != "table":
        return {"format": output}
    terminal = "none"
    if is_on_terminal():
        terminal = "plain" if is_plain() else "styled"
    return {"format": output, "width": min(max(terminal_width(), 20), 1000), "terminal": terminal}


def _echo(pieces: Iterator[str]) -> None:
    for piece in pieces:
        click.echo(piece, nl=False)
