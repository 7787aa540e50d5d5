"""`race` as people run it: real processes, killed half-way, gone on with, shown again."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from search.commands import main
from search.reports.race_report import RACE_KEYS
from tests.command_tests.processes import query, running, trials, wait_until
from tests.conftest import Launched, run_command

RULES = ("--top", "4", "--first-round", "64", "--max-restarts", "512", "--confirm", "128")


@pytest.fixture
def folder(launched: Launched, tmp_path: Path) -> Path:
    """A folder with the launched grid as its `multirestart.db`."""
    shutil.copy(launched.url.removeprefix("sqlite:///"), tmp_path / "multirestart.db")
    return tmp_path


def as_json(folder: Path) -> dict[str, object]:
    done = run_command("race", "--format", "json", cwd=folder)
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_a_race_ends_with_a_table_and_a_figure_that_picked_nothing(folder: Path) -> None:
    done = run_command("race", *RULES, cwd=folder)
    assert "standard adam 0.1 is best" in done.stdout
    assert "Measured again on 128 further seeds, not used to select it: " in done.stdout
    assert "Round 1: 64 restarts each" in done.stderr
    result = as_json(folder)
    confirmed = result["confirmed"]
    assert isinstance(confirmed, dict)
    assert confirmed["restarts"] == 128
    again = run_command("race", "--format", "csv", cwd=folder)
    assert "is over; --new begins another" in again.stderr
    rows = list(csv.DictReader(io.StringIO(again.stdout)))
    assert list(rows[0]) == list(RACE_KEYS)
    assert rows[0]["status"] == "winner"
    shown = run_command("best", cwd=folder)
    assert "of these restarts are of races" in shown.stdout
    effects = run_command("effects", cwd=folder)
    assert "a value is the mean over the rest.\n" in effects.stdout, "a race counts in none of them"
    check = run_command("check", "--retrain", "8", cwd=folder)
    assert check.stdout == "Nothing is wrong.\n"


@pytest.mark.slow
def test_the_fresh_seeds_are_common_and_were_used_by_no_trial_before(folder: Path) -> None:
    before = {row["seed"] for row in restarts(folder)}
    run_command("race", *RULES, cwd=folder, pretend=0)
    raced = [row for row in restarts(folder) if int(row["trial"]) >= 8]
    by_configuration: dict[tuple[str, ...], set[str]] = {}
    for row in raced:
        key = (row["scaling"], row["optimizer"], row["learning_rate"])
        by_configuration.setdefault(key, set()).add(row["seed"])
    assert len(by_configuration) == 4
    assert not before & {row["seed"] for row in raced}
    least = min(int(row["seed"]) for row in raced)
    for seeds in by_configuration.values():
        assert {str(least + position) for position in range(64)} <= seeds


def restarts(folder: Path) -> list[dict[str, str]]:
    done = run_command("restarts", "--format", "csv", cwd=folder)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def has(folder: Path, complete: int) -> bool:
    return trials(folder, "complete") >= complete


@pytest.mark.slow
def test_a_race_that_is_killed_goes_on_as_it_would_have_gone_on(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alone = tmp_path_factory.mktemp("alone")
    shutil.copy(folder / "multirestart.db", alone)
    run_command("race", *RULES, cwd=alone, pretend=0)
    for trained in (9, 12):
        with running(folder, "race", *RULES, "--workers", "1", pretend=0.3) as process:
            wait_until(partial(has, folder, trained))
            os.kill(process.pid, signal.SIGKILL)
    run_command("race", cwd=folder, pretend=0)
    assert as_json(folder) == as_json(alone)
    attempts = query(folder, "SELECT max(attempt) FROM multirestart_trials WHERE race_id = 1")
    assert attempts == [(2,)], "one that was killed was run again"
    assert trials(folder, "running") == 0
    launch = run_command("launch", "--study", "grid", cwd=folder)
    assert "nothing to do" in launch.stderr, "a race is no part of the size of a search"


@pytest.mark.slow
def test_two_launchers_run_one_race_together(folder: Path) -> None:
    with (
        running(folder, "race", *RULES, "--workers", "1", pretend=0.3) as one,
        running(folder, "race", *RULES, "--workers", "1", pretend=0.3) as other,
    ):
        outputs = [process.communicate(timeout=240) for process in (one, other)]
        assert [one.returncode, other.returncode] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0], "both show the one race"
    assert query(folder, "SELECT count(*) FROM multirestart_races") == [(1,)]
    assert query(folder, "SELECT DISTINCT attempt FROM multirestart_trials") == [(1,)]


@pytest.mark.slow
def test_options_of_another_race_are_refused_until_it_is_over(folder: Path) -> None:
    run_command("race", *RULES, cwd=folder, pretend=0)
    done = run_command("race", "--max-restarts", "100", cwd=folder, pretend=0, code=2)
    assert (
        "--max-restarts is 512 in race 1, which is over: begin a new one, received 100"
        in done.stderr
    )
    assert done.stderr.count("\n") == 1
    done = run_command("race", "--new", "--top", "2", "--max-restarts", "64", cwd=folder, pretend=0)
    assert "Race 2 of standard adam 0.1" in done.stderr


@pytest.mark.slow
def test_a_race_of_more_than_there_are_is_the_same_when_asked_again(folder: Path) -> None:
    rules = ("--top", "50", *RULES[2:])
    run_command("race", *rules, cwd=folder, pretend=0)
    assert "is over" in run_command("race", *rules, cwd=folder).stderr


@pytest.mark.slow
def test_a_race_that_another_began_meanwhile_is_not_taken_for_ones_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command("race", *RULES, cwd=folder, pretend=0)
    monkeypatch.setattr("search.studies.racing.last_race", lambda *_: None)  # as it was just before
    monkeypatch.setattr("sys.argv", ["multirestart", "race", "--max-restarts", "100"])
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert (
        "--max-restarts is 512 in race 1, which goes on: leave it out to go on"
        in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_race_that_cannot_go_on_is_left_by_new(folder: Path) -> None:
    run_command("race", *RULES, cwd=folder, pretend=0)
    with closing(sqlite3.connect(folder / "multirestart.db")) as connection, connection:
        connection.execute(
            "UPDATE multirestart_trials SET state = 'given up' WHERE trial_id ="
            " (SELECT max(trial_id) FROM multirestart_trials WHERE race_id = 1)"
        )
    done = run_command("race", cwd=folder, pretend=0, code=1)
    assert "one of its trials was given up; begin another" in done.stderr
    done = run_command("race", "--new", "--top", "2", "--max-restarts", "64", cwd=folder, pretend=0)
    assert "Race 2 of " in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--alpha", "2"), "--alpha must be greater than 0 and at most 0.5, received 2"),
        (("--max-restarts", "0"), "--max-restarts must be at least 1, received 0"),
        (("--top", "1"), "1 is not in the range x>=2"),
        (("--study", "none"), "there is no study 'none'; there are: grid"),
    ],
)
def test_bad_input_is_one_line(folder: Path, options: tuple[str, ...], message: str) -> None:
    before = (folder / "multirestart.db").read_bytes()
    done = run_command("race", *options, cwd=folder, code=2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert (folder / "multirestart.db").read_bytes() == before
