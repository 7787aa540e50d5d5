"""`pause`, `resume`, `cancel`: orders for a study that is trained elsewhere."""

from __future__ import annotations

from contextlib import closing

import click

from search.commands.options import storage_option
from search.commands.server import served
from storage.opening import open_for_reading, open_for_writing

_SAID = {
    "pause": "{name} is paused: what is under way ends, and nothing more is trained.",
    "resume": "{name} is queued: `multirestart work` or `launch` goes on with it.",
    "cancel": "{name} is cancelled: what is under way ends, and nothing more is trained.",
    "kill": "{name} is cancelled, and what is under way is stopped.",
}


def said(what: str, study: str, state: str) -> str:
    """What is said of an order that was followed.

    Args:
        what: The order.
        study: The study's name.
        state: What it is now.
    """
    if state == "settled":
        return f"{study} is settled: nothing of it is left to train."
    return _SAID[what].format(name=study)


def _order(storage: str, study: str, what: str) -> None:
    from search.studies.ordering import order

    open_for_reading(storage).close()  # an order makes no database
    with closing(open_for_writing(storage)) as store:
        state = order(store, study, what).entry.state
    click.echo(said(what, study, state))


@click.command()
@click.argument("study", metavar="STUDY")
@storage_option
@served("over_service")
def pause(study: str, storage: str) -> None:
    """Train no more of a study until it is resumed, whoever trains it. What is under way ends.

    \b
    multirestart pause bands
    """
    _order(storage, study, "pause")


@click.command()
@click.argument("study", metavar="STUDY")
@storage_option
@served("over_service")
def resume(study: str, storage: str) -> None:
    """Queue a study again that was paused or cancelled, or that failed.

    \b
    multirestart resume bands
    """
    _order(storage, study, "resume")


@click.command()
@click.argument("study", metavar="STUDY")
@click.option("--now", is_flag=True, help="Stop the trials under way too; they count for nothing.")
@storage_option
@served("over_service")
def cancel(study: str, now: bool, storage: str) -> None:
    """Train no more of a study. All that is complete is kept, and `resume` goes on with it.

    \b
    multirestart cancel bands --now
    """
    _order(storage, study, "kill" if now else "cancel")
