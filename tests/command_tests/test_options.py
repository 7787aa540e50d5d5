"""Options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.commands import main
from search.problem.errors import UserError
from search.running.cores import worker_count
from tests.conftest import Launched


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="multirestart")


@pytest.mark.parametrize("command", ["best", "times"])
def test_json_holds_all_configurations_unless_top_is_given(
    launched: Launched, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.studies.tables.TOP_OF_A_TABLE", 3)
    table = run(command, "--storage", launched.url).stdout
    assert "5 more configurations" in table
    rows = json.loads(run(command, "--storage", launched.url, "--format", "json").stdout)
    assert len(rows) == 8
    top = run(command, "--storage", launched.url, "--format", "json", "--top", "2").stdout
    assert json.loads(top) == rows[:2]


def test_a_number_of_cores_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "abc")
    with pytest.raises(
        UserError, match=r"LOKY_MAX_CPU_COUNT must be a whole number .*, received 'abc'"
    ):
        worker_count(None)
    assert worker_count(3) == 3


def test_all_that_is_wrong_in_a_plan_is_told_in_one_line(tmp_path: Path) -> None:
    done = run(
        *("launch", "--storage", f"sqlite:///{tmp_path / 'none.db'}", "--hidden", "0"),
        *("--optimizer", "adm", "--batch-size", "0", "--trials", "0", "--sampler", "genetic"),
    )
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "multirestart: --hidden must be layer sizes of at least 1, received (0,); "
        "--batch-size must be at least 1, received 0; "
        "unknown optimizer 'adm': did you mean adam or nadam or adamw? it must be one of "
        "adadelta, adagrad, adam, adamax, adamw, ftrl, lion, momentum, nadam, nesterov, rmsprop, "
        "sgd; --trials must be at least 1 and at most 1000000, received 0; "
        "unknown sampler 'genetic': it must be one of grid, qmc, random, tpe"
    ]
    assert not any(tmp_path.iterdir())
