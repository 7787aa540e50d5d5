"""`dashboard`: Optuna's dashboard on a database of studies."""

from __future__ import annotations

import click

from search.commands.listening import LOOPBACK, require_free
from search.commands.options import storage_option
from search.problem.errors import UserError
from storage.opening import open_for_reading
from storage.url import shown


@click.command()
@storage_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
def dashboard(storage: str, host: str, port: int) -> None:
    """Open Optuna's dashboard on a database, on this machine only unless --host says otherwise.

    \b
    multirestart dashboard --port 8081
    """
    open_for_reading(storage).close()
    require_free(host, port)
    # Optuna and its dashboard, imported once the database is known to be one.
    import optuna_dashboard

    from search.dashboard.optuna_storage import (
        can_be_written,
        has_optuna_tables,
        open_optuna_storage,
    )

    if host not in LOOPBACK:
        click.echo(
            f"Warning: the dashboard has no password; whoever reaches {host}:{port} can read, "
            "change and delete the studies.",
            err=True,
        )
    is_writable = can_be_written(storage)
    if not is_writable:
        if not has_optuna_tables(storage):
            raise UserError(
                f"{shown(storage)} may not be written, and holds no Optuna study to show yet"
            )
        click.echo(
            "This database may not be written: it is shown as it is, and what is changed in the "
            "browser fails.",
            err=True,
        )
    opened = open_optuna_storage(storage, writing=is_writable)
    click.echo(f"Dashboard of {shown(storage)} at http://{host}:{port}  (Ctrl-C to stop)", err=True)
    optuna_dashboard.run_server(opened, host=host, port=port)
