"""The service under fire: `python scripts/soak.py --service --minutes 10`.

Clients submit, order and read over HTTP while the server, `work` processes, their workers and
launches are killed at random and started again. At the end what is queued is trained, and the
record is held to what the clients know: no restart lost or doubled, every accepted submit there
once, and every study in the state that the last accepted order says.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import create_engine, text

from scripts.processes import EXPECTED, WAYS, run, start, workers_of
from scripts.service_clients import Client
from scripts.service_world import PLAN, Due, Known, World
from scripts.soak_record import Record, record_of
from search.reports.layout import Column
from search.reports.report import show_table
from storage.opening import open_for_writing

_SECONDS_BETWEEN_KILLS = (2.0, 12.0)
_SECONDS_TO_END = 60
_SHARE_OF_SERVERS_WITH_WORK = 0.3
_VICTIMS = ("server", "server", "work", "work", "worker", "worker", "worker", "launch")
_MOST_LAUNCHES = 1
# What a launch of a study that somebody else orders ends with.
_SAID_OF_ORDERS = ("by somebody else", "was deleted")


@dataclass
class _Process:
    kind: str
    process: subprocess.Popen[str]
    log: Path
    study: Known | None = None


class Servers:
    """The processes of a service over one database, in a folder."""

    def __init__(self, folder: Path, storage: str, world: World, seed: int) -> None:
        self._folder = folder
        self._storage = storage
        self._engine = create_engine(storage)
        self._world = world
        self._running: list[_Process] = []
        self._started = 0
        self.draw = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.starts: Counter[str] = Counter()

    def keep_going(self, *, launches: bool) -> None:
        """Start again what has ended, and look at how it did."""
        for ended in [each for each in self._running if each.process.poll() is not None]:
            self._running.remove(ended)
            self._look_at(ended)
        kinds = Counter(each.kind for each in self._running)
        if not kinds["server"]:
            options = ["--port", str(self._world.port)]
            if self.draw.random() < _SHARE_OF_SERVERS_WITH_WORK:
                options += ["--workers", "1"]
            self._start("server", "serve", *options)
        if not kinds["work"]:
            self._start("work", "work", "--workers", "1")
        if launches and kinds["launch"] < _MOST_LAUNCHES:
            self._launch()
        for each in self._running:
            if each.study is not None and not each.study.is_there:
                self._release(each.study)

    def kill(self) -> None:
        """Kill one process, whichever the draw gives."""
        kind = self.draw.choice(_VICTIMS)
        way = self.draw.choice(WAYS)
        if kind == "worker":
            parents = [each.process.pid for each in self._running if each.kind != "server"]
            pids, way = [pid for parent in parents for pid in workers_of(parent)], signal.SIGKILL
        else:
            pids = [each.process.pid for each in self._running if each.kind == kind]
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.draw.choice(pids), way)
                self.kills[f"{kind} by {way.name}"] += 1

    def stop(self) -> None:
        """Ask all to end; none may need to be killed."""
        for each in self._running:
            each.process.send_signal(signal.SIGTERM)
        for each in self._running:
            try:
                each.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self._world.expect(False, f"{each.kind} does not end at SIGTERM")
                each.process.kill()
                each.process.wait()
            self._look_at(each)
        self._running = []

    def end(self) -> None:
        """Kill what is left."""
        for each in self._running:
            each.process.kill()
            each.process.wait()

    def _launch(self) -> None:
        """Launch a study; if an earlier launch of it died before anybody saw it, that one."""
        world = self._world
        unseen = [each for each in world.studies if each.name.startswith("launched")]
        study = next((each for each in unseen if not each.is_there), None)
        if study is None:
            study = Known(f"launched-{len(unseen) + 1}")
            with world.lock:
                world.studies.append(study)
        plan = [
            word
            for name, value in PLAN.items()
            for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        self._start("launch", "launch", "--study", study.name, *plan, "--workers", "1", study=study)

    def _release(self, study: Known) -> None:
        """Let the clients order a launched study once it is known to be under way."""
        with self._engine.connect() as connection:
            claimed = connection.execute(
                text(
                    "SELECT count(*) FROM multirestart_trials JOIN multirestart_studies"
                    " USING (study_id) WHERE name = :name AND launcher LIKE :launcher"
                ),
                {"name": study.name, "launcher": f"%-{self._pid_of(study)}-%"},
            ).scalar_one()
        study.is_there = bool(claimed)

    def _pid_of(self, study: Known) -> int:
        return next(each.process.pid for each in self._running if each.study is study)

    def _start(self, kind: str, *arguments: str, study: Known | None = None) -> None:
        self._started += 1
        log = self._folder / "logs" / f"{self._started}-{kind}.txt"
        log.parent.mkdir(exist_ok=True)
        with log.open("w") as file:
            process = start(
                self._folder, *arguments, "--storage", self._storage, stdout=file, stderr=file
            )
        self._running.append(_Process(kind, process, log, study))
        self.starts[kind] += 1

    def _look_at(self, ended: _Process) -> None:
        code, said = ended.process.returncode, ended.log.read_text()
        is_ordered = code == 1 and any(word in said for word in _SAID_OF_ORDERS)
        is_well = code in EXPECTED or (ended.kind == "launch" and is_ordered)
        self._world.expect(is_well, f"{ended.kind}: exit {code}: {said.splitlines()[-3:]}")
        _, is_there, after = said.partition("Traceback")
        self._world.expect(not is_there, f"{ended.kind}, exit {code}: {after[:6000]}")


@contextmanager
def _clients(world: World, count: int, seed: int) -> Iterator[list[Client]]:
    clients = [Client(world, number, seed) for number in range(1, count + 1)]
    for client in clients:
        client.start()
    yield clients
    world.is_over.set()


def soak_service(folder: Path, storage: str, minutes: float, clients: int, seed: int) -> bool:
    """Soak a service and print the table; whether all is as it must be."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        world = World(probe.getsockname()[1])
    servers = Servers(folder, storage, world, seed)
    open_for_writing(storage).close()  # its tables are there before anything is looked up
    try:
        _under_fire(servers, world, minutes, clients, seed)
        servers.stop()
    finally:
        servers.end()
    last = run(folder, "work", "--until-empty", "--quiet", "--storage", storage)
    world.expect(last.returncode == 0, f"last work: {last.stderr[-2000:]}")
    record = record_of(storage, world.studies)
    checked = run(folder, "check", "--retrain", "1", "--storage", storage)
    _show(servers, world, record, checked, minutes, clients)
    return not (
        record.lost
        or record.doubled
        or record.missing
        or record.wrong
        or world.troubles
        or checked.returncode
    )


