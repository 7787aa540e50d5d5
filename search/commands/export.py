"""`export`: the network of a restart as a Keras file, or the program that trains it."""

from __future__ import annotations

from pathlib import Path

import click

from search.commands.options import opened, storage_option, study_option
from search.commands.server import served
from search.export.new_file import require_new_keras_file
from search.problem.errors import UserError
from search.problem.names import share_text
from search.problem.naming import configuration_name
from search.studies.exporting import chosen_restart, succeeded
from search.studies.study import LARGEST_SEED


@click.command()
@click.argument("file", required=False, metavar="[FILE.keras]", type=click.Path(path_type=Path))
@click.option("--code", is_flag=True, help="Print the Keras program that trains the restart again.")
@click.option("--trial", type=click.IntRange(0, LARGEST_SEED), metavar="N", help="With --seed.")
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    metavar="K",
    help="The restart to export.  [default: the best]",
)
@study_option
@storage_option
@served("over_service")
def export(
    file: Path | None,
    code: bool,
    trial: int | None,
    seed: int | None,
    study: str | None,
    storage: str,
) -> None:
    """Write the network of a restart to a new Keras file, which loads without multirestart.

    The model takes features as the data have them: the scaling is in it. It is written only if it
    gives the recorded accuracy exactly, and the recorded loss but for rounding. Without --trial and
    --seed it is the restart of the lowest loss of those that escaped (that solved the problem, if
    the study was launched to seek that).

    \b
    multirestart export best.keras
    multirestart export --code > best.py
    """
    require_asked(file, code=code)
    if file is not None:
        require_new_keras_file(file)
    found = opened(storage, study)
    recorded = chosen_restart(found, trial, seed)
    restart = recorded.restart
    name = (
        f"trial {recorded.trial}, seed {restart.seed}, {configuration_name(recorded.configuration)}"
    )
    if trial is None and not succeeded(found, recorded):
        what = "escaped" if found.sought.is_of_launch else "solved the problem"
        click.echo(f"No restart of {found.name} {what}: this is the best of all.", err=True)
    if code:
        from search.export.program import program

        text = program(found.name, found.problem, recorded)
    if file is not None:
        try:
            found.export(file, recorded.trial, restart.seed)
        except UserError as error:
            if trial is None:
                raise UserError(f"{error}; the restart is {name}") from None
            raise
        classes = ", ".join(f"{at} {each}" for at, each in enumerate(found.problem.data.classes))
        click.echo(
            f"Wrote {file}: {name}; accuracy {share_text(restart.accuracy, 4)}, "
            f"loss {restart.loss:.6g}; outcome: {restart.outcome.value}; classes: {classes}.",
            err=True,
        )
    if code:
        click.echo(text, nl=False)


def require_asked(file: Path | None, *, code: bool) -> None:
    """Raise UsageError if neither a file nor a program is asked for."""
    if file is None and not code:
        raise click.UsageError("name a file like best.keras, or ask for --code")
