"""`plan`: figures as tables and rows, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import run_command

APART = ("--rate", "0.95", "--against", "0.97")


def test_it_tells_restarts_of_own_and_common_seeds(tmp_path: Path) -> None:
    done = run_command("plan", *APART, cwd=tmp_path)
    assert [line.split() for line in done.stdout.splitlines()[-3:]] == [
        ["of", "their", "own", "-", "1,484", "0.7999"],
        ["common", "to", "both", "0.077", "1,587", "0.8002"],
        ["common", "to", "both", "0.02", "394", "0.8003"],
    ]


def test_it_says_where_the_formula_is_off(tmp_path: Path) -> None:
    done = run_command("plan", "--rate", "0.95", "--against", "0.999", cwd=tmp_path)
    assert "The exact power falls short" in done.stdout


def test_rows_hold_both_questions(tmp_path: Path) -> None:
    done = run_command("plan", *APART, "--precision", "0.01", "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert [(row["purpose"], row["restarts"]) for row in rows] == [
        ("apart", 1484),
        ("apart", 1587),
        ("apart", 394),
        ("width", 7312),
    ]
    done = run_command("plan", "--precision", "0.01", cwd=tmp_path)
    assert done.stdout.splitlines()[-1].split() == ["0.5", "38,411"]


def test_the_ends_of_what_can_be_planned_are_planned(tmp_path: Path) -> None:
    ends = ("--alpha", "1e-9", "--power", "0.999999", "--precision", "1e-6")
    for pair in (APART, ("--rate", "1e-300", "--against", "0.999999")):
        run_command("plan", *pair, *ends, cwd=tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "ask for --rate P --against P, or for --precision WIDTH"),
        (("--against", "0.5"), "needs the other rate"),
        (("--precision", "0.1", "--discordance", "0.1"), "--discordance is of two rates"),
        (("--rate", "0.95", "--against", "0.95"), "--against must differ from the rate"),
        (("--rate", "1", "--against", "0.95"), "--rate must be above 0 and below 1"),
        (("--precision", "nan"), "--precision must be above 0 and below 1"),
        (("--precision", "1e-200"), "--precision must be at least 1e-06, received 1e-200"),
        ((*APART, "--alpha", "1e-17"), "--alpha must be at least 1e-09, received 1e-17"),
        ((*APART, "--power", "0.9999999"), "--power must be at most 0.999999"),
        ((*APART, "--power", "0.01"), "--power must be above alpha"),
        ((*APART, "--discordance", "0.01"), "must be at least the difference and at most 0.08"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    assert message in run_command("plan", *options, cwd=tmp_path, code=2).stderr
