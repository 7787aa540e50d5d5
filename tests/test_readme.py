"""README names every command and option, and what it says to run is there to be run."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from search.commands import main
from search.problem.optimizers import OPTIMIZERS
from search.problem.scaling import SCALINGS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
OPTIONS = sorted(
    {
        option
        for command in main.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
)


@pytest.mark.parametrize("command", main.commands)
def test_every_command_is_named_and_ends_its_help_with_an_example(command: str) -> None:
    assert f"multirestart {command}" in README
    context = click.Context(main.commands[command], info_name=command)
    assert f"multirestart {command}" in (main.commands[command].help or "").split("\n\n")[-1]
    assert "--help" in main.commands[command].get_help(context)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_named(option: str) -> None:
    assert option in README


@pytest.mark.parametrize("name", [*SCALINGS, *OPTIMIZERS])
def test_every_scaling_and_optimizer_is_named(name: str) -> None:
    assert f"`{name}`" in README
    assert name in main.commands["launch"].get_help(click.Context(main.commands["launch"]))


def test_every_command_line_in_readme_parses() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    lines = [line for block in blocks for line in block.splitlines() if "multirestart " in line]
    assert len(lines) > 6
    for line in lines:
        words = shlex.split(line.split("multirestart ", 1)[1], comments=True)
        words = ["7" if word == "N" else word for word in words]
        command = main.commands[words[0]]
        command.make_context(words[0], words[1:])
