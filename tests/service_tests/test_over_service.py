"""Commands over a service say what they say over its database, byte for byte."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import multirestart as mr
from search.client.connection import Query
from search.reports.report import Paper, written_on
from search.service.keys import new_key
from search.studies.opening import open_study
from search.studies.tables import best_table
from storage.values import Scope
from tests.command_tests.processes import query, running, trials, wait_until
from tests.conftest import run_command
from tests.search_tests.launchers import Launcher
from tests.service_tests.serving import serving
from tests.service_tests.test_server import ask, free_port

PLAN = ("--sampler", "random", "--restarts", "4", "--learning-rate", "0.01:1")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """A database with the complete study "s", which the tests only read."""
    launcher = Launcher(tmp_path_factory.mktemp("database"))
    launcher.run(lambda one: 1.0 if one.optimizer == "adam" else 0.5)
    yield launcher
    launcher.kill()
    launcher.store.close()


@pytest.fixture(scope="module")
def service(database: Launcher) -> Iterator[str]:
    """URL of a service over it."""
    with serving(database.url) as url:
        yield url


@pytest.mark.parametrize(
    "command",
    [
        ("best", "--top", "3"),
        ("best", "--success", "solved"),
        ("times",),
        ("compare",),
        ("compare", "standard/adam/0.1", "s:standard/adam/0.01"),
        ("effects",),
        ("basins",),
        ("basins", "--configuration", "standard/adam/0.1"),
        ("restarts", "--weights"),
        ("restarts", "--configuration", "standard/adam/0.1"),
        ("studies",),
    ],
    ids=" ".join,
)
def test_rows_and_tables_are_those_of_the_database(
    database: Launcher, service: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    for output in ("json", "csv", "table"):
        options = (*command, "--format", output)
        here = run_command(*options, "--storage", database.url, cwd=tmp_path).stdout
        there = run_command("--server", service, *options, cwd=tmp_path).stdout
        if command == ("studies",):  # whose table names the database
            here = here.replace(database.url, service)
        assert there == here
        assert len(there) > 60


def test_a_table_fits_the_terminal_that_asks_for_it(database: Launcher, service: str) -> None:
    with mr.Client(service) as client:
        wanted: Query = {"format": "table", "width": 50, "terminal": "styled"}
        there = "".join(client.written("s", "best", wanted))
    paper = Paper(50, is_terminal=True, is_plain=False)
    with written_on(paper):
        best_table(open_study(database.url), None)
    assert there == "".join(paper.pieces)
    assert there.startswith("\x1b[1ms: 1-2-1 sigmoid network")
    plain = re.sub(r"\x1b\[\d+m", "", there)
    assert max(map(len, plain.splitlines())) <= 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("race", "--top", "3"), "--top needs a database and does not work over a service"),
        (("check",), "check needs a database and does not work over a service"),
        (("keys", "list"), "keys list needs a database and does not work over a service"),
        (("copy", "--to", "sqlite:///b.db"), "copy needs a database and does not work over a serv"),
        (("copy", "--from", "sqlite:///a.db", "--to", "b"), "--from and --server exclude each oth"),
        (("best", "--storage", "sqlite:///s.db"), "--storage and --server exclude each other: le"),
        (("best", "--study", "a", "--study", "b"), "several studies are ranked in a database"),
        (("launch", "--workers", "2"), "--workers needs a database and does not work over a serv"),
        (("export",), "name a file like best.keras, or ask for --code"),
        (
            ("compare", "a"),
            "compare takes two configurations like standard/adam/0.1, or none for t",
        ),
        (("report", "--training"), "--training needs a database and does not work over a service"),
        (("best",), "--server must be the URL of a service like https://lab.example, received "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_service_cannot_do_is_refused_in_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = run_command("--server", "lab.example", *arguments, cwd=tmp_path, code=2)
    assert done.stderr.startswith(f"multirestart: {said}")
    assert done.stderr.count("\n") == 1


def test_the_environment_names_a_service_too_and_a_database_takes_precedence(
    database: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTIRESTART_SERVER", "lab.example")
    done = run_command("best", cwd=tmp_path, code=2)
    assert done.stderr.startswith("multirestart: --server must be the URL of a service")
    assert run_command("best", "--storage", database.url, cwd=tmp_path).stdout.startswith("s: 1-2")
    monkeypatch.delenv("MULTIRESTART_SERVER")
    said = "--server stands before the command: multirestart --server URL best"
    assert said in run_command("best", "--server", "x", cwd=tmp_path, code=2).stderr
    said = "--detach goes with --server"
    assert said in run_command("launch", "--detach", cwd=tmp_path, code=2).stderr


def test_orders_uploads_and_refusals_are_those_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Launcher(tmp_path)
    with serving(launcher.url) as url:

        def run(*arguments: str, code: int = 0) -> str:
            done = run_command("--server", url, *arguments, cwd=tmp_path, code=code)
            return done.stdout + done.stderr

        (tmp_path / "points.csv").write_text("x,class\n0,a\n1,b\n2,a\n")
        data = ("--data", "points.csv", "--target", "class")
        assert run("launch", "--detach", *data, "--trials", "2") == (
            f"Submitted study points to {url}.\n"
        )
        assert open_study(launcher.url, "points").problem.data.features.tolist() == [[0], [1], [2]]
        assert run("launch", "--detach", *data, "--trials", "4") == (
            f"Study points of {url} goes on (trials: 2 before, 4 now).\n"
        )
        assert run("pause", "points") == (
            "points is paused: what is under way ends, and nothing more is trained.\n"
        )
        # Whoever launches a study wants it trained.
        run("launch", "--detach", "--study", "points")
        with mr.Client(url) as client:
            assert client.study("points")["state"] == "queued"
        assert run("cancel", "--now", "points") == (
            "points is cancelled, and what is under way is stopped.\n"
        )
        assert run("resume", "points").startswith("points is queued")
        assert run("best", code=2) == "multirestart: choose a study by its name: s, points\n"
        assert run("launch", "--study", "s", "--restarts", "0", code=2).startswith(
            "multirestart: --restarts must be "
        )
        assert run("launch", "--study", "points", "--epochs", "7", code=2).startswith(
            "multirestart: study 'points' exists with other settings: epochs is 200, not 7."
        )
        assert run("best", "--study", "s", "--success", "often", code=2).startswith(
            "multirestart: unknown success 'often': it must be one of accuracy:X, best:X, "
        )
        assert run("delete", "--study", "points", code=2).endswith("give --yes\n")
        assert run("delete", "--study", "points", "--yes") == (
            "Removed study 'points' with 0 restarts.\n"
        )
        assert run("pause", "points", code=2) == "multirestart: there is no study 'points'\n"
        launcher.store.add_key(new_key("anna", Scope.READ, None, time.time())[1])
        assert run("studies", code=2) == (
            f"multirestart: the service at {url} wants a key: set MULTIRESTART_KEY\n"
        )
        monkeypatch.setenv("MULTIRESTART_KEY", "mr_wrong")
        assert run("studies", code=2) == (
            f"multirestart: the service at {url} does not accept the key in MULTIRESTART_KEY: it "
            "is unknown, revoked or expired\n"
        )
    launcher.kill()
    launcher.store.close()


@pytest.mark.slow
def test_a_launch_is_submitted_watched_left_and_answered_through_the_death_of_the_server(
    tmp_path: Path,
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    home = tmp_path / "elsewhere"
    home.mkdir()
    serve = ("serve", "--port", str(port), "--workers", "1")
    launch = ("--server", url, "launch", *PLAN)
    made: list[object] = []

    def submit() -> None:
        with mr.Client(url) as client:
            made.append(client.submit({"study": "lost", "trials": 2, "restarts": 4}))

    with running(tmp_path, *serve, pretend=0.3) as server:
        assert ask(port, "GET", "/api/studies") == []
        with running(home, *launch, "--trials", "12") as watching:
            wait_until(lambda: trials(tmp_path, "complete") >= 1)
            os.kill(watching.pid, signal.SIGINT)
            out, said = watching.communicate(timeout=60)
        assert (watching.returncode, out) == (130, "")
        assert said.splitlines()[-4:] == [
            "Watching ended; the study goes on.",
            "What next:",
            f"  multirestart --server {url} launch --study bands  # watch it again",
            f"  multirestart --server {url} cancel bands          # train no more of it",
        ]
        # Stopped, it takes the connection of a submit, which it never answers: it is killed.
        os.kill(server.pid, signal.SIGSTOP)
        other = threading.Thread(target=submit)
        other.start()
        time.sleep(0.5)
        os.kill(server.pid, signal.SIGKILL)
    with running(tmp_path, *serve, pretend=0.1):
        other.join()
        done = run_command(*launch, "--trials", "12", cwd=home)
        assert len(made) == 1
        assert ask(port, "GET", "/api/studies/lost")["trials"]["of"] == 2
        assert done.stderr.startswith(f"Study bands of {url} goes on.\n")
        assert f"  multirestart --server {url} export best.keras --study bands" in done.stderr
        database = ("--storage", f"sqlite:///{tmp_path}/multirestart.db", "--study", "bands")
        assert done.stdout == run_command("best", "--top", "20", *database, cwd=home).stdout
    assert query(tmp_path, "SELECT name FROM multirestart_studies ORDER BY name") == [
        ("bands",),
        ("lost",),
    ]
    assert trials(tmp_path, "complete") >= 12
    assert list(home.iterdir()) == []
