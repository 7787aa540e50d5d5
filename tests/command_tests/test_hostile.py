"""Names, files and numbers that were made to do harm, through the real commands."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT, Launched, run_command

TINY = (
    *("--scaling", "standard", "--optimizer", "sgd", "--learning-rate", "0.1"),
    *("--trials", "1", "--restarts", "2", "--epochs", "1", "--workers", "1"),
)
EVERYTHING = (
    '../..\'; DROP TABLE studies; -- "$(touch pwned)" `touch pwned` [red]x[/red] [/] \U0001f525'
)
NAMES = (EVERYTHING, "--help")


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as it is pasted into a shell where `multirestart` is installed."""
    define = f'multirestart() {{ {shlex.quote(sys.executable)} -m search "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"{define}\n{command}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a database of studies of such names, and what each launch said."""
    folder = tmp_path_factory.mktemp("named")
    said = {
        name: run_command("launch", "--study", name, *TINY, cwd=folder, pretend=0) for name in NAMES
    }
    for name, done in said.items():
        assert done.stdout.startswith(f"{name}: 1-2-1 sigmoid network")
    return folder, {name: done.stderr for name, done in said.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_next_can_be_pasted_into_a_shell(
    named: tuple[Path, dict[str, str]], name: str
) -> None:
    folder, said = named
    lines = [line.strip() for line in said[name].splitlines() if "multirestart " in line]
    launch, _reference, best, _dashboard = lines
    assert f"{name}: 1-2-1 sigmoid network" in shell(best, folder).stdout
    assert "nothing to do" in shell(launch.replace("--trials 2", "--trials 1"), folder).stderr
    assert {path.suffix for path in folder.iterdir()} <= {".db", ".db-wal", ".db-shm"}


@pytest.mark.slow
def test_names_are_listed_as_they_are(named: tuple[Path, dict[str, str]]) -> None:
    folder, _ = named
    outputs = {
        output: run_command("studies", "--format", output, cwd=folder).stdout
        for output in ("table", "json", "csv")
    }
    for name in NAMES:
        assert name in outputs["table"]
    assert [row["study"] for row in json.loads(outputs["json"])] == list(NAMES)
    cells = [row["study"] for row in csv.DictReader(io.StringIO(outputs["csv"]))]
    assert cells == [EVERYTHING, "'--help"]  # for a spreadsheet


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\u202eb"])
def test_a_name_that_a_terminal_obeys_is_refused(tmp_path: Path, name: str) -> None:
    done = run_command("launch", "--study", name, cwd=tmp_path, code=2)
    assert done.stderr.count("\n") == 1
    assert done.stderr[:-1].isprintable()
    assert list(tmp_path.iterdir()) == []


def test_what_a_database_holds_cannot_reach_the_terminal(
    launched: Launched, tmp_path: Path
) -> None:
    path = tmp_path / "studies.db"
    with (
        closing(sqlite3.connect(launched.url.removeprefix("sqlite:///"))) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
        copy.execute("UPDATE multirestart_studies SET name = ?", ("\x1b]0;owned\x07[red]\u202e",))
        copy.execute(
            "UPDATE multirestart_studies"
            """ SET problem = replace(problem, '"bands"', '"\\u001b[2J"')"""
        )
        copy.commit()
    storage = ("--storage", f"sqlite:///{path}")
    for command in ("studies", "best", "restarts"):
        for output in ("table", "csv"):
            done = run_command(command, *storage, "--format", output, cwd=tmp_path)
            assert all(line.isprintable() for line in done.stdout.split("\n")), (command, output)
    done = run_command("best", *storage, "--study", "x", cwd=tmp_path, code=2)
    assert r"there are: \x1b]0;owned\x07[red]\u202e" in done.stderr


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "it is a directory, not a file"),
        (os.mkfifo, "it is a pipe, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file"),
        (written("x,class\n1,a\n2,b\n".encode("utf-16")), "it is text in UTF-16; save it as UTF-8"),
        (written(b"x,class\n1,a\n\xe9,b\n"), "it is not text in UTF-8; save it as UTF-8"),
        (written(b"x,class\n1,a\n\0,b\n"), "NUL bytes"),
        (written(b"x;class\n1,5;a\n"), "received '1,5'; write its decimal point as a dot"),
        (written(b"x,class\n1,a\nnan,b\n"), "line 3, column 'x': a finite number is needed"),
        (written(b"x,x,class\n1,1,a\n"), "column 'x' stands more than once in the header"),
        (written(b"x,class\n1,\x1b[2Ja\n2,b\n"), r"the class '\x1b[2Ja' has characters that do"),
        (written(b"x,class\n\n\n" + b"1" * 10**6), "line 4: not well-formed CSV (field larger"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_bad_data_is_one_line_and_writes_nothing(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    data, folder = tmp_path / "points.csv", tmp_path / "empty"
    folder.mkdir()
    make(data)
    done = run_command("launch", "--data", str(data), "--target", "class", cwd=folder, code=2)
    assert message in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr[:-1].isprintable()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--data", ""),
        ("--data", "x" * 10_000),
        ("--data", "x" * 10_000 + ".csv", "--target", "class"),
        ("--data", "\x1b[31m.csv", "--target", "class"),
        ("--target", "class"),
        ("--hidden", "9" * 30),
        ("--hidden", ",".join(["1"] * 257)),
        ("--epochs", "9" * 30),
        ("--batch-size", "9" * 30),
        ("--workers", "9" * 30),
        ("--learning-rate", "1e400"),
        ("--activation", "\x1b]0;x\x07"),
        ("--\x1b[31m",),
    ],
    ids=lambda value: repr(" ".join(value)[:25]),
)
def test_bad_options_are_one_line_and_write_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run_command("launch", *options, cwd=tmp_path, code=2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr[:-1].isprintable()
    assert list(tmp_path.iterdir()) == []


def test_a_trial_or_seed_beyond_any_database_is_one_line(
    launched: Launched, tmp_path: Path
) -> None:
    for options in (("--trial", "9" * 30, "--seed", "1"), ("--trial", "0", "--seed", "9" * 30)):
        done = run_command("reference", "--storage", launched.url, *options, cwd=tmp_path, code=2)
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_absurd_features_and_rates_diverge_and_are_all_recorded(tmp_path: Path) -> None:
    """With all that a spreadsheet adds: byte-order mark, semicolons, CRLF, empty lines."""
    path = tmp_path / "absurd.csv"
    rows = [f"{n}e299;7;{'=in()' if 3 < n < 8 else '[red]'}" for n in range(-10, 10)]
    lines = ["first;constant;class", "", *rows, ";;", ""]
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    launch = (
        *("launch", "--data", "absurd.csv", "--target", "class", "--epochs", "3"),
        *("--scaling", "none,standard,minmax,robust", "--optimizer", "sgd,adam"),
        *("--learning-rate", "0.1,1e6", "--sampler", "grid", "--restarts", "5", "--workers", "1"),
    )
    done = run_command(*launch, cwd=tmp_path)
    assert "absurd: 2-2-1 sigmoid network, 20 points, plateau 0.8000" in done.stdout
    assert "Traceback" not in done.stderr
    text = run_command("restarts", "--format", "csv", cwd=tmp_path).stdout
    restarts = list(csv.DictReader(io.StringIO(text)))
    assert len(restarts) == len({(row["trial"], row["seed"]) for row in restarts}) == 16 * 5
    outcomes = Counter((row["scaling"], row["outcome"]) for row in restarts)
    assert outcomes["none", "diverged"] == 20
    assert not any(scaling != "none" for scaling, outcome in outcomes if outcome == "diverged")
    best = json.loads(run_command("best", "--top", "99", "--format", "json", cwd=tmp_path).stdout)
    diverged = [row for row in best if row["scaling"] == "none"]
    assert {(row["diverged"], row["escaped"], row["best_seed"]) for row in diverged} == {
        (5, 0, None)
    }
    lost = next(row for row in restarts if row["outcome"] == "diverged")
    options = ("--trial", lost["trial"], "--seed", lost["seed"])
    done = run_command("reference", *options, cwd=tmp_path)
    assert "diverged epoch" in done.stdout
    assert done.stderr.endswith("agrees\n")


@pytest.mark.slow
def test_a_study_of_a_million_points(tmp_path: Path) -> None:
    with (tmp_path / "million.csv").open("w") as file:
        file.write("x,y,class\n")
        file.writelines(f"{n % 997},{n % 1009},{n % 2}\n" for n in range(1_000_000))
    options = ("--data", "million.csv", "--target", "class", "--batch-size", "1024")
    tiny = ("--trials", "1", "--restarts", "1", "--epochs", "1", "--workers", "1")
    done = run_command("launch", *options, *tiny, cwd=tmp_path)
    assert "million: 2-2-1 sigmoid network, 1000000 points, plateau 0.5000" in done.stdout


@pytest.mark.slow
def test_a_study_of_thousands_of_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(3000))
    rows = [",".join(str((n * k) % 17) for n in range(3000)) + f",{k % 2}" for k in range(20)]
    (tmp_path / "wide.csv").write_text(f"{header},class\n" + "\n".join(rows))
    done = run_command("launch", "--data", "wide.csv", "--target", "class", *TINY, cwd=tmp_path)
    assert "wide: 3000-2-1 sigmoid network, 20 points" in done.stdout
