"""`reproduce`: published results from plans in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.problem.errors import UserError
from search.problem.naming import find_configuration
from search.problem.reproductions import read_reproduction, reproductions
from search.reports.reproduction_tables import show_reproduced
from search.running.events import Event, TrialDone
from search.running.interrupts import Interrupts
from search.studies.reproducing import reproduce
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


TINY = """
title = "Three studies of one restart"
source = "Nobody"
unsaid = "Everything."

[[study]]
plan.study = "tiny"
plan.epochs = 5
plan.scaling = "standard"
plan.optimizer = "adam"
plan.learning_rate = 0.1
plan.restarts = 64
plan.vary = { hidden = [1, 2] }
plan.sampler = "grid"

[[study.figure]]
what = "one unit solves"
configuration = "standard/adam/0.1/1"
success = "solved"
published = [{ successes = 9, restarts = 10 }, { rate = 0.01 }, { draws = 30.0 }]
independent = { successes = 0, restarts = 64 }

[[study.figure]]
what = "two units have a finite loss"
configuration = "standard/adam/0.1/2"
success = "loss:100"
published = [{ successes = 10, restarts = 10 }]
"""


def test_a_result_is_reproduced_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    result = read_reproduction("tiny", tmp_path)
    storage = f"sqlite:///{tmp_path}/s.db"
    for trained in (2, 0):
        events: list[Event] = []
        rows = list(reproduce(result, storage, 1, events.append, Interrupts()))
        assert sum(isinstance(event, TrialDone) for event in events) == trained
        assert [str(row.measured) for row in rows] == ["0 of 64", "64 of 64"]
        assert rows[0].agrees == (False, False, False)
        assert rows[1].agrees == (True,)
        assert [row.errors_apart for row in rows] == [0.0, None]
    assert rows[0].to_json()["published"] == [
        {"published": "9 of 10", "agrees": False},
        {"published": "0.01 (runs not given)", "agrees": False},
        {"published": "1 in 30 (runs not given)", "agrees": False},
    ]
    show_reproduced(result, rows)
    shown = capsys.readouterr().out.splitlines()
    assert "NO" in next(line for line in shown if line.startswith("one unit"))
    assert shown[-1].startswith(
        "3 of 4 published figures do not agree with the rates measured here"
    )
