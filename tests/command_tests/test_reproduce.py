"""`reproduce`: published results from plans in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.problem.errors import UserError
from search.problem.naming import find_configuration
from search.problem.reproductions import FOLDER, read_reproduction, reproductions
from tests.conftest import run_command

NAMES = ["genann", "lottery-xor", "plateau", "schmidhuber-guessing", "stats-129472"]


def test_what_can_be_reproduced_is_listed(tmp_path: Path) -> None:
    assert reproductions() == NAMES
    shown = run_command("reproduce", cwd=tmp_path).stdout
    assert all(f"\n{name} " in shown for name in NAMES)
    rows = json.loads(run_command("reproduce", "--format", "json", cwd=tmp_path).stdout)
    assert [row["name"] for row in rows] == NAMES
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_result_is_a_plan_that_can_be_launched(name: str) -> None:
    reproduction = read_reproduction(name)
    for study in reproduction.studies:
        plan = study.plan.plan()
        assert plan.trials * plan.restarts >= 256
        for figure in study.figures:
            assert figure.published or figure.independent
            if figure.configuration is not None:
                find_configuration(figure.configuration, plan.space.configurations or ())
            kinds = {tuple(content) for content in figure.published}
            assert kinds <= {("successes", "restarts"), ("rate",), ("draws",)}


def test_an_unknown_one_is_told_with_the_nearest(tmp_path: Path) -> None:
    failed = run_command("reproduce", "genan", cwd=tmp_path, code=2)
    assert "unknown reproduction 'genan': did you mean genann?" in failed.stderr


def test_a_file_that_lacks_something_says_what(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('title = "One"\nsource = "None"\nunsaid = ""\n')
    with pytest.raises(UserError, match=r"one\.toml: study is missing"):
        read_reproduction("one", tmp_path)


@pytest.mark.slow
def test_a_result_is_reproduced_and_goes_on(tmp_path: Path) -> None:
    assert (FOLDER / "plateau.toml").is_file()
    done = run_command("reproduce", "plateau", "--workers", "1", cwd=tmp_path)
    lines = done.stdout.splitlines()
    (raw,) = (line for line in lines if line.startswith("raw"))
    assert raw.split()[-3:] == ["yes", "0", "0.0"]
    assert "0 of 256 (0)" in raw
    (solved,) = (line for line in lines if line.startswith("standardised"))
    assert "yes" in solved
    assert "2 of 2 rates of an independent program are within 4 standard errors" in lines[-1]
    again = run_command("reproduce", "plateau", "--format", "json", cwd=tmp_path)
    rows = json.loads(again.stdout)
    assert [row["restarts"] for row in rows] == [256, 4096]
    assert rows[1]["published"] == [{"published": "1 of 1", "agrees": True}]
    best = run_command("best", "--study", "plateau, raw", cwd=tmp_path).stdout
    assert "0 of 256" in best
