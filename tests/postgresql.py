"""A PostgreSQL server of this machine's own, for tests: made anew, on 127.0.0.1, thrown away."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_PLACES = "/usr/lib/postgresql"  # Debian's, a folder for each version
# Nothing of it is to survive, so nothing has to reach the disk.
_SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=256MB")


@dataclass
class Server:
    """A server that can be stopped and started again; its databases stay."""

    programs: Path
    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def new(self, like: str = "template1") -> str:
        """The URL of a new database, a copy of one that nobody has open."""
        name = f"studies_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What a statement finds, in a connection of its own."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        at = ("-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder))
        self._process = _run(self.programs / "postgres", *at, "-h", "127.0.0.1", *settings)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.execute("SELECT 1")
            except Exception:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once: all connections are cut, what was committed is kept."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None


def _run(program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL's, which root may not run."""
    output = subprocess.DEVNULL
    user = _user()
    if user is None:
        return subprocess.Popen([program, *arguments], cwd="/", stdout=output, stderr=output)
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    return subprocess.Popen([program, *arguments], cwd="/", stdout=output, stderr=output, **who)


def _user() -> pwd.struct_passwd | None:
    """Who runs the server: None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _programs() -> Path | None:
    """The folder of the newest server's programs; None if there is none."""
    found = sorted(Path(_PLACES).glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    here = shutil.which("initdb")
    return found[-1].parent if found else None if here is None else Path(here).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A server for the tests of a process; they are skipped where there is none."""
    programs = _programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL to keep studies in: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="there is no psycopg: pip install -e .[test]")
    # Not below pytest's folders, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="multirestart-postgresql-") as name:
        folder, user = Path(name), _user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        made = _run(programs / "initdb", "-D", str(folder / "data"), *options)
        assert made.wait(timeout=120) == 0, "initdb failed"
        server = Server(programs, folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
