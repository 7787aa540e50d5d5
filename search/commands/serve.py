"""`serve`: the service over HTTP."""

from __future__ import annotations

import time
from contextlib import closing, nullcontext
from pathlib import Path

import click

from search.commands.launch_options import option
from search.commands.listening import LOOPBACK, require_free
from search.commands.options import storage_option
from search.problem.errors import UserError
from storage.opening import open_for_writing
from storage.url import shown

_MOST_WORKERS = 1024
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@storage_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@option(
    "--workers",
    "N",
    "Start one `work` of so many worker processes beside it.  [default: none]",
    kind=click.IntRange(1, _MOST_WORKERS),
)
@click.option("--tls-cert", metavar="FILE", type=_FILE, help="Certificate, to serve HTTPS.")
@click.option("--tls-key", metavar="FILE", type=_FILE, help="Its private key.")
def serve(
    storage: str,
    host: str,
    port: int,
    workers: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve studies over HTTP: submitted, queued, watched, read.

    It trains nothing: --workers starts one `work` beside it, and any number of others may work on
    the same database. Beyond this machine it listens only if there is a key (`keys add`).

    \b
    multirestart serve --workers 2
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together: give both, or neither")
    with closing(open_for_writing(storage)) as store:
        has_key = any(key.is_valid(time.time()) for key in store.access_keys())
    if host not in LOOPBACK and not has_key:
        raise UserError(
            f"whoever reaches {host} could use this service: make a key first by `multirestart "
            "keys add NAME`, or leave --host out to be reached from this machine only"
        )
    require_free(host, port)
    try:
        from search.service.serving import beside, run
    except ModuleNotFoundError as error:
        raise UserError(
            f"the service needs the Python package {error.name}: pip install multirestart[service]"
        ) from None
    scheme = "http" if tls_cert is None else "https"
    with nullcontext() if workers is None else beside(storage, workers):
        at = f"[{host}]" if ":" in host else host
        click.echo(
            f"Serving {shown(storage)} at {scheme}://{at}:{port}  (Ctrl-C to stop)", err=True
        )
        run(storage, host, port, tls_cert, tls_key, is_loopback=host in LOOPBACK)
    click.echo("Stopped.", err=True)
