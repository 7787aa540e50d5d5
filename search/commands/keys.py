"""`keys`: who may use the service, and who may look at one study of it."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import click

from search.commands.options import format_option, opened_store, storage_option
from search.commands.reading import write
from search.problem.errors import UserError
from search.problem.names import several, visible
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table
from search.studies.opening import study_in
from storage.opening import open_for_writing
from storage.url import shown
from storage.values import AccessKey, AuditLine, Scope

_LIMITS = ("most_studies", "most_work", "most_bytes")
_COLUMNS = ("key", "scope", "state", "created", "expires", *_LIMITS)
_OF_AUDIT = ("time", "key", "action", "subject")
_LARGEST = 2**63 - 1
_NONE = "none"


class _Most(click.ParamType[int]):
    """A whole number of at least so many, or `none` for no limit, which is read as 0."""

    name = "limit"

    def __init__(self, least: int = 1) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        text = str(value)
        if text == _NONE:
            return 0
        if not re.fullmatch(r"\d{1,19}", text) or not self._least <= int(text) <= _LARGEST:
            rule = f"neither a whole number from {self._least} on nor {_NONE}"
            self.fail(f"{value!r} is {rule}", param, ctx)
        return int(text)


@click.group()
def keys() -> None:
    """Keys to the service: made, listed, revoked; and links by which one study is read.

    As soon as a database has a key, the service answers nobody without one. A key is shown once,
    when it is made; only a digest of it is kept.

    \b
    multirestart keys add anna --scope submit --expires 30d
    multirestart keys list
    multirestart keys revoke anna
    multirestart keys share bands --expires 30d
    multirestart keys audit
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
@click.option(
    "--most-studies",
    metavar="N|none",
    type=_Most(),
    help="Studies queued or running at a time.  [default: 10; admin: none]",
)
@click.option(
    "--most-work",
    metavar="N|none",
    type=_Most(),
    help="Restarts x epochs x points of one plan.  [default: 1000000000000; admin: none]",
)
@click.option(
    "--most-bytes",
    metavar="N|none",
    type=_Most(65536),
    help="Of an upload, up to the service's own limit, 64 MiB.  [default: none]",
)
@storage_option
def add(name: str, scope: str, expires: str | None, storage: str, **given: int | None) -> None:
    """Make a key, and print it. It cannot be shown again.

    \b
    multirestart keys add anna --scope submit --expires 30d --most-studies 3
    """
    from search.service.keys import default_limits, new_key

    asked = {limit: most or None for limit, most in given.items() if most is not None}
    limits = replace(default_limits(Scope(scope)), **asked)
    text, key = new_key(name, Scope(scope), expires, time.time(), limits)
    with closing(open_for_writing(storage)) as store, store.transaction():
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
            Column(name.replace("_", "\n"), importance=NEVER_LEFT_OUT, leads=name == "key")
            for name in _COLUMNS
        ]
        cells = [[_cell(name, row[name]) for name in _COLUMNS] for row in rows]
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
    with closing(open_for_writing(storage)) as store, store.transaction():
        if not store.revoke_key(name):
            raise UserError(f"{shown(storage)} has no key {name!r} that is not revoked already")
        store.add_audit(AuditLine(time.time(), None, "key revoked", name))
    click.echo(f"The key of {name} opens nothing any more.")


@keys.command()
@click.argument("study", metavar="STUDY")
@click.option("--expires", metavar="TIME", help="After 12h, 30d, 4w.  [default: never]")
@storage_option
def share(study: str, expires: str | None, storage: str) -> None:
    """Make a link by which one study is read without a key, and print its path, once.

    \b
    multirestart keys share bands --expires 30d
    """
    from search.service.keys import digest, end_of, secret

    study_in(opened_store(storage), study)
    now, token = time.time(), secret()
    ends = end_of(expires, now)
    with closing(open_for_writing(storage)) as store, store.transaction():
        store.add_share(study_in(store, study).study_id, digest(token), None, now, ends)
        store.add_audit(AuditLine(now, None, "shared", study))
    click.echo(f"/shared/{token}")
    said = "shows the study with its report, and nothing else. It cannot be shown again."
    click.echo(f"Behind the address of the service this {said}", err=True)


@keys.command()
@click.argument("study", metavar="STUDY")
@storage_option
def unshare(study: str, storage: str) -> None:
    """End all links to a study at once.

    \b
    multirestart keys unshare bands
    """
    study_in(opened_store(storage), study)
    with closing(open_for_writing(storage)) as store, store.transaction():
        study_id = study_in(store, study).study_id
        ended = [store.delete_share(study_id, one.share_id) for one in store.shares(study_id)]
        store.add_audit(AuditLine(time.time(), None, "shares ended", study))
    click.echo(f"{several(sum(ended), 'link')} to {study} ended.")


@keys.command()
@click.option("--top", type=click.IntRange(min=1), default=50, show_default=True, metavar="N")
@storage_option
@format_option
def audit(top: int, storage: str, output: str) -> None:
    """The last changes by way of the service or of `keys`: when, by which key, what.

    \b
    multirestart keys audit --top 20
    """
    rows = [
        {
            "time": _time(line.at),
            "key": line.key,
            "action": line.action,
            "subject": visible(line.subject),
        }
        for line in opened_store(storage).audit(top)
    ]
    if output != "table":
        write(output, _OF_AUDIT, rows)
        return
    columns = [
        Column(name, importance=NEVER_LEFT_OUT, leads=name == "subject") for name in _OF_AUDIT
    ]
    cells = [[row[name] or "-" for name in _OF_AUDIT] for row in rows]
    show_table(f"{shown(storage)}: the last changes, the latest first", columns, cells)


def _row(key: AccessKey) -> dict[str, str | int | None]:
    state = "valid" if key.is_valid(time.time()) else "expired"
    return {
        "key": key.name,
        "scope": key.scope.value,
        "state": state if key.revoked is None else "revoked",
        "created": _time(key.created),
        "expires": None if key.expires is None else _time(key.expires),
        **vars(key.limits),
    }


def _cell(name: str, value: str | int | None) -> str:
    if name in _LIMITS:
        return _NONE if value is None else f"{value:,}"
    return str(value or "never")


def _time(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
