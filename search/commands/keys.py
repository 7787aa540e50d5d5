"""`keys`: who may use the service."""

from __future__ import annotations

import time
from contextlib import closing

import click

from search.commands.options import format_option, opened_store, storage_option
from search.commands.reading import write
from search.problem.errors import UserError
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table
from storage.opening import open_for_writing
from storage.url import shown
from storage.values import AccessKey, AuditLine, Scope

_COLUMNS = ("key", "scope", "state", "created", "expires")


@click.group()
def keys() -> None:
    """Keys to the service: made, listed, revoked.

    As soon as a database has a key, the service answers nobody without one. A key is shown once,
    as it is made; only a digest of it is kept.

    \b
    multirestart keys add anna --scope submit --expires 30d
    multirestart keys list
    multirestart keys revoke anna
    """


@keys.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.SUBMIT.value,
    show_default=True,
    help="read: look at everything; submit: also submit and order studies; admin: also delete.",
)
@click.option("--expires", metavar="TIME", help="After 12h, 30d, 4w.  [default: never]")
@storage_option
def add(name: str, scope: str, expires: str | None, storage: str) -> None:
    """Make a key, and print it. It cannot be shown again.

    \b
    multirestart keys add anna --scope submit --expires 30d
    """
    from search.service.keys import new_key

    text, key = new_key(name, Scope(scope), expires, time.time())
    with closing(open_for_writing(storage)) as store:
        store.add_key(key)
        store.add_audit(AuditLine(time.time(), None, "key made", name))
    click.echo(text)
    click.echo(
        f"This is the key of {name} ({scope}); it is not kept and cannot be shown again.", err=True
    )


@keys.command(name="list")
@storage_option
@format_option
def list_keys(storage: str, output: str) -> None:
    """The keys of a database, and which of them open something.

    \b
    multirestart keys list --format json
    """
    rows = [_row(key) for key in opened_store(storage).access_keys()]
    if output != "table":
        write(output, _COLUMNS, rows)
    elif not rows:
        click.echo("There are no keys: the service answers everybody on this machine, and no other")
    else:
        columns = [
            Column(name, importance=NEVER_LEFT_OUT, leads=name == "key") for name in _COLUMNS
        ]
        cells = [[row[name] or "never" for name in _COLUMNS] for row in rows]
        show_table(f"{shown(storage)}: keys", columns, cells)


@keys.command()
@click.argument("name", metavar="NAME")
@storage_option
def revoke(name: str, storage: str) -> None:
    """End a key at once.

    \b
    multirestart keys revoke anna
    """
    opened_store(storage)
    with closing(open_for_writing(storage)) as store:
        if not store.revoke_key(name):
            raise UserError(f"{shown(storage)} has no key {name!r} that is not revoked already")
        store.add_audit(AuditLine(time.time(), None, "key revoked", name))
    click.echo(f"The key of {name} opens nothing any more.")


def _row(key: AccessKey) -> dict[str, str | None]:
    state = "valid" if key.is_valid(time.time()) else "expired"
    return {
        "key": key.name,
        "scope": key.scope.value,
        "state": state if key.revoked is None else "revoked",
        "created": _time(key.created),
        "expires": None if key.expires is None else _time(key.expires),
    }


def _time(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
