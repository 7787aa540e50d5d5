"""What requests to the service take, and what training loses by them: `python scripts/load.py`.

A server, two `work` processes that train one large study, and clients in a process of their own on
the same machine. First it measures memory and CPU of the processes. Then each number of clients
sends one request after another: requests a second and how long they take. Then training is measured
in turns with and without clients that ask once a second each, that hold a page open, and that ask
without a pause: restarts a second, and what is lost.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from scripts.load_clients import MIX, STUDY
from scripts.processes import ROOT, cpu_seconds, memory_mb, start
from search.reports.layout import Column
from search.reports.report import show_table

PLAN = {"sampler": "grid", "restarts": 256, "trials": 30_000}
OTHERS = 20
"""Studies that wait beside it."""
_SECONDS_TO_START = 180
_SECONDS_TO_SETTLE = 45


class Service:
    """A server and two `work` processes over a new database in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator[Service]:
        """It runs within the context; some studies are paused."""
        nothing = subprocess.DEVNULL
        commands = [
            ("serve", "--port", str(self.port)),
            *[("work", "--workers", "1", "--quiet")] * 2,
        ]
        self.processes = [
            start(self._folder, *command, stdout=nothing, stderr=nothing) for command in commands
        ]
        try:
            for number in range(OTHERS):
                self._submit(f"other-{number}", {"sampler": "random", "trials": 8})
                self.ask("POST", f"/api/studies/other-{number}/pause")
            yield self
        finally:
            for process in self.processes:
                process.terminate()
            for process in self.processes:
                process.wait()

    def train(self) -> None:
        """Submit the large study, and wait until it is trained well."""
        self._submit(STUDY, PLAN)
        deadline = time.monotonic() + _SECONDS_TO_START
        while self.trained() < 40 * PLAN["restarts"]:  # type: ignore[operator]
            if time.monotonic() > deadline:
                raise click.ClickException("the study is not trained")
            time.sleep(0.5)

    def trained(self) -> int:
        """Restarts that are complete."""
        path = self._folder / "multirestart.db"
        statement = "SELECT coalesce(sum(restarts), 0) FROM multirestart_trials"
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            found = connection.execute(f"{statement} WHERE state = 'complete'").fetchone()
        return int(found[0])

    def clients(
        self, seconds: float, asking: int = 0, every: float = 0.0, watching: int = 0
    ) -> subprocess.Popen[str]:
        """Clients in a process of their own."""
        of = [str(value) for value in (self.port, asking, every, watching, seconds)]
        return subprocess.Popen(
            [sys.executable, str(HERE / "load_clients.py"), *of],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self, seconds: float) -> float:
        """Restarts a second over some seconds from now."""
        before, began = self.trained(), time.perf_counter()
        time.sleep(seconds)
        return (self.trained() - before) / (time.perf_counter() - began)

    def _submit(self, name: str, plan: dict[str, object]) -> None:
        self.ask("PUT", f"/api/studies/{name}", plan)

    def ask(self, method: str, path: str, body: object = None) -> None:
        """A request, which has to succeed."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                    given = None if body is None else json.dumps(body)
                    headers = {"Content-Type": "application/json"}
                    connection.request(method, path, given, headers)
                    answer = connection.getresponse()
                    said = answer.read()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                continue
            if answer.status >= 400:
                raise click.ClickException(f"{method} {path}: {answer.status} {said!r}")
            return


def costs(service: Service, seconds: float) -> list[list[str]]:
    """Rows of what each process takes over some seconds."""
    before = [cpu_seconds(process.pid) for process in service.processes]
    time.sleep(seconds)
    return [
        [
            what,
            f"{memory_mb(process.pid):.0f}",
            f"{100 * (cpu_seconds(process.pid) - taken) / seconds:.1f}%",
        ]
        for what, process, taken in zip(
            ("serve", "work, one worker", "work, one worker"),
            service.processes,
            before,
            strict=True,
        )
    ]


def latencies(service: Service, counts: tuple[int, ...], seconds: float) -> list[list[str]]:
    """Rows of the first table."""
    rows = []
    for count in counts:
        said, _ = service.clients(seconds, asking=count).communicate()
        figures = json.loads(said)
        took = figures["took"]
        shares = [1000 * took[int(share * (len(took) - 1))] for share in (0.5, 0.95, 0.99)]
        rows.append(
            [
                str(count),
                f"{figures['rate']:.0f}",
                *(f"{share:.0f}" for share in shares),
                *(f"{1000 * figures['by kind'][kind]:.0f}" for kind in MIX),
                str(figures["failed"]),
            ]
        )
    return rows


def losses(
    service: Service, counts: tuple[int, ...], rounds: int, seconds: float
) -> list[list[str]]:
    """Rows of the second table: training in turns without clients and with each kind of them."""
    kinds: dict[str, dict[str, float]] = {}
    for count in counts:
        kinds[f"{count}, each once a second"] = {"asking": count, "every": 1.0}
    kinds[f"{counts[-1]} open pages"] = {"watching": counts[-1]}
    for count in counts:
        kinds[f"{count}, without a pause"] = {"asking": count}
    alone: list[float] = []
    changes: dict[str, list[float]] = {kind: [] for kind in kinds}
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    shares: dict[str, list[float]] = {kind: [] for kind in kinds}
    server = service.processes[0].pid
    for _ in range(rounds):
        for kind, options in kinds.items():
            before = service.rate(seconds)
            clients = service.clients(seconds + 6, **options)  # type: ignore[arg-type]
            time.sleep(3)  # they are all there
            taken, began = cpu_seconds(server), time.perf_counter()
            during = service.rate(seconds)
            shares[kind].append((cpu_seconds(server) - taken) / (time.perf_counter() - began))
            failed = json.loads(clients.communicate()[0])["failed"]
            if failed:
                raise click.ClickException(f"{failed} requests failed with {kind}")
            time.sleep(1)
            after = service.rate(seconds)
            alone += [before, after]
            rates[kind].append(during)
            changes[kind].append(1 - 2 * during / (before + after))
    rows = [
        [
            "none",
            f"{statistics.median(alone):.0f}",
            f"{min(alone):.0f}-{max(alone):.0f}",
            "",
            "",
            "",
        ]
    ]
    for kind in kinds:
        lost = changes[kind]
        rows.append(
            [
                kind,
                f"{statistics.median(rates[kind]):.0f}",
                f"{min(rates[kind]):.0f}-{max(rates[kind]):.0f}",
                f"{100 * statistics.median(lost):.1f}%",
                f"{100 * min(lost):.1f}% to {100 * max(lost):.1f}%",
                f"{100 * statistics.median(shares[kind]):.1f}%",
            ]
        )
    return rows


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), default=15.0, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=4, show_default=True)
@click.option(
    "--clients",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1, 10, 50),
    show_default=True,
)
def main(seconds: float, rounds: int, clients: tuple[int, ...]) -> None:
    """Measure requests to a service, and what its training loses by them."""
    click.echo(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; "
        f"load average before: {', '.join(f'{load:.2f}' for load in os.getloadavg())}",
        err=True,
    )
    right = [Column(name, right=True) for name in ("requests/s", "median ms", "95%", "99%")]
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)).running() as service:
        time.sleep(_SECONDS_TO_SETTLE)
        columns = [Column("idle"), Column("MB", right=True), Column("of a core", right=True)]
        show_table("Memory and CPU with nothing to do", columns, costs(service, 2 * seconds))
        service.train()
        columns = [Column("training"), Column("MB", right=True), Column("of a core", right=True)]
        show_table("Memory and CPU while both train", columns, costs(service, seconds))
        rows = latencies(service, clients, seconds)
        medians = [Column(f"{kind} ms", right=True) for kind in MIX]
        columns = [Column("clients"), *right, *medians, Column("failed", right=True)]
        show_table("Requests, as fast as they are answered, while two train", columns, rows)
        rows = losses(service, clients, rounds, seconds)
    names = ("restarts/s", "range", "lost", "range of it", "server, of a core")
    columns = [Column("clients"), *(Column(name, right=True) for name in names)]
    show_table("Training beside clients, in turns with none", columns, rows)


if __name__ == "__main__":
    main()
