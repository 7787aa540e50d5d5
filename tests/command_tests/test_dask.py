"""Studies on a Dask cluster: real schedulers and workers, killed, refused and waited for."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from search.problem.errors import InvalidValuesError, LaunchError
from search.problem.plan import Plan
from search.running import dask_connection, dask_worker, worker_process
from search.studies.submitting import submit
from tests.command_tests.dask_processes import PRETENDING, scheduler, workers
from tests.command_tests.pretended import NONE_KILLS
from tests.command_tests.processes import assert_whole, launching, query, trials, wait_until
from tests.conftest import GRID, ROOT, Launched, run_command

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

RANDOM = ("--sampler", "random", "--sampler-seed", "3", "--restarts", "64")
LONG = 1000.0  # seconds a trial, where workers pretend to train
_ROWS = (
    "SELECT number, seed, outcome, accuracy, loss, last_epoch_loss, escape_epoch, weights"
    " FROM multirestart_restarts JOIN multirestart_trials USING (configuration_id)"
    " WHERE seed BETWEEN first_seed AND first_seed + restarts - 1 ORDER BY number, seed"
)
_KINDS = "SELECT number, kind FROM multirestart_machines JOIN multirestart_trials USING (trial_id)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler for all tests that do not kill it."""
    with scheduler(tmp_path_factory.mktemp("scheduler")) as (address, _):
        yield address


def test_a_cluster_trains_the_same_restarts_to_the_bit(
    launched: Launched, address: str, tmp_path: Path
) -> None:
    """Nothing is pretended: two workers of a cluster beside one process of this machine."""
    with workers(address, tmp_path, count=2):
        options = ("--study", "grid", "--cluster", address, "--verbose", *GRID)
        done = run_command("launch", *options, cwd=tmp_path)
        rounds = ("--top", "2", "--first-round", "64", "--max-restarts", "64", "--confirm", "0")
        raced = run_command("race", *rounds, "--cluster", address, cwd=tmp_path)
    assert f"Training on the Dask cluster of {address}." in done.stderr
    assert done.stderr.count(" joined: ") == 2
    with closing(sqlite3.connect(launched.url.removeprefix("sqlite:///"))) as here:
        expected = here.execute(_ROWS).fetchall()
        assert len(expected) == 8 * 64
        assert query(tmp_path, _ROWS)[: 8 * 64] == expected  # those after them are of the race
        kinds = here.execute(_KINDS).fetchall()
        assert query(tmp_path, _KINDS) == [*kinds, *((number, kinds[0][1]) for number in (8, 9))]
    assert "The race is over" in raced.stdout


def test_four_workers_of_a_cluster_search_as_one_process_does(address: str, tmp_path: Path) -> None:
    """Which restarts are trained; as many workers of a cluster as of this machine."""
    for folder, options in (("one", ("--workers", "1")), ("four", ("--cluster", address))):
        (tmp_path / folder).mkdir()
        count = 4 if folder == "four" else 0
        with workers(address, tmp_path, count=count, pretend=0.05):
            run_command(
                *("launch", *RANDOM, "--trials", "12", *options),
                cwd=tmp_path / folder,
                pretend=0.05,
            )
        assert_whole(tmp_path / folder, 12, 64)
    assert query(tmp_path / "four", _ROWS) == query(tmp_path / "one", _ROWS)


def test_a_cluster_on_this_machine_is_started_for_the_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", PRETENDING[1])
    options = (*RANDOM, "--trials", "4", "--cluster", "local", "--workers", "2", "--verbose")
    done = run_command("launch", *options, cwd=tmp_path)
    assert "Starting 2 Dask workers " in done.stderr
    assert " joined: " in done.stderr
    assert "distributed" not in done.stderr  # Dask's own log
    assert_whole(tmp_path, 4, 64)


def test_work_trains_on_a_cluster_what_was_submitted(address: str, tmp_path: Path) -> None:
    plan = Plan(name="one", trials=3, restarts=64, sampler="random")
    submit(f"sqlite:///{tmp_path / 'multirestart.db'}", plan.name, lambda _kept: plan)
    with workers(address, tmp_path, pretend=0.05):
        done = run_command("work", "--until-empty", "--cluster", address, cwd=tmp_path)
    assert done.stderr.count(" joined: ") == 1
    assert done.stderr.splitlines()[-1].endswith(" one: settled.")
    assert_whole(tmp_path, 3, 64)


def test_a_worker_that_is_killed_loses_nothing(address: str, tmp_path: Path) -> None:
    options = (*RANDOM, "--trials", "3", "--cluster", address)
    with (
        workers(address, tmp_path, pretend=LONG) as (doomed,),
        launching(tmp_path, *options) as process,
    ):
        wait_until(lambda: trials(tmp_path, "running") >= 2)  # one of them waits in the worker
        doomed.kill()
        with workers(address, tmp_path, pretend=0):
            _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert said.count("died; it is trained again.") == 1
    assert query(tmp_path, "SELECT DISTINCT attempt FROM multirestart_trials") == [(1,)]
    assert_whole(tmp_path, 3, 64)


