"""Notes in Optuna's dashboard: known again as long as nobody edits them, and true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.dashboard.notes import WRITER, is_ours, plain, signed, trial_note
from search.dashboard.study_note import study_note
from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.problem.rows import BestRestart, ConfigurationCounts, TrialSummary
from search.problem.success import ESCAPED, SOLVED, Success
from search.statistics.effects import effects
from search.statistics.ranking import ranked
from storage.values import Trial, TrialState
from tests.search_tests.launchers import PLAN

POINT = Configuration("standard", "adam", 0.1)
TRIAL = Trial(1, 0, POINT, 1000, 64, TrialState.COMPLETE)
SUMMARY = TrialSummary(
    restarts=64,
    escaped=60,
    solved=50,
    diverged=1,
    epochs_spent=900,
    best=BestRestart(1003, 0.00125, 1.0),
    tally=((7, 40), (12, 20)),
)


@given(st.text())
def test_a_note_is_known_again(text: str) -> None:
    assert is_ours(signed(text))


@given(st.text(), st.text(min_size=1))
def test_an_edited_note_is_a_persons(text: str, more: str) -> None:
    assert not is_ours(text + more) or (text + more).endswith("*")
    assert not is_ours(more + signed(text))
    assert not is_ours(f"{signed(text)}\n\nand {more}")


def test_a_note_without_our_line_is_a_persons() -> None:
    assert not is_ours("")
    assert not is_ours(f"text\n\n{WRITER} 0123456789abcdef*")


def test_text_is_shown_as_it_is() -> None:
    assert plain("a|b *c* $d$\n`e`") == r"a\|b \*c\* \$d\$ \`e\`"


@pytest.mark.parametrize(
    ("success", "first"),
    [
        (
            ESCAPED,
            "**60 of 64 restarts escaped** under `standard/adam/0.1`: a rate of 0.938 "
            "(95% interval 0.850-0.975).",
        ),
        (
            SOLVED,
            "**50 of 64 restarts solved** under `standard/adam/0.1`: a rate of 0.781 "
            "(95% interval 0.666-0.865).",
        ),
    ],
)
def test_the_note_on_a_trial_says_how_its_restarts_ended(success: Success, first: str) -> None:
    assert trial_note(TRIAL, SUMMARY, "standard/adam/0.1", success).splitlines() == [
        first,
        "",
        "| ended | restarts |",
        "| :-- | --: |",
        "| solved | 50 |",
        "| escaped, not solved | 10 |",
        "| not escaped by the last epoch | 3 |",
        "| diverged | 1 |",
        "",
        "Of those that escaped, half had by epoch 7.",
        "The lowest loss is that of seed 1003: 0.00125, with accuracy 1.0000.",
        "The seeds are 1000 to 1063. The study's note pools this trial with all others of its "
        "configuration.",
    ]


def test_a_trial_that_was_given_up_says_why() -> None:
    given_up = Trial(1, 0, POINT, 0, 64, TrialState.GIVEN_UP, reason="its worker died (-9)")
    assert trial_note(given_up, None, "standard/adam/0.1", ESCAPED) == (
        r"**Given up:** its worker died \(\-9\). It counts in no figure."
    )


def counts(scaling: str, optimizer: str, rate: float, escaped: int) -> ConfigurationCounts:
    return ConfigurationCounts(
        Configuration(scaling, optimizer, rate), 1, 64, escaped, 0, 0, 900, 0, 5, 0.5, 0.9
    )


def whole() -> list[ConfigurationCounts]:
    """Every combination of the space, of which scaling alone matters."""
    return [
        counts(scaling, optimizer, rate, 60 if scaling == "standard" else 4)
        for scaling in ("none", "standard")
        for optimizer in ("sgd", "adam")
        for rate in (0.01, 0.1)
    ]


def test_the_note_on_a_study_answers_and_ranks() -> None:
    rows = whole()
    note = study_note(PLAN, 8, ranked(rows), effects(rows, PLAN.space))
    assert note.startswith("## How often does each configuration escape the plateau?\n")
    assert (
        "**`standard/adam/0.01` is ranked first: 60 of 64 restarts escaped**, a rate of 0.938 "
        "(95% interval 0.850-0.975). For a 99% chance of at least one escape, 2 restarts are "
        "enough (2 to 3 by that interval). Ranked last, `none/sgd/0.1`: 4 of 64 (0.025-0.150)."
    ) in note
    assert "| 1 | `standard/adam/0.01` | 60 of 64 | 0.938 | 0.850-0.975 | 2 (2-3) | 0 |" in note
    assert "Counted are 512 restarts of 8 configurations.\n" in note
    assert "| scaling | 1.00 |" in note
    assert "| optimizer | 0.00 |" in note
    assert "multirestart effects --study s" in note


def test_the_note_on_a_study_under_way_says_so() -> None:
    rows = whole()[:3]
    note = study_note(PLAN, 3, ranked(rows), effects(rows, PLAN.space))
    assert "192 restarts of 3 configurations, as 3 of 8 trials are settled." in note
    assert "There are no exact shares: " in note
    assert study_note(PLAN, 0, [], None).count("No trial is complete yet.") == 1


def test_the_note_ranks_as_many_as_a_screen_holds() -> None:
    rows = [counts("none", "sgd", 0.001 * (1 + number), 4) for number in range(33)]
    note = study_note(PLAN, 33, ranked(rows), None)
    assert "| 20 | " in note
    assert "| 21 | " not in note
    assert "13 more configurations: `multirestart best`." in note


def test_the_name_of_a_study_cannot_leave_its_command() -> None:
    plan = Plan("a `b` $c$ | d; e", restarts=2)
    assert "multirestart best --study 'a `b` $c$ | d; e' " in study_note(plan, 0, [], None)


def test_a_study_of_solving_asks_how_often_the_problem_is_solved() -> None:
    note = study_note(Plan("s", objective="solve-rate"), 0, [], None)
    assert note.startswith("## How often does each configuration solve the problem?")
    assert "is at least 0.99." in note