def _under_fire(servers: Servers, world: World, minutes: float, count: int, seed: int) -> None:
    began = time.monotonic()
    next_kill = began + 15.0
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    servers.keep_going(launches=True)
    with Progress(*columns, transient=True) as bar, _clients(world, count, seed) as clients:
        task = bar.add_task("", total=minutes * 60)
        while (elapsed := time.monotonic() - began) < minutes * 60:
            servers.keep_going(launches=True)
            if time.monotonic() >= next_kill:
                servers.kill()
                next_kill = time.monotonic() + servers.draw.uniform(*_SECONDS_BETWEEN_KILLS)
            kills = sum(servers.kills.values())
            bar.update(task, completed=elapsed, description=f"{kills} kills")
            time.sleep(0.1)
        world.is_over.set()
        while any(client.is_alive() for client in clients):  # what was begun is brought to its end
            servers.keep_going(launches=False)
            time.sleep(0.1)


def _show(
    servers: Servers,
    world: World,
    record: Record,
    checked: subprocess.CompletedProcess[str],
    minutes: float,
    clients: int,
) -> None:
    due = Counter(study.due for study in world.studies if study.is_there)
    counts = sorted(world.counts.items())
    rows = [
        ["minutes", f"{minutes:g}"],
        ["clients", str(clients)],
        *([f"  {what}", str(count)] for what, count in counts),
        ["kills", str(sum(servers.kills.values()))],
        *([f"  {what}", str(count)] for what, count in sorted(servers.kills.items())),
        ["starts", str(sum(servers.starts.values()))],
        *([f"  {what}", str(count)] for what, count in sorted(servers.starts.items())),
        ["studies at the end", str(record.studies)],
        *([f"  {state} by the last order", str(due[state])] for state in Due),
        ["lines of the audit", str(sum(record.audited.values()))],
        ["trials given up", str(record.given_up)],
        ["restarts", str(record.restarts)],
        ["lost", str(record.lost)],
        ["doubled", str(record.doubled)],
        ["submits lost or doubled", str(len(record.missing))],
        ["studies in a wrong state", str(len(record.wrong))],
        ["answers that were wrong", str(len(world.troubles))],
        ["check", "clean" if checked.returncode == 0 else checked.stdout.strip()],
    ]
    show_table("Soak of the service", [Column("what"), Column("count", right=True)], rows)
    for trouble in (*record.missing, *record.wrong, *world.troubles):
        click.echo(trouble, err=True)
