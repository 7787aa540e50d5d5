"""`backup`: copy a database whole, while launches run."""

from __future__ import annotations

from pathlib import Path

import click

from search.commands.options import storage_option
from storage.backup import back_up


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@storage_option
def backup(file: Path, storage: str) -> None:
    """Copy a database to a new FILE, whole and at one moment, while launches go on.

    A plain copy of the file lacks what stands in its write-ahead log.

    \b
    multirestart backup monday.db
    """
    trials = back_up(storage, file)
    click.echo(f"Copied {trials} complete trials to {file}.", err=True)
