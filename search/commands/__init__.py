"""The command line. Parse, open, call, print: what is computed is computed elsewhere.

A command is imported when it is called, and imports what is heavy (Optuna, the workers) when it
runs, so that `--help` and reading commands answer at once.
"""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from search.commands.server import server_option
from search.problem.errors import InvalidValuesError, LaunchError, UserError
from search.problem.names import visible
from search.running.interrupts import Interrupted
from storage.errors import NothingStoredError, RecordError, RecordFailedError

_COMMANDS = {
    "launch": ("launch", "Run a study, or go on with it."),
    "plan": ("planning", "How many restarts it takes."),
    "best": ("reading", "Configurations, ranked."),
    "times": ("timing", "How soon they escape, and when to give up."),
    "compare": ("timing", "Does one escape sooner than the other?"),
    "basins": ("basins", "Where the restarts end."),
    "effects": ("effects", "What the escape rate depends on."),
    "race": ("race", "Which one really is best, on fresh seeds."),
    "report": ("report", "A study in one page, with figures."),
    "reproduce": ("reproduce", "Published results, run again."),
    "restarts": ("reading", "Every restart."),
    "reference": ("reference", "One restart by plain Keras, beside the record."),
    "export": ("export", "The best network as a Keras file."),
    "check": ("check", "Verify a database, train a sample again."),
    "studies": ("reading", "The studies of a database."),
    "work": ("work", "Train whichever study is next."),
    "pause": ("ordering", "Train no more of a study for now."),
    "resume": ("ordering", "Go on with a study that was paused."),
    "cancel": ("ordering", "Train no more of a study."),
    "serve": ("serve", "The service: studies over HTTP."),
    "keys": ("keys", "Who may use the service."),
    "dashboard": ("dashboard", "Optuna's dashboard of a database."),
    "backup": ("backup", "Copy a database whole."),
    "copy": ("copy", "Copy a study into another database."),
    "delete": ("delete", "Remove a study and its restarts."),
}
"""Name, in the order in which a person comes to need them -> its module, and what it is for."""


class _Commands(click.Group):
    """A group in which whatever goes wrong is one line on stderr and an exit code.

    2 for a mistake of the person's, 1 for what went wrong outside, 130 for Ctrl-C.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """The commands in the order in which a person comes to need them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """A command by its name, imported; None if there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"search.commands.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write what the commands are for, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in _COMMANDS.items()])

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command that the arguments name, and exit."""
        options["standalone_mode"] = False
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that a terminal's encoding lacks is no reason to fail.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            result = super().main(*args, **options)
        except NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            _fail(_mistake(error), error.exit_code)
        except RecordFailedError as error:
            _fail(f"{error}. What is complete is kept: mend this, and the same command goes on", 1)
        except NothingStoredError as error:
            _fail(f"{error}. `multirestart launch` makes a study there", 2)
        except InvalidValuesError as error:
            from search.commands.options import option_of

            faults = [fault.worded(option_of(fault.field), option_of) for fault in error.faults]
            _fail("; ".join(faults), 2)
        except (UserError, RecordError) as error:
            _fail(str(error), 2)
        except LaunchError as error:
            _fail(str(error), 1)
        except (KeyboardInterrupt, click.Abort) as error:
            by = error if isinstance(error, Interrupted) else error.__cause__  # click wraps it
            if not isinstance(by, Interrupted):
                _fail("interrupted", 130)
            then = "the same command goes on from the trials that are complete"
            _fail(f"interrupted; {then}", by.exit_code)
        except BrokenPipeError:
            # Whoever read has seen enough. Python must not try to flush the rest at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _fail(f"cannot write: {error.strerror or error}", 1)
        sys.exit(result if isinstance(result, int) else 0)


def _mistake(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption) and error.option_name == "--server":
        return "--server stands before the command: multirestart --server URL best"
    return error.format_message()


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"multirestart: {visible(' '.join(message.split()))}", err=True)
    sys.exit(code)


@click.group(cls=_Commands, context_settings={"max_content_width": 100})
@server_option
@click.version_option(package_name="multirestart")
def main(server: str | None) -> None:
    """How often does a small Keras network escape the plateau?

    Trains it from many initialization seeds under each scaling, optimizer and learning rate, keeps
    every restart, and tells how many escaped.

    \b
    multirestart launch
    multirestart best
    """
