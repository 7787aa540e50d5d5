"""What `launch` is asked for, and what it says can be done next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.problem.errors import UserError

if TYPE_CHECKING:
    from search.problem.plan_fields import PlanFields


def asked_fields(plan: Path | None, options: Mapping[str, Any]) -> PlanFields:
    """The fields of the plan file, if there is one, with the options that were given."""
    from search.problem.plan_fields import PlanFields
    from search.problem.plan_files import read_plan

    fields = PlanFields() if plan is None else read_plan(plan)
    given = {option: value for option, value in options.items() if value is not None}
    vary = given.pop("vary")
    for name, times in Counter(name for name, _ in vary or ()).items():
        if times > 1:
            raise UserError(f"--vary must name {name} once, with all its values: {name}=A,B")
    return fields.overridden({**given, "vary": dict(vary)} if vary else given)


def say_commands(commands: Sequence[tuple[str, str]], where: str = "") -> None:
    """Say on stderr what can be done next: commands, and what each is for.

    Args:
        commands: Each without the program's name, and its purpose.
        where: Options of the program itself, with a space in front.
    """
    width = max(len(command) for command, _ in commands)
    click.echo("What next:", err=True)
    for command, purpose in commands:
        click.echo(f"  multirestart{where} {command:<{width}}  # {purpose}", err=True)