def test_a_trial_that_kills_three_workers_is_given_up_and_the_others_go_on(
    address: str, tmp_path: Path
) -> None:
    """A nanny starts each worker again, under another address."""
    space = ("--scaling", "none,standard", "--optimizer", "sgd", "--learning-rate", "0.1")
    options = ("--sampler", "grid", "--restarts", "64", *space, "--cluster", address)
    with workers(address, tmp_path, count=2, pretend=NONE_KILLS, nanny=True):
        done = run_command("launch", *options, cwd=tmp_path)
    assert done.stderr.count("it is given up.") == 1
    assert trials(tmp_path, "complete") == 1
    (reason,) = query(tmp_path, "SELECT reason FROM multirestart_trials WHERE state = 'given up'")
    assert str(reason[0]).endswith(" died, 3 times")


def test_where_the_scheduler_is_killed_the_same_command_goes_on(tmp_path: Path) -> None:
    with scheduler(tmp_path) as (address, process):
        options = (*RANDOM, "--trials", "8", "--cluster", address)
        with (
            workers(address, tmp_path, count=2, pretend=0.5),
            launching(tmp_path, *options) as launch,
        ):
            wait_until(lambda: trials(tmp_path, "complete") >= 2)
            process.kill()
            _, said = launch.communicate(timeout=60)
    assert launch.returncode == 1, said
    assert said.splitlines()[-1] == (
        f"multirestart: lost the Dask scheduler at {address}. What is complete is kept: start it "
        "again if it has ended; the same command goes on"
    )
    assert "Traceback" not in said
    assert trials(tmp_path, "running") == 0
    port = int(address.rsplit(":", 1)[1])
    with scheduler(tmp_path, port=port), workers(address, tmp_path, count=2, pretend=0):
        run_command("launch", *options, cwd=tmp_path)
    assert_whole(tmp_path, 8, 64)


def test_workers_that_lack_what_the_launcher_has_are_refused(address: str, tmp_path: Path) -> None:
    other = tmp_path / "other"  # no folder in which the launcher runs and would find it too
    (other / "keras-9.9.9.dist-info").mkdir(parents=True)
    (other / "keras-9.9.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: keras\nVersion: 9.9.9\n"
    )
    (tmp_path / "bare" / "search").mkdir(parents=True)
    (tmp_path / "bare" / "search" / "__init__.py").touch()
    with (
        workers(address, tmp_path, env={"PYTHONPATH": f"{other}:{ROOT}"}),
        workers(address, tmp_path, env={"PYTHONPATH": str(tmp_path / "bare")}),
    ):
        wait_until(lambda: (tmp_path / "dask.log").read_text().count("Registered to") == 2)
        done = run_command("launch", "--cluster", address, cwd=tmp_path, code=1)
    assert "it has Keras 9.9.9 where the launcher has " in done.stderr
    assert "it has no multirestart: install what the launcher has" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("multirestart: Dask worker tcp://127.0.0.1:")
    assert last.endswith("; nor may 1 other")
    assert trials(tmp_path, "running") == 0


def test_without_a_worker_it_says_that_it_waits_until_it_is_interrupted(
    address: str, tmp_path: Path
) -> None:
    with launching(tmp_path, *RANDOM, "--cluster", address) as process:
        assert process.stderr is not None
        waits = f"Waiting for a Dask worker to join {address}: none is there (Ctrl-C ends that).\n"
        assert waits in iter(process.stderr.readline, "")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
    assert said.splitlines()[-1].startswith("multirestart: interrupted; the same command goes on")


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_connection, "_SECONDS_TO_CONNECT", 0.5)
    where = "tcp://127.0.0.1:1"
    with (
        pytest.raises(LaunchError, match=f"cannot connect to the Dask scheduler at {where}: ") as e,
        dask_connection.connected(where, print),
    ):
        pass
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("cluster", ["", "host", "tcp://host", "http://host:1", "tcp://a b:1"])
def test_what_is_no_cluster_is_refused(cluster: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValuesError, match="cluster must be local, or the address of a Dask"):
        dask_connection.check_cluster(cluster)
    done = run_command("launch", "--cluster", cluster, cwd=tmp_path, code=2)
    assert "--cluster must be local, or the address of a Dask scheduler" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_clusters_workers_are_its_own(tmp_path: Path) -> None:
    options = ("--cluster", "tcp://127.0.0.1:1", "--workers", "2")
    done = run_command("launch", *options, cwd=tmp_path, code=2)
    assert "--workers are those of the cluster: leave it out" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_has_not_the_points_of_a_study_asks_for_them() -> None:
    """As a worker does that was started again, or was given other studies meanwhile."""
    problem = Plan().problem
    (configuration, *_) = Plan().space.configurations or ()
    packed = pickle.dumps(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask_worker, "_prepare", lambda **_: None)
        patch.setattr(dask_worker, "_problems", {})
        patch.setattr(worker_process, "train", lambda task: (task.problem.data.points, task.seeds))

        def train(key: str, given: bytes | None) -> object:
            done = dask_worker.train(key, given, configuration, 7, 2, cache=False)
            return done and done.restarts

        assert train("a", None) is None
        for key in "abcde":
            assert train(key, packed) == (300, range(7, 9))
        assert [key for key in "abcde" if train(key, None) is None] == ["a"]
