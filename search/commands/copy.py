"""`copy`: a study with all its restarts into another database."""

from __future__ import annotations

import click

from search.commands.options import study_option
from search.commands.server import require_database
from search.studies.opening import DEFAULT_STORAGE
from storage.url import shown


@click.command()
@click.option(
    "--from",
    "source",
    default=DEFAULT_STORAGE,
    show_default=True,
    metavar="URL",
    callback=require_database,
    help="Database that holds the study.",
)
@click.option(
    "--to", "target", required=True, metavar="URL", help="Database for the copy; made if need be."
)
@study_option
@click.option("--as", "name", metavar="NAME", help="Name of the copy.  [default: the study's]")
def copy(source: str, target: str, study: str | None, name: str | None) -> None:
    """Copy a study with all its restarts and races into another database, and check the copy.

    Interrupted, the same command goes on; repeated, it adds what the study has got since. Exit code
    1 if anything is wrong in the copy.

    \b
    multirestart copy --from sqlite:///anna.db --to sqlite:///class.db --as anna
    """
    from search.studies.copying import copied  # Optuna, as in `check`

    made = copied(source, target, study, name)
    for finding in made.check.findings:
        where = "" if finding.trial is None else f"trial {finding.trial}: "
        click.echo(f"{where}{finding.what}")
    click.echo(
        f"Copied {made.study} to {made.name} in {shown(target)}: {made.check.trials} complete "
        f"trials, {made.check.restarts} restarts, "
        + (f"{len(made.check.findings)} faults." if made.check.findings else "nothing is wrong."),
        err=True,
    )
    if made.check.findings:
        raise SystemExit(1)
