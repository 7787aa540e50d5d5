"""`--success`: what counts is chosen after the restarts were trained."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import multirestart as mr
from search.problem.levels import first_epoch
from search.problem.success import SOLVED, Success
from search.statistics.effects import effects_keys
from search.statistics.ranking import standing_keys
from search.statistics.timing import times_keys
from tests.conftest import Launched, run_command

NAMES = ("scaling", "optimizer", "learning_rate")
XOR = "a,b,class\n0,0,no\n0,1,yes\n1,0,yes\n1,1,no\n"


def epochs_per_success(url: str, success: Success) -> dict[tuple[object, ...], float]:
    """Of each configuration with successes, from its restarts' levels; of a loss there are none."""
    study = mr.open_study(url)
    least = success.least_correct(study.problem)
    if least is None:
        return {}
    spent, found = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
    for row in study.restarts():
        key = tuple(row.configuration[name] for name in NAMES)
        epoch = first_epoch(row.restart.levels, least)
        spent[key] += study.problem.epochs if epoch is None else epoch
        found[key] += epoch is not None
    return {key: spent[key] / count for key, count in found.items() if count}


@pytest.mark.parametrize(
    ("success", "meets"),
    [
        ("solved", lambda row, _: row["outcome"] == "solved"),
        ("escaped:0.1", lambda row, _: round(row["accuracy"] * 300) > 230),
        ("accuracy:0.68", lambda row, _: round(row["accuracy"] * 300) >= 204),
        ("loss:0.5", lambda row, _: row["loss"] <= 0.5),
        ("best:0.1", lambda row, lowest: row["loss"] <= lowest + 0.1),
    ],
)
def test_successes_follow_from_the_restarts(
    launched: Launched, tmp_path: Path, success: str, meets: Callable[[dict[str, Any], float], bool]
) -> None:
    storage = ("--storage", launched.url, "--format", "json")
    restarts = json.loads(run_command("restarts", *storage, cwd=tmp_path).stdout)
    best = json.loads(run_command("best", *storage, "--success", success, cwd=tmp_path).stdout)
    lowest = min(row["loss"] for row in restarts)
    expected = Counter(tuple(row[name] for name in NAMES) for row in restarts if meets(row, lowest))
    assert 0 < expected.total() < 512
    chosen = Success.of(success)
    costs = epochs_per_success(launched.url, chosen)
    assert bool(costs) == (chosen.kind not in ("loss", "best"))
    for row in best:
        assert tuple(row) == standing_keys(chosen)
        assert row["success"] == success
        assert row["successes"] == expected[tuple(row[name] for name in NAMES)]
        assert row["success_rate"] == row["successes"] / 64
        key = tuple(row[name] for name in NAMES)
        assert row["expected_epochs"] == (pytest.approx(costs[key]) if key in costs else None)
    lows = [row["ci_low"] for row in best]
    assert lows == sorted(lows, reverse=True)
    effects = json.loads(
        run_command("effects", *storage, "--success", success, cwd=tmp_path).stdout
    )
    assert {tuple(row) for row in effects} == {effects_keys(chosen)}
    of_scaling = [row["successes"] for row in effects if row["factor"] == "scaling"]
    assert sum(of_scaling) == expected.total()


def test_tables_say_what_counts(launched: Launched, tmp_path: Path) -> None:
    storage = ("--storage", launched.url)
    best = run_command("best", *storage, "--success", "accuracy:0.95", "--top", "2", cwd=tmp_path)
    title, head, second, *_ = best.stdout.splitlines()
    assert title.endswith("40 epochs of batch size 32; success: accuracy >= 0.95")
    assert "accuracy" in head
    assert ">= 0.95" in second
    assert "6 more configurations: multirestart best --success accuracy:0.95 --top 8" in best.stdout
    assert "epochs per\nescape" not in best.stdout
    assert "success" in second
    effects = run_command("effects", *storage, "--success", "solved", cwd=tmp_path).stdout
    assert effects.splitlines()[0].endswith("; success: solved")
    assert "of the variation in solve rate" in effects
    assert "escaped" not in effects


