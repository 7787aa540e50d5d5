"""`launch` over a service: submitted, watched until it is settled, and answered as by a launch."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from search.client.client import UNSETTLED, Client
from search.client.reading import Row
from search.client.submission import of_fields
from search.commands.asked import asked_fields, say_commands
from search.commands.launch_bar import launch_bar
from search.commands.options import verbosity_of
from search.commands.over_service import asking, show_best
from search.commands.server import server_words
from search.commands.verbosity import Verbosity
from search.problem.errors import LaunchError
from search.reports.report import is_plain

_SECONDS_OF_PATIENCE = 600.0
_SECONDS_BETWEEN_LINES = 10.0
_ROWS_OF_A_LAUNCH = 20
_WANTED_AGAIN = ("paused", "cancelled", "failed")
_INTERRUPTED = 130


def launch(
    server: str,
    plan: Path | None,
    detach: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """`launch`."""
    verbosity = verbosity_of(quiet=quiet, verbose=verbose)
    fields = asked_fields(plan, options)
    with asking(server, _SECONDS_OF_PATIENCE) as client:
        name = fields.name_among([each["name"] for each in client.studies()])
        submitted = client.send(of_fields(fields, name))
        found = submitted["study"]
        if found["state"] in _WANTED_AGAIN:  # whoever launches it wants it trained
            found = client.resume(name)
        if not quiet:
            click.echo(_said(submitted, found, client.url), err=True)
        if detach:
            return
        try:
            with _Progress(verbosity) as progress:
                found = _followed(client, name, found, progress)
        except KeyboardInterrupt:
            _say_that_it_goes_on(name)
            click.get_current_context().exit(_INTERRUPTED)
        if found["state"] != "settled":
            raise LaunchError(_held(found))
        show_best(client, name, _ROWS_OF_A_LAUNCH)
    if not quiet:
        where = f" --study {shlex.quote(name)}"
        say_commands(
            [
                (f"best{where}", "this table again; --format json for programs"),
                (f"export best.keras{where}", "the best network, for plain Keras"),
                (f"report{where}", "the study in one page"),
            ],
            server_words(),
        )


def _followed(client: Client, name: str, found: Row, progress: _Progress) -> Row:
    """Where a study stands once it is neither queued nor running."""
    progress(found)
    if found["state"] not in UNSETTLED:
        return found
    for now in client.watch(name):
        progress(now)
        if now["state"] not in UNSETTLED:
            return now
    raise LaunchError(f"study {name!r} was deleted by somebody else")


def _said(submitted: Mapping[str, Any], found: Row, url: str) -> str:
    name = found["name"]
    if submitted["created"]:
        return f"Submitted study {name} to {url}."
    changes = f" ({'; '.join(submitted['changes'])})" if submitted["changes"] else ""
    return f"Study {name} of {url} goes on{changes}."


def _held(found: Row) -> str:
    name, state = found["name"], found["state"]
    if state == "failed":
        return f"study {name!r} failed: {found['reason']}"
    return (
        f"study {name!r} was {state} by somebody else; what is complete is kept, and the same "
        "command goes on with it"
    )


def _say_that_it_goes_on(name: str) -> None:
    where = shlex.quote(name)
    click.echo("Watching ended; the study goes on.", err=True)
    say_commands(
        [
            (f"launch --study {where}", "watch it again"),
            (f"cancel {where}", "train no more of it"),
        ],
        server_words(),
    )


class _Progress:
    """Shows where a study stands: a bar on a terminal, else a line at times."""

    def __init__(self, verbosity: Verbosity) -> None:
        console = Console(stderr=True, highlight=False, emoji=False)
        self._is_quiet = verbosity is Verbosity.QUIET
        self._is_drawn = console.is_terminal and not is_plain() and not self._is_quiet
        self._bar = launch_bar(console, is_drawn=self._is_drawn)
        self._task = self._bar.add_task("")
        self._line, self._said_at = "", 0.0

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    def __call__(self, found: Row) -> None:
        """Show where it stands."""
        trials, line = found["trials"], _standing(found)
        self._bar.update(
            self._task, total=trials["of"], completed=trials["settled"], description=line
        )
        if self._is_drawn or self._is_quiet or line == self._line:
            return
        now = time.monotonic()
        is_time = not self._line or now - self._said_at >= _SECONDS_BETWEEN_LINES
        if is_time or found["state"] not in UNSETTLED:
            self._line, self._said_at = line, now
            click.echo(f"{trials['settled']} of {trials['of']} trials: {line}", err=True)


def _standing(found: Row) -> str:
    said = f"{found['state']}, {found['restarts']:,} restarts, {found['escaped']:,} escaped"
    if found["place"] is not None and found["state"] == "queued":
        said += f", place {found['place']} in the queue"
    expected = found["expected_finish"]
    if expected is not None:
        at, earliest, latest = (_clock(expected[key]) for key in ("at", "earliest", "latest"))
        said += f", expected to end at {at} ({earliest} to {latest})"
    return said


def _clock(seconds: float) -> str:
    moment = time.localtime(seconds)
    is_today = moment[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%d %b %H:%M", moment)
