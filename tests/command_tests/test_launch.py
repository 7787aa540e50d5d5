"""`launch` as people run it: real processes, a real database file."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections import Counter
from pathlib import Path

import optuna
import pytest
from optuna.distributions import IntDistribution

from search.dashboard.optuna_storage import open_optuna_storage
from search.studies.opening import open_study
from tests.conftest import GRID, Launched, run_command

TINY = ("--restarts", "5", "--epochs", "3", "--workers", "1")


def best(url: str, folder: Path) -> list[dict[str, object]]:
    done = run_command("best", "--storage", url, "--top", "99", "--format", "json", cwd=folder)
    rows: list[dict[str, object]] = json.loads(done.stdout)
    return rows


def all_restarts(url: str, folder: Path) -> list[dict[str, str]]:
    done = run_command("restarts", "--storage", url, "--format", "csv", cwd=folder)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_shows_table_progress_and_what_next(launched: Launched) -> None:
    assert "1-2-1 sigmoid network, 300 points, plateau 0.6667, 40 epochs" in launched.stdout
    assert re.search(r"none +sgd +0\.01 +0 of 64 +0\.000 +0\.000-0\.057", launched.stdout)
    assert "8 of 8 trials: 512 restarts" in launched.stderr
    assert "What next:" in launched.stderr


def test_stderr_has_nothing_but_what_we_say(launched: Launched) -> None:
    said = r"Starting|\d+ of 8 trials|What next:|  multirestart "
    assert [line for line in launched.stderr.splitlines() if not re.match(said, line)] == []


def test_grid_covers_each_configuration_once(launched: Launched, tmp_path: Path) -> None:
    rows = best(launched.url, tmp_path)
    assert len(rows) == 8
    assert {row["trials"] for row in rows} == {1}
    assert {row["restarts"] for row in rows} == {64}
    lows = [row["ci_low"] for row in rows]
    assert lows == sorted(lows, reverse=True)  # type: ignore[type-var]
    assert (rows[0]["scaling"], rows[0]["optimizer"], rows[0]["learning_rate"]) == (
        "standard",
        "adam",
        0.1,
    )


def test_optuna_holds_what_the_record_holds(launched: Launched, tmp_path: Path) -> None:
    study = optuna.load_study(study_name="grid", storage=open_optuna_storage(launched.url))
    restarts = all_restarts(launched.url, tmp_path)
    assert study.metric_names == ["escape rate"]
    for trial in study.trials:
        rows = [row for row in restarts if row["trial"] == str(trial.number)]
        outcomes = [row["outcome"] for row in rows]
        escaped = outcomes.count("escaped") + outcomes.count("solved")
        assert list(trial.params) == ["scaling", "optimizer", "learning_rate", "seed"]
        first = trial.params["seed"]
        assert trial.distributions["seed"] == IntDistribution(first, first)
        assert [int(row["seed"]) for row in rows] == list(range(first, first + 64))
        assert trial.value == escaped / 64
        assert trial.user_attrs["outcomes"]["escaped"] == escaped
        assert trial.user_attrs["outcomes"]["restarts"] == 64
        assert trial.user_attrs["outcomes"]["solved"] == outcomes.count("solved")
        assert trial.user_attrs["outcomes"]["diverged"] == outcomes.count("diverged")
        assert (
            trial.user_attrs["outcomes"]["ci_low"]
            <= trial.value
            <= trial.user_attrs["outcomes"]["ci_high"]
        )
        epochs = sorted(int(row["escape_epoch"]) for row in rows if row["escape_epoch"])
        median = trial.user_attrs["outcomes"]["median_escape_epoch"]
        assert (median is None) == (not epochs)
        assert not epochs or epochs[0] <= median <= epochs[-1]


@pytest.mark.slow
def test_one_worker_and_two_give_the_same_restarts(tmp_path: Path) -> None:
    found = []
    for workers in ("1", "2"):
        url = f"sqlite:///{tmp_path / workers}.db"
        options = ("--sampler", "random", "--trials", "6", "--restarts", "70", "--epochs", "12")
        space = ("--learning-rate", "0.05:0.5", "--optimizer", "adam", "--workers", workers)
        run_command("launch", "--storage", url, *options, *space, cwd=tmp_path, workers=True)
        found.append(all_restarts(url, tmp_path))
    assert len(found[0]) == 6 * 70
    assert found[0] == found[1]


@pytest.mark.slow
def test_goes_on_to_the_size_asked_for_and_then_does_nothing(tmp_path: Path) -> None:
    def trials() -> int:
        return len({row["trial"] for row in all_restarts("sqlite:///multirestart.db", tmp_path)})

    run_command("launch", *TINY, "--trials", "2", cwd=tmp_path, pretend=0)
    assert trials() == 2
    # What the study holds fixed need not be said again.
    again = run_command("launch", "--trials", "5", cwd=tmp_path, pretend=0)
    assert "Going on from 2 trials" in again.stderr
    assert trials() == 5
    done = run_command("launch", "--trials", "5", cwd=tmp_path, pretend=0)
    assert "nothing to do" in done.stderr
    assert trials() == 5


def test_another_problem_or_space_is_refused_by_name(launched: Launched, tmp_path: Path) -> None:
    for options, difference in (
        (("--epochs", "41"), "epochs is 40, not 41"),
        (("--hidden", "4,4"), "hidden is 2, not 4,4"),
        (("--data", "xor"), "data is bands ("),
        (("--optimizer", "sgd"), "optimizer is sgd,adam, not sgd"),
        (("--learning-rate", "0.1"), "learning_rate is 0.01,0.1, not 0.1"),
        (("--restarts", "32"), "restarts is 64, not 32"),
    ):
        done = run_command(
            "launch", "--study", "grid", "--storage", launched.url, *options, cwd=tmp_path, code=2
        )
        assert difference in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_bands2d_trains_a_2_2_1_network_of_9_weights(tmp_path: Path) -> None:
    done = run_command(
        *("launch", "--data", "bands2d", "--scaling", "standard", "--optimizer", "sgd"),
        *("--learning-rate", "0.01", "--trials", "1", "--restarts", "64", "--epochs", "50"),
        *("--workers", "1"),
        cwd=tmp_path,
    )
    assert "2-2-1 sigmoid network, 300 points, plateau 0.6667" in done.stdout
    assert "0 of 64" in done.stdout
    rows = all_restarts("sqlite:///multirestart.db", tmp_path)
    accuracies = Counter(round(float(row["accuracy"]), 4) for row in rows)
    assert accuracies.most_common(1)[0][0] == max(accuracies) == 0.6667
    study = open_study(f"sqlite:///{tmp_path / 'multirestart.db'}", "bands2d")
    assert {len(row.restart.weights) for row in study.restarts()} == {9 * 4}


@pytest.mark.slow
def test_a_csv_file_is_kept_with_its_study(tmp_path: Path) -> None:
    lines = [f"{x},{x * x},{'in' if 3 < x < 7 else 'out'}" for x in range(11)]
    path = tmp_path / "points.csv"
    path.write_text("x,square,where\n" + "\n".join(lines) + "\n")
    options = ("--data", "points.csv", "--target", "where", *TINY, "--trials", "1")
    run_command("launch", *options, cwd=tmp_path, pretend=0)
    path.unlink()
    again = run_command("launch", "--study", "points", "--trials", "2", cwd=tmp_path, pretend=0)
    assert "points: 2-2-1 sigmoid network, 11 points, plateau 0.7273" in again.stdout


@pytest.mark.slow
def test_hidden_layers_and_activation(tmp_path: Path) -> None:
    options = ("--hidden", "4,3", "--activation", "tanh", *TINY, "--trials", "1")
    done = run_command("launch", "--data", "xor", *options, cwd=tmp_path)
    assert "xor: 2-4-3-1 tanh network, 100 points, plateau 0.5000" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--data", "bandz"), "unknown data 'bandz': did you mean bands"),
        (("--data", "none.csv", "--target", "y"), "cannot read none.csv: No such file"),
        (("--optimizer", "adan"), "unknown optimizer 'adan': did you mean adam"),
        (("--scaling", "standart"), "unknown scaling 'standart': did you mean standard"),
        (("--sampler", "tpee"), "unknown sampler 'tpee': did you mean tpe?"),
        (("--activation", "gelo"), "unknown activation 'gelo': did you mean gelu"),
        (("--learning-rate", "-0.1"), "a learning rate must be a positive number, received -0.1"),
        (("--learning-rate", "0"), "a learning rate must be a positive number, received 0"),
        (("--learning-rate", "0.1:0.01"), "LOW the smaller"),
        (("--sampler", "grid", "--learning-rate", "0.01:0.1"), "needs lists of values"),
        (("--trials", "0"), "--trials must be at least 1 and at most 1000000, received 0"),
        (("--sampler", "qmc"), "qmc needs a range like 0.001:1"),
        (("--restarts", "0"), "--restarts must be at least 1 and at most 1000000, received 0"),
        (("--restarts", "3000000000"), "--restarts must be at least 1 and at most 1000000"),
        (("--epochs=-1",), "--epochs must be at least 0, received -1"),
        (("--batch-size", "0"), "--batch-size must be at least 1, received 0"),
        (("--hidden", "0"), "--hidden must be layer sizes of at least 1"),
        (("--hidden", "two"), "is not a list of whole numbers"),
        (("--margin", "0.5"), "--margin must be at least 0 and leave room"),
        (("--solved-at", "0.5"), "--solved-at must be above the plateau"),
        (("--study", ""), "--study must be a printable name, received ''"),
        (("--study", "two\nlines"), "--study must be a printable name"),
        (("--study", "x" * 10_000), "--study must be at most 512 characters, received 10000"),
        (("--storage", "here"), "the storage must be a database URL"),
        (("--storage", "sqlite:///none/here.db"), "unable to open database file"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = run_command("launch", *options, cwd=tmp_path, code=2)
    assert message in done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("multirestart: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are my notes, not a database.")
    done = run_command("launch", "--storage", "sqlite:///notes.db", cwd=tmp_path, code=2)
    assert "notes.db is not an SQLite database" in done.stderr
    assert path.read_text() == "These are my notes, not a database."


@pytest.mark.parametrize("table", ["studies (a INTEGER)", "multirestart_restarts (a INTEGER)"])
def test_tables_of_another_program_are_left_alone(tmp_path: Path, table: str) -> None:
    with sqlite3.connect(tmp_path / "multirestart.db") as connection:
        connection.execute(f"CREATE TABLE {table}")
    connection.close()
    for _ in range(2):
        done = run_command("launch", cwd=tmp_path, code=2)
        assert done.stderr.count("\n") == 1
    with sqlite3.connect(tmp_path / "multirestart.db") as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert not names & {"multirestart_studies", "multirestart_version"}


def test_a_study_of_optunas_own_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'multirestart.db'}"
    study = optuna.create_study(study_name="bands", storage=open_optuna_storage(url))
    study.tell(study.ask(), 1.0)
    done = run_command("launch", cwd=tmp_path, code=2)
    assert "study 'bands' was made by Optuna" in done.stderr
    with sqlite3.connect(tmp_path / "multirestart.db") as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "multirestart_studies" not in names


@pytest.mark.slow
def test_a_study_goes_on_with_its_own_sampler_and_size(tmp_path: Path) -> None:
    options = (
        "--sampler",
        "grid",
        "--learning-rate",
        "0.1",
        "--trials",
        "4",
        "--sampler-seed",
        "3",
    )
    run_command("launch", *options, *TINY, cwd=tmp_path, pretend=0)
    assert "nothing to do" in run_command("launch", cwd=tmp_path, pretend=0).stderr
    run_command("launch", "--trials", "8", cwd=tmp_path, pretend=0)
    rows = best("sqlite:///multirestart.db", tmp_path)
    assert [row["trials"] for row in rows] == [2, 2, 2, 2]


@pytest.mark.slow
def test_same_grid_with_another_sampler_seed_agrees_within_the_intervals(
    launched: Launched, tmp_path: Path
) -> None:
    run_command("launch", *GRID, "--sampler-seed", "1", cwd=tmp_path)
    here = {key(row): row for row in best(launched.url, tmp_path)}
    there = {key(row): row for row in best("sqlite:///multirestart.db", tmp_path)}
    assert set(here) == set(there)
    for point, row in here.items():
        # Two 95% intervals of one rate overlap in 99.4 of 100 cases.
        assert row["ci_low"] <= there[point]["ci_high"], point  # type: ignore[operator]
        assert there[point]["ci_low"] <= row["ci_high"], point  # type: ignore[operator]


def key(row: dict[str, object]) -> tuple[object, ...]:
    return row["scaling"], row["optimizer"], row["learning_rate"]


@pytest.mark.slow
def test_a_study_of_both_objectives_shows_its_pareto_front(tmp_path: Path) -> None:
    options = (
        "--objective",
        "both",
        "--workers",
        "1",
        "--trials",
        "10",
        "--restarts",
        "64",
        "--epochs",
        "40",
    )
    done = run_command("launch", *options, cwd=tmp_path, pretend=0)
    assert "Pareto" in done.stdout
    rows = best("sqlite:///multirestart.db", tmp_path)
    assert [row["pareto_front"] for row in rows][:1] == [True]
    study = optuna.load_study(
        study_name="bands", storage=open_optuna_storage(f"sqlite:///{tmp_path / 'multirestart.db'}")
    )
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert all(len(trial.values) == 2 for trial in study.trials)
    done = run_command("launch", "--objective", "escape-rate", cwd=tmp_path, pretend=0, code=2)
    assert "objective is both, not escape-rate" in done.stderr