def test_csv_says_what_counts(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--success", "solved", "--format", "csv")
    (first, *_) = csv.DictReader(io.StringIO(run_command("best", *options, cwd=tmp_path).stdout))
    assert (first["success"], first["successes"]) == ("solved", first["solved"])


@pytest.mark.parametrize("command", ["best", "effects"])
def test_the_margin_of_the_launch_is_escaped(
    launched: Launched, tmp_path: Path, command: str
) -> None:
    said = {
        success: run_command(
            *(command, "--storage", launched.url, "--success", success), cwd=tmp_path
        ).stdout
        for success in ("escaped", "escaped:0.01")
    }
    assert said["escaped"] == said["escaped:0.01"]
    assert said["escaped"] == run_command(command, "--storage", launched.url, cwd=tmp_path).stdout


@pytest.mark.parametrize("command", ["best", "effects"])
def test_what_is_no_criterion_is_one_line(launched: Launched, tmp_path: Path, command: str) -> None:
    for success, message in (
        ("sloved", "unknown success 'sloved': did you mean solved?"),
        ("accuracy:95", "--success must have an accuracy above 0 and at most 1, like accuracy:"),
        ("escaped:0.4", "--success must leave room above the plateau of 0.6667, received 'escaped"),
    ):
        options = ("--storage", launched.url, "--success", success)
        done = run_command(command, *options, cwd=tmp_path, code=2)
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


@pytest.mark.parametrize("command", ["times", "compare"])
@pytest.mark.parametrize("success", ["loss:0.1", "best:0.1", "not-wrong", "accuracy:0.6"])
def test_a_criterion_without_epochs_is_one_line(
    launched: Launched, tmp_path: Path, command: str, success: str
) -> None:
    options = ("--storage", launched.url, "--success", success)
    done = run_command(command, *options, cwd=tmp_path, code=2)
    assert done.stderr == (
        "multirestart: --success must have epochs, which are kept of escaped, solved, escaped:X "
        f"and accuracy:X with X above the plateau of 0.6667, received {success!r}\n"
    )
    assert done.stdout == ""
    assert run_command("best", *options, cwd=tmp_path).returncode == 0


def test_times_of_another_criterion_are_worded_by_it(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--success", "solved")
    times = run_command("times", *options, cwd=tmp_path).stdout
    assert times.splitlines()[0].endswith("; success: solved")
    for words in ("to success", "epochs per success", "had not solved by the last epoch"):
        assert words in times
    compared = run_command("compare", *options, cwd=tmp_path).stdout
    assert "not yet solved" in compared
    assert " solves sooner than " in compared
    for said in (times, compared):
        assert "escape" not in said
    rows = json.loads(run_command("times", *options, "--format", "json", cwd=tmp_path).stdout)
    assert {tuple(row) for row in rows} == {times_keys(SOLVED)}
    assert (
        "not_solved_low"
        in json.loads(run_command("compare", *options, "--format", "json", cwd=tmp_path).stdout)[0][
            "curve"
        ][0]
    )


@pytest.mark.slow
def test_what_stands_at_a_half_is_no_success(tmp_path: Path) -> None:
    """On 4-row XOR many a restart of ReLU units ends with two points undecided."""
    (tmp_path / "xor4.csv").write_text(XOR)
    options = (
        *("--data", "xor4.csv", "--target", "class", "--hidden", "4", "--activation", "relu"),
        *("--scaling", "standard", "--optimizer", "adam", "--learning-rate", "0.01,0.1"),
        *("--sampler", "grid", "--epochs", "100", "--restarts", "256", "--workers", "1"),
        *("--margin", "0", "--solved-at", "1"),
    )
    run_command("launch", *options, cwd=tmp_path)
    rows = json.loads(run_command("restarts", "--format", "json", cwd=tmp_path).stdout)
    assert any(row["undecided"] for row in rows)
    for row in rows:
        if row["accuracy"] == 1.0:
            assert (row["outcome"] == "solved") == (row["undecided"] == 0)
    storage = ("--format", "json", "--success")
    by_rule = json.loads(run_command("best", *storage, "accuracy:1", cwd=tmp_path).stdout)
    clearly = json.loads(run_command("best", *storage, "not-wrong", cwd=tmp_path).stdout)
    assert sum(row["successes"] for row in by_rule) == sum(
        row["accuracy"] == 1.0 and row["undecided"] == 0 for row in rows
    )
    # An output of exactly 1/2 on a point of class 1 is on no wrong side, and wrong for Keras.
    assert sum(row["successes"] for row in clearly) >= sum(row["accuracy"] == 1.0 for row in rows)


def test_a_study_that_trains_nothing_has_no_times(tmp_path: Path) -> None:
    options = ("--epochs", "0", "--restarts", "8", "--trials", "4", "--workers", "1")
    run_command("launch", *options, cwd=tmp_path)
    for command in ("times", "compare"):
        done = run_command(command, cwd=tmp_path, code=2)
        assert done.stderr == (
            "multirestart: study 'bands' trains nothing: its restarts are judged by their initial "
            "weights, so there are no times; `best` tells how often they succeed\n"
        )
    assert run_command("best", "--success", "solved", cwd=tmp_path).returncode == 0
    assert run_command("check", cwd=tmp_path).stdout == "Nothing is wrong.\n"


def test_a_study_is_read_by_any_criterion_from_python(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    solved = study.best("solved")
    assert [one.success_rate.escaped for one in solved] == [one.counts.solved for one in solved]
    assert solved == study.best(SOLVED) == study.best(mr.Success("solved"))
    assert study.best() == study.best("escaped") == study.best("escaped:0.01")
    assert study.effects("solved").success == SOLVED
    assert study.effects() == study.effects("escaped")
    for call in (study.best, study.effects):
        with pytest.raises(mr.InvalidValuesError, match="unknown success 'sloved'"):
            call("sloved")


@pytest.mark.slow
def test_a_study_that_seeks_solved_restarts_shows_them(tmp_path: Path) -> None:
    options = ("--objective", "solve-rate", "--restarts", "8", "--trials", "10", "--workers", "1")
    done = run_command("launch", *options, cwd=tmp_path, pretend=0)
    assert done.stdout.splitlines()[0].endswith("; success: solved")
    assert " of 8 solved" in done.stderr or " of 16 solved" in done.stderr
    assert "multirestart best --study bands --success solved " in done.stderr
    for command in ("best", "times", "compare"):
        title = run_command(command, cwd=tmp_path).stdout.splitlines()[0]
        assert title.endswith("; success: solved"), command
        title = run_command(command, "--success", "escaped", cwd=tmp_path).stdout.splitlines()[0]
        assert "success" not in title
    race = ("race", "--top", "2", "--first-round", "8", "--max-restarts", "16", "--confirm", "8")
    told = json.loads(run_command(*race, "--format", "json", cwd=tmp_path, pretend=0).stdout)
    assert told["success"] == "solved"
    assert told["confirmed"].keys() == {"successes", "restarts", "rate", "ci_low", "ci_high"}
    assert all(0 <= row["first_successes"] <= 24 for row in told["configurations"])
    shown = run_command("race", cwd=tmp_path)
    assert shown.stdout.splitlines()[0].endswith("; success: solved")
    assert "fresh restarts solved, " in shown.stdout
    assert "escaped" not in shown.stdout
    again = run_command("best", "--success", "solved", cwd=tmp_path)
    assert again.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    assert run_command("check", "--retrain", "0", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_criteria_read_afterwards_count_what_a_launch_with_that_margin_counts(
    tmp_path: Path,
) -> None:
    """On the four points of XOR three right are an escape by the default margin."""
    (tmp_path / "xor4.csv").write_text(XOR)
    options = (
        *("--data", "xor4.csv", "--target", "class", "--hidden", "3", "--activation", "tanh"),
        *("--scaling", "none", "--learning-rate", "0.1,1", "--sampler", "grid", "--epochs", "60"),
        *("--restarts", "24", "--workers", "1", "--batch-size", "4"),
    )
    defaults = run_command("launch", "--study", "defaults", *options, cwd=tmp_path)
    assert (
        "One point of 4 is worth 0.25, more than the margin of 0.01: a restart escapes by one "
        "point; see best --success solved.\nStarting 1 worker"
    ) in defaults.stderr
    wide = run_command("launch", "--study", "wide", "--margin", "0.3", *options, cwd=tmp_path)
    assert "One point" not in wide.stderr
    url = f"sqlite:///{tmp_path / 'multirestart.db'}"
    by_default, by_margin = mr.open_study(url, "defaults"), mr.open_study(url, "wide")
    expected = {one.configuration: one.escape_rate for one in by_margin.best()}
    for success in ("solved", "escaped:0.3", "accuracy:1"):
        found = {one.configuration: one.success_rate for one in by_default.best(success)}
        assert found == expected
        rows = {one.configuration: one.row for one in by_default.times(success)}
        assert rows == {one.configuration: one.row for one in by_margin.times()}
        assert any(row.tally for row in rows.values())
        compared = by_default.compare(success=success), by_margin.compare()
        assert compared[0].test == compared[1].test
    for name in ("loss:0.1", "best:0.1", "not-wrong", "accuracy:0.5"):
        with pytest.raises(mr.InvalidValuesError, match="must have epochs, which are kept of esc"):
            by_default.times(name)
    told = {one.configuration: one.escape_rate for one in by_default.best()}
    assert told != expected
    again = {one.configuration: one.success_rate for one in by_margin.best("escaped:0.01")}
    assert again == told
