"""Launches on a PostgreSQL server: killed, cut off, restarted, and several at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from scripts.processes import workers_of
from scripts.soak import CUT
from search.commands import main
from tests.command_tests.processes import launching, wait_until
from tests.conftest import ROOT, environment, run_command
from tests.postgresql import Server

pytestmark = pytest.mark.slow

RESTARTS = 64
OPTIONS = ("--sampler", "random", "--restarts", str(RESTARTS), "--workers", "1")


@dataclass(frozen=True)
class Database:
    """A database on the tests' server."""

    server: Server
    url: str

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.execute(statement, self.url.rpartition("/")[2])

    def trials(self, state: str) -> int:
        made = self.query("SELECT to_regclass('multirestart_trials') IS NOT NULL")
        if made != [(True,)]:
            return 0
        found = self.query(f"SELECT count(*) FROM multirestart_trials WHERE state = '{state}'")
        return int(found[0][0])

    def sessions(self) -> int:
        of_launchers = "application_name = 'multirestart' AND datname = current_database()"
        return int(self.query(f"SELECT count(*) FROM pg_stat_activity WHERE {of_launchers}")[0][0])

    def assert_whole(self, complete: int) -> None:
        """The study has its size, each restart once, and Optuna's copy is level with it."""
        states = self.query("SELECT DISTINCT state, published_state FROM multirestart_trials")
        assert states == [("complete", "complete")]
        assert self.trials("complete") == complete
        counted = "SELECT count(*), count(DISTINCT (configuration_id, seed))"
        rows = self.query(f"{counted} FROM multirestart_restarts")
        assert rows == [(complete * RESTARTS, complete * RESTARTS)]
        copied = "SELECT count(*), count(DISTINCT number) FROM trials WHERE state = 'COMPLETE'"
        assert self.query(copied) == [(complete, complete)]


@pytest.fixture
def database(postgresql: Server) -> Database:
    return Database(postgresql, postgresql.new())


def options(database: Database, trials: int) -> tuple[str, ...]:
    return (*OPTIONS, "--trials", str(trials), "--storage", database.url)


def test_whoever_is_killed_or_cut_off_the_launcher_that_is_left_finishes(
    database: Database, tmp_path: Path
) -> None:
    """One of two by SIGKILL, the other's worker too, and sessions of both by the server."""
    draw = random.Random(1)
    with (
        launching(tmp_path, *options(database, 40), pretend=0.2) as doomed,
        launching(tmp_path, *options(database, 40), pretend=0.2) as other,
    ):
        wait_until(lambda: database.trials("complete") >= 2)
        for _ in range(4):
            time.sleep(draw.uniform(0, 0.3))
            database.query(CUT)
        for worker in workers_of(other.pid)[:1]:
            os.kill(worker, signal.SIGKILL)
        os.kill(doomed.pid, signal.SIGKILL)
        _, said = other.communicate(timeout=120)
        assert other.returncode == 0, said
    database.assert_whole(40)
    done = run_command("check", "--retrain", "0", "--storage", database.url, cwd=tmp_path)
    assert done.stdout == "Nothing is wrong.\n"


def test_where_sessions_are_ended_and_the_server_restarted_each_is_one_line(
    database: Database, tmp_path: Path
) -> None:
    """What the workers train meanwhile is recorded: nothing is trained again."""
    with launching(tmp_path, *options(database, 12), pretend=0.5) as process:
        wait_until(lambda: database.trials("complete") >= 1)
        wait_until(lambda: database.sessions() == 2)  # a third while Optuna opens its tables
        assert len(database.query(CUT)) == 1
        wait_until(lambda: database.trials("complete") >= 4)
        database.server.stop()
        time.sleep(2)
        assert process.poll() is None
        database.server.start()
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert said.count("Lost the connection to the database") == 2
    assert "Traceback" not in said
    database.assert_whole(12)
    assert database.query("SELECT DISTINCT attempt FROM multirestart_trials") == [(1,)]


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path, postgresql: Server) -> None:
    nowhere = postgresql.url("nowhere")
    for command in (("launch", "--trials", "1"), ("best",), ("check",), ("studies",)):
        done = run_command(*command, "--storage", nowhere, cwd=tmp_path, code=2)
        assert 'database "nowhere" does not exist' in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_tasks_of_a_slurm_array_share_one_study(database: Database, tmp_path: Path) -> None:
    """The script as Slurm starts it, in two tasks, one of them preempted."""
    (tmp_path / "plan.toml").write_text('sampler = "random"\nrestarts = 64\ntrials = 8\n')
    program = tmp_path / "multirestart"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.command_tests.pretended "$@"\n')
    program.chmod(0o755)
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "STORAGE": database.url}
    tasks = [
        subprocess.Popen(
            ["bash", ROOT / "docs/cluster/slurm-array.sh"],
            cwd=tmp_path,
            env={**environment(0.5), **given, "SLURM_CPUS_PER_TASK": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    wait_until(lambda: database.trials("complete") >= 1)
    tasks[0].send_signal(signal.SIGTERM)
    said = [task.communicate(timeout=120)[1] for task in tasks]
    assert [task.returncode for task in tasks] == [143, 0], said
    database.assert_whole(8)


def test_the_kubernetes_job_is_one_and_its_command_parses() -> None:
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((ROOT / "docs/cluster/kubernetes-job.yaml").read_text())
    assert job["kind"] == "Job"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    program, name, *arguments = container["command"] + container["args"]
    command = main.get_command(click.Context(main), name)
    assert (program, name) == ("multirestart", "launch")
    assert command is not None
    given = command.make_context(name, arguments).params
    assert given["storage"] == "$(STORAGE)"
    assert given["workers"] == 4
