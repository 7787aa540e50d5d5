"""README and the pages of docs/ name every command and option, and what they say to run parses."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

import multirestart as mr
from search.commands import main
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import SCALINGS
from tests.conftest import ROOT, Launched

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]
MOST_LINES_OF_README = 160

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
_CONTEXT = click.Context(main)
COMMANDS = {
    name: command
    for name in main.list_commands(_CONTEXT)
    if (command := main.get_command(_CONTEXT, name)) is not None
}


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page that are in a language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.S | re.M)
    return [text for name, text in found if name == language]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```\w*\n.*?^```$", "", page.read_text(), flags=re.S | re.M)


def command_lines(text: str) -> list[str]:
    return [
        line.split("multirestart ", 1)[1] for line in text.splitlines() if "multirestart " in line
    ]


def section(command: str) -> str:
    """What docs/commands.md says of a command."""
    found = re.search(
        rf"^## {command}\n(.*?)(?=^## |\Z)", (ROOT / "docs/commands.md").read_text(), re.S | re.M
    )
    assert found is not None
    return found[1]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_readme_is_short_and_names_every_command_and_page() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= MOST_LINES_OF_README
    assert [command for command in COMMANDS if f"multirestart {command}" not in text] == []
    assert [page.name for page in DOCS if f"](docs/{page.name})" not in text] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_its_help_with_an_example(command: str) -> None:
    context = click.Context(COMMANDS[command], info_name=command)
    assert f"multirestart {command}" in (COMMANDS[command].help or "").split("\n\n")[-1]
    assert "--help" in COMMANDS[command].get_help(context)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_its_options_and_an_example(command: str) -> None:
    said = section(command)
    options = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    named = set(re.findall(r"`(--[a-z0-9-]+)", said))
    assert {option for option in options if option.startswith("--")} - named == set()
    examples = [text for name, text in re.findall(r"```(\w*)\n(.*?)```", said, re.S) if name]
    assert any(f"multirestart {command}" in text for text in examples)


def test_no_command_is_documented_that_is_not_there() -> None:
    headings = re.findall(r"^## (\S+)$", (ROOT / "docs/commands.md").read_text(), re.M)
    assert headings == [*COMMANDS]


@pytest.mark.parametrize("name", [*SCALINGS, *OPTIMIZERS])
def test_every_scaling_and_optimizer_is_named(name: str) -> None:
    assert f"`{name}`" in section("launch")
    assert name in COMMANDS["launch"].get_help(click.Context(COMMANDS["launch"]))


def test_every_command_line_parses() -> None:
    lines = [
        line
        for page in PAGES
        for text in (
            *blocks(page, "sh"),
            "\n".join(re.findall(r"`(multirestart [a-z]+ [^`]*)`", prose(page))),
        )
        for line in command_lines(text)
    ]
    assert len(lines) > 40
    for line in lines:
        words = shlex.split(line.split(">")[0], comments=True)
        words = ["7" if word == "N" else word for word in words]
        if words and words[-1] != "--help":
            command = COMMANDS[words[0]]
            command.make_context(words[0], words[1:])


def test_every_command_within_a_line_of_an_administrator_parses() -> None:
    text = "\n".join(text for page in PAGES for text in blocks(page, "bash"))
    lines = re.findall(rf"multirestart ((?:{'|'.join(COMMANDS)}) .*)", text)
    assert len(lines) >= 4
    for line in lines:
        name, *words = shlex.split(line)
        COMMANDS[name].make_context(name, words)


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.is_file(), target
        assert not anchor or anchor in anchors(there), target


@pages
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(
        r"(?:scripts|search|storage|tests|docs)/[\w/]+\.(?:py|c|md)", page.read_text()
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


@pages
def test_examples_in_python_compile_and_use_what_is_there(page: Path) -> None:
    for example in blocks(page, "python"):
        compile(example, page.name, "exec")
        assert set(re.findall(r"\bmr\.(\w+)", example)) <= set(mr.__all__)


def test_the_examples_that_read_a_study_run(
    launched: Launched, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    names: dict[str, object] = {}
    trains = re.compile(r"mr\.launch|\.race\(|\.check\(|mr\.Client")  # or needs a service
    examples = [
        text for text in blocks(ROOT / "docs/python.md", "python") if not trains.search(text)
    ]
    assert len(examples) >= 5
    for example in examples:
        exec(example.replace("sqlite:///multirestart.db", launched.url), names)
    said = capsys.readouterr().out
    assert said.startswith("standard adam 0.1 ")
    assert "['restarts', 'sampler']" in said


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = (ROOT / "CITATION.cff").read_text()
    for line in (
        f"title: {project['name']}",
        f"version: {project['version']}",
        f"license: {project['license']}",
    ):
        assert line in cited.splitlines()
