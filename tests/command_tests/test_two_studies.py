"""Studies of one database beside each other."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from search.studies.comparing import study_named
from storage.errors import RecordError
from tests.conftest import Launched, run_command


@pytest.fixture
def both(launched: Launched, tmp_path: Path) -> str:
    """The launched study, and a copy of it in the same database."""
    path, url = tmp_path / "both.db", f"sqlite:///{tmp_path / 'both.db'}"
    run_command("backup", str(path), "--storage", launched.url, cwd=tmp_path)
    run_command("copy", "--from", launched.url, "--to", url, "--as", "other", cwd=tmp_path)
    return url


def changed(url: str, table: str, what: str) -> None:
    """Change the study `other`, as if it had been launched otherwise."""
    of_other = "study_id = (SELECT study_id FROM multirestart_studies WHERE name = 'other')"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(f"UPDATE multirestart_{table} SET {what} WHERE {of_other}")
    connection.close()


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
    changed(both, "trials", "first_seed = first_seed + 32")  # as of a study that picks others
    pair = ("standard/adam/0.1", "other:standard/adam/0.1")
    done = run_command("compare", *pair, "--study", "grid", "--storage", both, cwd=tmp_path)
    title = done.stdout.splitlines()[0]
    assert title.startswith("grid: 1-2-1")
    assert "; other: 1-2-1" in title
    said = " ".join(done.stdout.split())
    assert "these restarts do not tell grid:standard/adam/0.1 from other:" in said
    assert "(32 restarts are in both studies, which p does not allow for)" in said
    rows = [line.split()[:3] for line in done.stdout.splitlines() if line[:1] in "●○"]
    assert [row[1:] for row in rows[:2]] == [["grid", "standard"], ["other", "standard"]]


def test_studies_that_cannot_be_compared_are_refused(both: str, tmp_path: Path) -> None:
    pair = ("grid:standard/adam/0.1", "other:standard/adam/0.1")
    for name, message in (
        ("nobody:standard/adam/0.1", "there is no study 'nobody'; there are: grid, other"),
        (
            "grid:standard/adam/.10",
            "studies 'grid' and 'other' hold the same restarts of standard/adam/0.1: launch one of "
            "them with another sampler seed",
        ),
        ("grid:standard/adam/7", "must be one of"),
    ):
        done = run_command("compare", name, pair[1], "--storage", both, cwd=tmp_path, code=2)
        assert message in done.stderr
    changed(both, "studies", "search = replace(search, 'escape-rate', 'solve-rate')")
    done = run_command("compare", *pair, "--storage", both, cwd=tmp_path, code=2)
    assert "choose what counts as a success" in done.stderr
    changed(both, "studies", "problem = replace(problem, '32', '16')")
    done = run_command("compare", *pair, "--storage", both, "--success", "solved", cwd=tmp_path)
    assert "64 seeds are common to both, which p does not allow for" in " ".join(
        done.stdout.split()
    )


def test_a_study_is_told_from_an_optimizer_with_arguments() -> None:
    known = ["a", "a:b", "standard"]
    for name, expected in (
        ("a:none/sgd/1", ("a", "none/sgd/1")),
        ("a:b:none/sgd/1", ("a:b", "none/sgd/1")),
        ("standard/adam:beta_2=0.9/1", (None, "standard/adam:beta_2=0.9/1")),
    ):
        assert study_named(name, known) == expected
    with pytest.raises(RecordError, match="there is no study 'b'; there are: a, a:b, standard"):
        study_named("b:none/sgd/1", known)


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
    assert (
        "grid, other have restarts in common (512 are in more than one), which tell nothing twice: "
        "launch each with a --sampler-seed of its own."
    ) in " ".join(table.split())
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


def test_studies_of_other_seeds_or_problems_have_nothing_in_common(
    both: str, tmp_path: Path
) -> None:
    several = ("best", "--study", "grid", "--study", "other", "--storage", both)
    changed(both, "trials", "first_seed = first_seed + 63")
    table = " ".join(run_command(*several, cwd=tmp_path).stdout.split())
    assert "grid, other have restarts in common (8 are in more than one)" in table
    changed(both, "studies", "problem = replace(problem, '32', '16')")
    assert "in common" not in run_command(*several, cwd=tmp_path).stdout


def test_losses_are_compared_over_several_studies_only_if_they_are_one(
    both: str, tmp_path: Path
) -> None:
    several = ("best", "--study", "grid", "--study", "other", "--storage", both)
    done = run_command(*several, "--success", "best:0.1", cwd=tmp_path, code=2)
    assert done.stderr == (
        "multirestart: --success must be the same loss in several studies, each of which has a "
        "lowest one of its own: ask for loss:X, received 'best:0.1'\n"
    )
    run_command(*several, "--success", "loss:0.1", cwd=tmp_path)
    changed(both, "studies", "problem = replace(problem, 'crossentropy', 'mse')")
    done = run_command(*several, "--success", "loss:0.1", cwd=tmp_path, code=2)
    assert "--success must not be of a loss where studies train by different loss" in done.stderr
    run_command(*several, "--success", "solved", cwd=tmp_path)


@pytest.mark.parametrize("command", ["times", "restarts", "check", "delete", "launch", "export"])
def test_a_command_of_one_study_refuses_a_second(command: str, both: str, tmp_path: Path) -> None:
    twice = ("--study", "grid", "--study", "other", "--storage", both)
    done = run_command(command, *twice, cwd=tmp_path, code=2)
    assert "--study may be given once here, received grid, other" in done.stderr
