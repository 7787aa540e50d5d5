"""What people import: `import multirestart as mr`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import multirestart as mr
from tests.conftest import ROOT, Launched, environment


def test_a_study_says_what_the_commands_say(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    assert (study.name, str(study.problem.network)) == ("grid", "1-2-1")
    best = study.best()
    assert len(best) == 8
    assert best[0].configuration == mr.Configuration("standard", "adam", 0.1)
    assert sum(1 for _ in study.restarts()) == sum(row.counts.restarts for row in best) == 512
    assert [timing.configuration for timing in study.times()] == [
        standing.configuration for standing in best
    ]
    comparison = study.compare("standard/adam/0.1", "none/sgd/0.01")
    assert comparison.verdict.startswith("standard/adam/0.1 escapes sooner than none/sgd/0.01")
    assert study.compare().picked_from == 8
    endings = study.basins(best[0].configuration)
    assert sum(ending.basin.share.escaped for ending in endings) == 64
    assert {"scaling", "optimizer"} <= set(study.effects().shares or ())


def test_mistakes_are_errors_of_one_base(launched: Launched, tmp_path: Path) -> None:
    study = mr.open_study(launched.url)
    for mistake in (
        lambda: mr.open_study(f"sqlite:///{tmp_path / 'none.db'}"),
        lambda: mr.open_study(launched.url, "none"),
        lambda: study.compare("standard/adam/0.1", "standard/adam/0.1"),
        lambda: study.compare("standard/adam/0.1"),
        lambda: mr.Configuration("standard", "adm", 0.1),
        lambda: mr.load_data("points.csv", None),
    ):
        with pytest.raises(mr.MultirestartError) as raised:
            mistake()
        assert "--" not in str(raised.value)
        assert "multirestart " not in str(raised.value)


def test_reading_a_study_loads_neither_tensorflow_nor_optuna(launched: Launched) -> None:
    code = (
        "import sys, multirestart as mr\n"
        "assert not any(name.split('.')[0] == 'search' for name in sys.modules)\n"
        f"study = mr.open_study({launched.url!r})\n"
        "study.best(), study.compare(), list(study.restarts())\n"
        "print({'tensorflow', 'keras', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_every_name_is_there_and_no_other() -> None:
    assert all(getattr(mr, name) is not None for name in mr.__all__)
    assert dir(mr) == mr.__all__
    with pytest.raises(AttributeError, match="module 'multirestart' has no attribute 'nothing'"):
        _ = mr.nothing


@pytest.mark.slow
def test_the_example_in_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    url = f"sqlite:///{tmp_path / 'multirestart.db'}"
    assert "sqlite:///multirestart.db" in example
    exec(example.replace("sqlite:///multirestart.db", url), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("standard adam 0.1: ")
    assert len(said) == 5


def test_a_plan_is_a_value_that_loads_neither_optuna_nor_pydantic() -> None:
    code = (
        "import sys, multirestart as mr\n"
        "plan = mr.Plan(problem=mr.Problem(hidden=(4,)), sampler='grid')\n"
        "print(plan.name, plan.problem.network, plan.trials)\n"
        "print({'tensorflow', 'keras', 'optuna', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "bands 1-4-1 8\nset()\n"
