"""`report`: a study in one page, with figures."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from search.commands.options import criterion, opened, storage_option, study_option, success_option
from search.commands.server import served
from search.problem.errors import UserError
from search.studies.opening import DEFAULT_STORAGE
from storage.url import shown


@click.command()
@study_option
@storage_option
@success_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write, in place of one of its name.  [default: STUDY.html or STUDY.md]",
)
@click.option(
    "--figures",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each figure as SVG and PNG too.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "md"]),
    default="html",
    show_default=True,
    help="A page, or Markdown with its figures beside it.",
)
@click.option(
    "--training",
    is_flag=True,
    help="Train a sample of restarts again, and draw their accuracy and loss by epoch.",
)
@served("over_service", "folder", "kind", "training")
def report(
    study: str | None,
    storage: str,
    success: str | None,
    output: Path | None,
    folder: Path | None,
    kind: str,
    training: bool,
) -> None:
    """Write a study as one page: question, answer, figures, the ranking, how to reproduce it.

    The page is one file that loads nothing from anywhere. The same study gives the same page.
    --training adds how some restarts went by epoch, and takes some seconds more, for TensorFlow.

    \b
    multirestart report
    multirestart report --success solved --figures figures
    """
    asked = criterion(success)
    found = opened(storage, study)
    from search.reports.page import html_page, markdown
    from search.reports.page_figures import figures
    from search.studies.reporting import gather

    gathered = gather(found, asked, training=training)
    path = output or Path(f"{file_name(found.name)}.{kind}")
    named = _named(found.name, storage)
    command = _command(named, success, training=training).strip()
    try:
        if kind == "md" and folder is None:
            folder = path.with_suffix("")
        names = {one.name: f"{one.name}.svg" for one in figures(gathered)}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            _write_figures(folder, {one.name: one.specification for one in figures(gathered)})
            names = {name: str(folder / file) for name, file in names.items()}
        if kind == "html":
            text = html_page(gathered, command, named)
        else:
            text = markdown(gathered, command, named, names)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {error.strerror}") from None
    click.echo(str(path))


def _write_figures(folder: Path, specifications: dict[str, object]) -> None:
    from search.reports.figures.drawing import to_png, to_svg
    from search.reports.figures.style import LIGHT

    for name, specification in specifications.items():
        assert isinstance(specification, dict), "figures are specifications"
        (folder / f"{name}.svg").write_text(to_svg(specification, LIGHT, name), encoding="utf-8")
        (folder / f"{name}.png").write_bytes(to_png(specification, LIGHT))


def _named(study: str, storage: str) -> str:
    """The options that name the study."""
    words = ["--study", study]
    if storage != DEFAULT_STORAGE:
        words += ["--storage", shown(storage)]
    return shlex.join(words)


def _command(named: str, success: str | None, *, training: bool) -> str:
    """The command that makes the page."""
    words = [] if success is None else ["--success", success]
    return " ".join(["multirestart report", named, shlex.join(words + ["--training"] * training)])


def file_name(study: str) -> str:
    """The study's name as a file can be called."""
    kept = "".join(each if each.isalnum() or each in " -_.," else "-" for each in study).strip(" .")
    return kept or "study"
