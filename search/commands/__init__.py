"""The command line. Parse, open, call, print: what is computed is computed elsewhere.

A command imports what is heavy (Optuna, TensorFlow's workers) when it runs, so that reading
commands and `--help` answer at once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from search.commands.backup import backup
from search.commands.basins import basins
from search.commands.check import check
from search.commands.dashboard import dashboard
from search.commands.delete import delete
from search.commands.effects import effects
from search.commands.launch import launch
from search.commands.options import option_of
from search.commands.race import race
from search.commands.reading import best, restarts, studies
from search.commands.reference import reference
from search.commands.timing import compare, times
from search.problem.errors import InvalidValuesError, LaunchError, UserError
from search.problem.names import visible
from search.running.interrupts import Interrupted
from storage.errors import NothingStoredError, RecordError, RecordFailedError


class _Commands(click.Group):
    """A group in which whatever goes wrong is one line on stderr and an exit code.

    2 for a mistake of the person's, 1 for what went wrong outside, 130 for Ctrl-C.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """The commands in the order in which a person comes to need them."""
        return list(self.commands)

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
            _fail(error.format_message(), error.exit_code)
        except RecordFailedError as error:
            _fail(f"{error}. What is complete is kept: mend this, and the same command goes on", 1)
        except NothingStoredError as error:
            _fail(f"{error}. `multirestart launch` makes a study there", 2)
        except InvalidValuesError as error:
            _fail("; ".join(fault.worded(option_of(fault.field)) for fault in error.faults), 2)
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


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"multirestart: {visible(' '.join(message.split()))}", err=True)
    sys.exit(code)


@click.group(cls=_Commands, context_settings={"max_content_width": 100})
@click.version_option(package_name="multirestart")
def main() -> None:
    """How often does a small Keras network escape the plateau?

    Trains it from many initialization seeds under each scaling, optimizer and learning rate, keeps
    every restart, and tells how many escaped.

    \b
    multirestart launch
    multirestart best
    """


_COMMANDS = (
    *(launch, best, times, compare, basins, effects, race),
    *(restarts, reference, check, studies, dashboard, backup, delete),
)
for _command in _COMMANDS:
    main.add_command(_command)
