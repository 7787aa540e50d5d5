"""Studies of one database beside each other."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from search.studies.comparing import study_named
from tests.conftest import Launched, run_command


@pytest.fixture
def both(launched: Launched, tmp_path: Path) -> str:
    """The launched study, and a copy of it in the same database."""
    path, url = tmp_path / "both.db", f"sqlite:///{tmp_path / 'both.db'}"
    run_command("backup", str(path), "--storage", launched.url, cwd=tmp_path)
    run_command("copy", "--from", launched.url, "--to", url, "--as", "other", cwd=tmp_path)
    return url


def test_configurations_of_two_studies_are_compared(both: str, tmp_path: Path) -> None:
    pair = ("grid:standard/adam/0.1", "other:standard/adam/.01")
    done = run_command("compare", *pair, "--storage", both, "--format", "json", cwd=tmp_path)
    across = json.loads(done.stdout)
    pair = ("standard/adam/0.1", "standard/adam/0.01")
    options = ("--study", "grid", "--storage", both, "--format", "json")
    within = json.loads(run_command("compare", *pair, *options, cwd=tmp_path).stdout)
    assert [one.pop("study") for one in across] == ["grid", "other"]
    for one, same in zip(across, within, strict=True):
        assert "grid:standard/adam/0.1 escapes sooner" in one.pop("verdict")
        assert "standard/adam/0.1 escapes sooner" in same.pop("verdict")
    assert across == within


def test_a_table_names_both_studies(both: str, tmp_path: Path) -> None:
    pair = ("standard/adam/0.1", "other:standard/adam/0.1")
    done = run_command("compare", *pair, "--study", "grid", "--storage", both, cwd=tmp_path)
    title = done.stdout.splitlines()[0]
    assert title.startswith("grid: 1-2-1")
    assert "; other: 1-2-1" in title
    assert "these restarts do not tell grid:standard/adam/0.1 from other:" in done.stdout
    rows = [line.split()[:3] for line in done.stdout.splitlines() if line[:1] in "●○"]
    assert [row[1:] for row in rows[:2]] == [["grid", "standard"], ["other", "standard"]]


def test_studies_that_cannot_be_compared_are_refused(both: str, tmp_path: Path) -> None:
    pair = ("grid:standard/adam/0.1", "other:standard/adam/0.1")
    for name, message in (
        ("nobody:standard/adam/0.1", "choose a study by its name: grid, other"),
        ("grid:standard/adam/7", "must be one of"),
    ):
        done = run_command("compare", name, pair[1], "--storage", both, cwd=tmp_path, code=2)
        assert message in done.stderr
    with sqlite3.connect(both.removeprefix("sqlite:///")) as connection:
        where = "WHERE name = 'other'"
        connection.execute(
            "UPDATE multirestart_studies SET search = replace(search, 'escape-rate', 'solve-rate')"
            + where
        )
    connection.close()
    done = run_command("compare", *pair, "--storage", both, cwd=tmp_path, code=2)
    assert "choose what counts as a success" in done.stderr
    run_command("compare", *pair, "--storage", both, "--success", "solved", cwd=tmp_path)


def test_a_study_is_told_from_an_optimizer_with_arguments() -> None:
    known = ["a", "a:b", "standard"]
    for name, expected in (
        ("a:none/sgd/1", ("a", "none/sgd/1")),
        ("a:b:none/sgd/1", ("a:b", "none/sgd/1")),
        ("standard/adam:beta_2=0.9/1", (None, "standard/adam:beta_2=0.9/1")),
    ):
        assert study_named(name, known) == expected


def test_several_studies_are_ranked_together(both: str, tmp_path: Path) -> None:
    several = ("best", "--study", "grid", "--study", "other", "--storage", both)
    done = run_command(*several, "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    alone = ("best", "--study", "grid", "--storage", both, "--format", "json")
    of_one = json.loads(run_command(*alone, cwd=tmp_path).stdout)
    lows = [row["ci_low"] for row in rows]
    assert lows == sorted(lows, reverse=True)
    for name in ("grid", "other"):
        of_study = [{**row} for row in rows if row["study"] == name]
        assert [row for row in of_study if row.pop("study")] == of_one
    table = run_command(*several, "--top", "3", cwd=tmp_path).stdout
    assert table.startswith("2 studies: grid, other\n")
    assert "13 more configurations: --top 16" in table
    assert "different problems" not in table
    csv = run_command(*several, "--format", "csv", cwd=tmp_path).stdout.splitlines()
    assert csv[0].startswith("study,scaling,optimizer,learning_rate,restarts,")
    assert len(csv) == 17


def test_what_several_studies_have_not_in_common_is_said(both: str, tmp_path: Path) -> None:
    with sqlite3.connect(both.removeprefix("sqlite:///")) as connection:
        connection.execute(
            "UPDATE multirestart_studies SET problem = replace(problem, '0.01', '0.02'), search = "
            "replace(search, 'escape-rate', 'solve-rate') WHERE name = 'other'"
        )
    connection.close()
    several = ("best", "--study", "grid", "--study", "other", "--storage", both)
    done = run_command(*several, cwd=tmp_path, code=2)
    assert "choose what counts as a success" in done.stderr
    done = run_command(*several, "--success", "solved", cwd=tmp_path)
    assert "The studies hold different problems." in done.stdout
    done = run_command(*several, "--measures", "auc", cwd=tmp_path, code=2)
    assert "--measures are of one study" in done.stderr
