"""Nothing lost, nothing twice, for as long as you like: `python scripts/soak.py --minutes 10`.

Launches one study from several processes at once, kills launchers and workers at random, deletes
Optuna's copy of it as a person at the dashboard may, has PostgreSQL end launchers' sessions, reads
it with `multirestart best` all the while, lets one launch finish what is left, and ends with
`multirestart check` and a table. Exit code 1 if a restart was lost or doubled, the copy is not
level, or a reader failed. With `--service`, see `soak_service`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
from optuna.exceptions import OptunaError
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.processes import EXPECTED, WAYS, start, workers_of
from scripts.processes import run as run_command
from scripts.soak_service import soak_service
from search.dashboard.optuna_storage import has_optuna_tables, open_optuna_storage
from search.reports.layout import Column
from search.reports.report import show_table
from storage.errors import RecordError

RESTARTS = 64
OPTIONS = ("--sampler", "random", "--restarts", str(RESTARTS), "--epochs", "1000", "--workers", "1")
TRIALS_PER_LAUNCH = 40
_SHARE_OF_DELETES = 0.2
_SHARE_OF_CUTS = 0.3
_NOTHING_YET = ("there is no database", "holds no multirestart study")

TRIALS = "multirestart_trials"
SETTLED = f"SELECT count(*) FROM {TRIALS} WHERE state IN ('complete', 'given up')"
UNSETTLED = f"SELECT count(*) FROM {TRIALS} WHERE state NOT IN ('complete', 'given up')"
GIVEN_UP = f"SELECT count(*) FROM {TRIALS} WHERE state = 'given up'"
ATTEMPTS = f"SELECT coalesce(sum(attempt), 0) FROM {TRIALS}"
UNPUBLISHED = (
    f"SELECT count(*) FROM {TRIALS} WHERE published_state IS NULL OR published_state <> state"
)
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') ORDER BY random() LIMIT 1"
)
RECORDED = (
    "SELECT count(*), count(DISTINCT configuration_id || ':' || seed) FROM multirestart_restarts"
)


@dataclass
class Tally:
    """What happened during a soak."""

    launches: int = 0
    reads: int = 0
    failed_reads: int = 0
    troubles: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    copies_deleted: int = 0
    cuts: int = 0


class Soak:
    """A study in a database, and the processes that work on it, in a folder."""

    def __init__(self, folder: Path, storage: str, launchers: int, seed: int) -> None:
        self.tally = Tally()
        self._folder = folder
        self._storage = storage
        self._engine = create_engine(storage)
        self._launchers = launchers
        self.draw = random.Random(seed)
        self._running: list[subprocess.Popen[str]] = []
        self._reader: subprocess.Popen[str] | None = None
        self._target = TRIALS_PER_LAUNCH

    def keep_going(self) -> None:
        """Start launchers and a reader where there are too few; look at how the others ended."""
        for process in [each for each in self._running if each.poll() is not None]:
            self._running.remove(process)
            _, said = process.communicate()
            if process.returncode not in EXPECTED:
                self.tally.troubles.append(f"exit {process.returncode}: {said.splitlines()[-1:]}")
            if process.returncode == 0:
                self._target += TRIALS_PER_LAUNCH
        while len(self._running) < self._launchers:
            self._running.append(self._start("launch", *OPTIONS, "--trials", str(self._target)))
            self.tally.launches += 1
        if self._reader is None or self._reader.poll() is not None:
            if self._reader is not None:
                self.tally.reads += 1
                _, said = self._reader.communicate()
                # Until the first launcher has made the tables there is nothing to read.
                if self._reader.returncode and not any(none in said for none in _NOTHING_YET):
                    self.tally.failed_reads += 1
                    self.tally.troubles.append(f"best: {said.strip()}")
            if self.settled():
                self._reader = self._start("best", "--format", "json")

    def kill(self) -> None:
        """Kill a launcher or a worker, whichever the draw gives."""
        launcher = self.draw.choice(self._running)
        workers = workers_of(launcher.pid)
        if workers and self.draw.random() < 0.4:
            victim, way, what = self.draw.choice(workers), signal.SIGKILL, "workers"
        else:
            victim, way, what = launcher.pid, self.draw.choice(WAYS), "launchers"
        with suppress(ProcessLookupError):
            os.kill(victim, way)
            self.tally.kills[f"{what} by {way.name}"] += 1

    def delete_copy(self) -> None:
        """Delete Optuna's copy of the study, if it is there, as its dashboard does."""
        with suppress(RecordError, OptunaError, SQLAlchemyError):
            if self._is_there() and has_optuna_tables(self._storage):
                storage = open_optuna_storage(self._storage)
                try:
                    with suppress(KeyError):
                        storage.delete_study(storage.get_study_id_from_name("bands"))
                        self.tally.copies_deleted += 1
                finally:
                    storage.engine.dispose()

    @property
    def is_on_server(self) -> bool:
        """Whether there are connections to be cut."""
        return self._engine.dialect.name != "sqlite"

    def cut(self) -> None:
        """Have the server end a connection, whichever it picks."""
        with self._engine.begin() as connection:
            self.tally.cuts += len(connection.execute(text(CUT)).all())

    def pause(self) -> float:
        """Seconds until the next kill."""
        return self.draw.uniform(1.0, 9.0)

    def settled(self) -> int:
        """Trials that are complete or given up."""
        return self.count(SETTLED)

    def count(self, statement: str) -> int:
        """What a statement that counts finds."""
        return self._count(statement)[0]

    def finish(self) -> tuple[int, int]:
        """Let one launch finish what is left; returns the study's size and its exit code."""
        for process in (*self._running, *([self._reader] if self._reader else [])):
            process.kill()
            process.communicate()
        size = max(self._target, self.settled())
        last = self._start("launch", *OPTIONS, "--trials", str(size))
        self.tally.launches += 1
        _, said = last.communicate()
        if last.returncode:
            self.tally.troubles.append(f"last launch: {said.strip()}")
        return size, last.returncode

    def lost_and_doubled(self, size: int) -> tuple[int, int, int]:
        """Restarts recorded, lost and doubled."""
        recorded, distinct = self._count(RECORDED)
        missing = size - self.settled() + self.count(UNSETTLED)
        return recorded, missing * RESTARTS, recorded - distinct

    def check(self) -> subprocess.CompletedProcess[str]:
        """`multirestart check` on the whole."""
        return run_command(self._folder, "check", "--retrain", "64", "--storage", self._storage)

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return start(
            self._folder,
            *arguments,
            *("--storage", self._storage),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def _count(self, statement: str) -> tuple[int, ...]:
        if not self._is_there():
            return (0,)
        try:
            with self._engine.begin() as connection:
                return tuple(connection.execute(text(statement)).one())
        except SQLAlchemyError:  # the tables are being made
            return (0,)

    def _is_there(self) -> bool:
        return self.is_on_server or Path(str(self._engine.url.database)).exists()


def soak(
    folder: Path, storage: str, minutes: float, launchers: int, seed: int, *, deletes: bool
) -> bool:
    """Soak a study and print the table; whether all is as it must be."""
    run = Soak(folder, storage, launchers, seed)
    began = time.monotonic()
    next_kill = began + run.pause()
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("", total=minutes * 60)
        while (elapsed := time.monotonic() - began) < minutes * 60:
            run.keep_going()
            if time.monotonic() >= next_kill:
                if deletes and run.draw.random() < _SHARE_OF_DELETES:
                    run.delete_copy()
                elif run.is_on_server and run.draw.random() < _SHARE_OF_CUTS:
                    run.cut()
                else:
                    run.kill()
                next_kill = time.monotonic() + run.pause()
            kills = sum(run.tally.kills.values())
            bar.update(task, completed=elapsed, description=f"{kills} kills")
            time.sleep(0.1)
    size, _ = run.finish()
    recorded, lost, doubled = run.lost_and_doubled(size)
    unpublished = run.count(UNPUBLISHED)
    checked = run.check()
    tally = run.tally
    rows = [
        ["minutes", f"{minutes:g}"],
        ["kills", str(sum(tally.kills.values()))],
        *([f"  {what}", str(count)] for what, count in sorted(tally.kills.items())),
        *([["sessions ended by the server", str(tally.cuts)]] if run.is_on_server else []),
        ["launches", f"{tally.launches}, {launchers} at a time"],
        ["reads by `best`", f"{tally.reads}, {tally.failed_reads} failed"],
        ["trials", str(size)],
        ["  given up", str(run.count(GIVEN_UP))],
        ["  attempts", str(run.count(ATTEMPTS))],
        ["restarts", str(recorded)],
        ["lost", str(lost)],
        ["doubled", str(doubled)],
        *([["Optuna's copies deleted", str(tally.copies_deleted)]] if deletes else []),
        ["trials not level in Optuna's copy", str(unpublished)],
        ["check", "clean" if checked.returncode == 0 else checked.stdout.strip()],
    ]
    show_table("Soak", [Column("what"), Column("count", right=True)], rows)
    for trouble in tally.troubles:
        click.echo(trouble, err=True)
    return not (
        lost or doubled or unpublished or tally.failed_reads or tally.troubles or checked.returncode
    )


@click.command()
@click.option("--storage", metavar="URL", help="A new database.  [default: a file of SQLite's]")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True)
@click.option("--launchers", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--service", is_flag=True, help="Soak the service instead: its server and clients.")
@click.option("--clients", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--deletes", is_flag=True, help="Delete Optuna's copy of the study now and then.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is killed and when.")
def main(
    storage: str | None,
    minutes: float,
    launchers: int,
    service: bool,
    clients: int,
    deletes: bool,
    seed: int,
) -> None:
    """Kill launchers and workers of one study at random and see that nothing is lost."""
    with tempfile.TemporaryDirectory() as folder:
        given = storage or f"sqlite:///{folder}/multirestart.db"
        if service:
            is_well = soak_service(Path(folder), given, minutes, clients, seed)
        else:
            is_well = soak(Path(folder), given, minutes, launchers, seed, deletes=deletes)
        sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
