"""`delete`: remove a study with all its restarts, and Optuna's copy of it."""

from __future__ import annotations

import click

from search.commands.options import once, opened_store, storage_option
from search.commands.server import served
from search.problem.errors import UserError
from search.studies.opening import study_in


@click.command()
@click.option(
    "--study", metavar="NAME", multiple=True, callback=once, required=True, help="The study."
)
@storage_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@served("over_service")
def delete(study: str, storage: str, yes: bool) -> None:
    """Remove a study with all its trials, restarts and races, and Optuna's copy of it.

    There is no way back but a copy made before: multirestart backup.

    \b
    multirestart delete --study bands
    """
    store = opened_store(storage)
    found = study_in(store, study)
    restarts = sum(counts.restarts for counts in store.configuration_counts(found.study_id))
    require_yes(found.name, restarts, yes=yes)
    # Optuna, imported once there is something to be removed.
    from search.studies.deleting import delete_study

    delete_study(storage, found.stored)
    click.echo(f"Removed study {found.name!r} with {restarts} restarts.", err=True)


def require_yes(study: str, restarts: int, *, yes: bool) -> None:
    """Ask whether a study is to be removed. Raises UserError unless it is, or `yes`."""
    if not yes and not _confirmed(f"Remove study {study!r} with {restarts} restarts?"):
        raise UserError("nothing was removed; where nobody can answer, give --yes")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # nobody answers
        click.echo(err=True)
        return False
