"""`--server`: which commands work against a service, and which need a database."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource

SERVER = "MULTIRESTART_SERVER"
"""Environment variable of a service's URL."""

server_option = click.option(
    "--server",
    metavar="URL",
    envvar=SERVER,
    help="Work against a service like https://lab.example in place of a database, by the key in "
    f"MULTIRESTART_KEY.  [default: {SERVER}, if that is set]",
)


def server_of(ctx: click.Context, storage: str = "storage") -> str | None:
    """URL of the service that a command is to work against; None for a database.

    A database that is named, by the argument `storage`, takes precedence over a service of the
    environment.
    """
    root = ctx.find_root()
    server: str | None = root.params.get("server")
    if server is None or ctx.get_parameter_source(storage) is not ParameterSource.COMMANDLINE:
        return server
    if root.get_parameter_source("server") is ParameterSource.COMMANDLINE:
        option = next(param.opts[0] for param in ctx.command.params if param.name == storage)
        raise click.UsageError(f"{option} and --server exclude each other: leave one out")
    return None


def server_words() -> str:
    """What names the service in a command, with a space in front; "" if the environment does."""
    root = click.get_current_context().find_root()
    if root.get_parameter_source("server") is not ParameterSource.COMMANDLINE:
        return ""
    return f" --server {shlex.quote(root.params['server'])}"


def require_database(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Callback of the option of a database: refuses what needs one where there is a service."""
    is_served = hasattr(ctx.command.callback, "served_by")
    if not is_served and server_of(ctx, str(param.name)) is not None:
        name = ctx.command_path.partition(" ")[2]  # of a group's command both
        raise click.UsageError(
            f"{name} needs a database and does not work over a service: give "
            f"{param.opts[0]}, and neither --server nor {SERVER}"
        )
    return value


def served(module: str, *without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command that works over a service too, by the function of its name in a module.

    Args:
        module: The module, which is imported where there is a service.
        without: Arguments whose options need a database.

    Returns:
        What makes the command's function one of both.
    """

    def both(on_database: Callable[..., None]) -> Callable[..., None]:
        @wraps(on_database)
        def command(**given: Any) -> None:
            ctx = click.get_current_context()
            server = server_of(ctx)
            if server is None:
                on_database(**given)
                return
            for param in ctx.command.params:
                is_given = ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
                if param.name in without and is_given:
                    raise click.UsageError(
                        f"{param.opts[0]} needs a database and does not work over a service: leave "
                        "it out"
                    )
            kept = {name: given[name] for name in given.keys() - {*without, "storage"}}
            found = import_module(f"search.commands.{module}")
            getattr(found, on_database.__name__)(server, **kept)

        command.served_by = module  # type: ignore[attr-defined]
        return command

    return both
