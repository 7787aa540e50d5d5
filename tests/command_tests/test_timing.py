"""`times`, `compare` and `effects` on a real launch."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.statistics.effects import EFFECTS_KEYS
from search.statistics.timing import TIMES_KEYS
from tests.command_tests.test_reading import python
from tests.conftest import Launched, run_command

NAMES = ("scaling", "optimizer", "learning_rate")


def read(launched: Launched, cwd: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run_command(*arguments, "--storage", launched.url, "--format", "json", cwd=cwd)
    assert done.stderr == ""
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def escape_epochs(restarts: list[dict[str, Any]], row: dict[str, Any]) -> list[int | None]:
    return [one["escape_epoch"] for one in restarts if all(one[n] == row[n] for n in NAMES)]


def test_times_follow_from_the_restarts_in_the_order_of_best(
    launched: Launched, tmp_path: Path
) -> None:
    rows = read(launched, tmp_path, "times")
    best, restarts = read(launched, tmp_path, "best"), read(launched, tmp_path, "restarts")
    assert [list(row) for row in rows] == [list(TIMES_KEYS)] * 8
    assert [[row[n] for n in NAMES] for row in rows] == [[row[n] for n in NAMES] for row in best]
    for row, standing in zip(rows, best, strict=True):
        ordered = sorted(epoch or 1_000 for epoch in escape_epochs(restarts, row))
        assert row["median"] == (ordered[31] if ordered[31] < 1_000 else None)
        for key in ("restarts", "escaped", "diverged", "escape_rate", "expected_epochs"):
            assert row[key] == standing[key]
        if row["escaped"] < 20:
            assert row["advice"] == (
                f"no cutoff: {row['escaped']} of 64 escaped, and choosing one takes 20"
            )
            assert row["expected_epochs_low"] is row["cutoff"] is None
        else:
            assert row["expected_epochs_low"] < row["expected_epochs"]
        if row["cutoff"] is not None:
            assert row["held_out_restarts"] == 32
            assert row["advice"].startswith(f"restart after {row['cutoff']} epochs: ")


def test_compare_has_both_curves(launched: Launched, tmp_path: Path) -> None:
    names = ("standard/adam/0.1", "standard/adam/0.01")
    first, second = read(launched, tmp_path, "compare", *names)
    restarts = read(launched, tmp_path, "restarts")
    assert (first["learning_rate"], second["learning_rate"]) == (0.1, 0.01)
    assert first["log_rank_p"] == second["log_rank_p"] < 1e-6
    assert first["verdict"] == (
        f"{names[0]} escapes sooner than {names[1]}: half of its restarts by epoch "
        f"{first['median']}, fewer than half of the other by epoch 40"
    )
    for row in (first, second):
        epochs = np.array([epoch or 1_000 for epoch in escape_epochs(restarts, row)])
        for point in row["curve"]:
            assert point["not_escaped"] == pytest.approx(np.mean(epochs > point["epoch"]))
            assert point["at_risk"] == np.sum(epochs >= point["epoch"])
        assert sum(point["events"] for point in row["curve"]) == row["escaped"]


def test_compare_takes_the_two_best_and_says_what_that_costs(
    launched: Launched, tmp_path: Path
) -> None:
    rows = read(launched, tmp_path, "compare")
    best = read(launched, tmp_path, "best")
    assert [[row[n] for n in NAMES] for row in rows] == [
        [row[n] for n in NAMES] for row in best[:2]
    ]
    assert "picked as the two best of 8" in rows[0]["verdict"]


def test_csv_says_what_json_says(launched: Launched, tmp_path: Path) -> None:
    for command, keys in (("times", TIMES_KEYS), ("effects", EFFECTS_KEYS)):
        assert from_csv(launched, tmp_path, command) == [
            {key: "" if row[key] is None else str(row[key]) for key in keys}
            for row in read(launched, tmp_path, command)
        ]


def test_compare_as_csv_is_a_row_for_each_point(launched: Launched, tmp_path: Path) -> None:
    expected = []
    for row in read(launched, tmp_path, "compare"):
        curve = row.pop("curve")
        expected += [{**row, **point} for point in curve]
    assert from_csv(launched, tmp_path, "compare") == [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in expected
    ]


def from_csv(launched: Launched, cwd: Path, command: str) -> list[dict[str, str]]:
    done = run_command(command, "--storage", launched.url, "--format", "csv", cwd=cwd)
    assert done.stderr == ""
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_effects_of_a_grid_are_exact(launched: Launched, tmp_path: Path) -> None:
    rows = read(launched, tmp_path, "effects")
    best = read(launched, tmp_path, "best")
    assert [row["factor"] for row in rows[::2]] == [*NAMES, "interactions"]
    for row in rows[:-1]:
        mine = [one["escape_rate"] for one in best if one[row["factor"]] == row["value"]]
        assert row["restarts"] == 4 * 64
        assert row["escape_rate"] == pytest.approx(np.mean(mine))
        assert row["imbalance"] is None
    assert sum(row["share"] for row in [*rows[::2]]) == pytest.approx(1)


def test_tables(launched: Launched, tmp_path: Path) -> None:
    times = run_command("times", "--storage", launched.url, "--top", "2", cwd=tmp_path).stdout
    assert "\nstandard/adam/0.1: r" in times, "the advice: restart after, or run all"
    assert "6 more configurations: --top 8" in times
    pair = ("none/sgd/0.01", "none/sgd/0.1")
    compare = run_command("compare", *pair, "--storage", launched.url, cwd=tmp_path).stdout
    assert (
        "\nnothing to compare: 0 of 64 of none/sgd/0.01 and 0 of 64 of none/sgd/0.1 escaped"
        in compare
    )
    assert "100% ┤◐◐◐" in compare
    effects = run_command("effects", "--storage", launched.url, cwd=tmp_path).stdout
    assert "\n8 configurations, 512 restarts; counting finitely many makes up 0.0" in effects
    assert "\nAll combinations were tried and weigh alike: the rate of a value is" in effects


def test_effects_of_a_range_are_told_as_tried(tmp_path: Path) -> None:
    options = ("--trials", "8", "--restarts", "16", "--sampler", "random", "--workers", "1")
    run_command("launch", "--learning-rate", "0.001:1", *options, cwd=tmp_path, pretend=0)
    shown = run_command("effects", cwd=tmp_path).stdout
    assert "share" not in shown.partition("8 configurations, 128 restarts")[0]
    assert re.search(r"^learning rate +0\.\S+-\S+ +\d+ of \d+ ", shown, re.M)
    assert "\nNot all combinations were tried: learning_rate is drawn from 0.001:1" in shown
    assert "is not the effect of the value alone" in shown


def test_effects_of_unequal_restarts_say_so(tmp_path: Path) -> None:
    space = ("--scaling", "none", "--optimizer", "adam", "--sampler", "grid")
    options = ("--trials", "3", "--restarts", "16", "--workers", "1")
    run_command("launch", *space, *options, cwd=tmp_path, pretend=0)
    shown = run_command("effects", cwd=tmp_path).stdout
    assert "and not that of the pooled restarts, which are not equally many.\n" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("standard/adm/0.1", "none/sgd/0.1"),
            "unknown configuration 'standard/adm/0.1': did you mean standard/adam/0.1",
        ),
        (("none/sgd/0.1",), "compare takes two configurations like standard/adam/0.1, or none"),
        (("none/sgd/0.1", "none/sgd/.1"), "two different configurations, received none/sgd/0.1"),
    ],
)
def test_mistakes_are_one_line(
    launched: Launched, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run_command("compare", *arguments, "--storage", launched.url, cwd=tmp_path, code=2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["times", "compare", "effects"])
def test_none_needs_tensorflow(launched: Launched, tmp_path: Path, command: str) -> None:
    code = (
        "import sys\n"
        "from search.commands import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'keras', 'alembic', 'matplotlib'}\n"
        "    print('heavy:', sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = python(code, command, "--storage", launched.url, cwd=tmp_path)
    assert done.stderr == "heavy: []\n"
