"""Claims: who trains what, what is run again, and when a study has its size."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from search.problem.dimensions import LogRange
from search.problem.errors import LaunchError
from search.problem.objectives import OBJECTIVES
from search.problem.rows import Outcome, Restart
from search.running.races import begin_race, reserved_seeds
from search.statistics.objectives import objective_values, summarize
from search.statistics.race_state import RaceRules
from search.statistics.ranking import ranked
from storage.values import TrialState
from tests.search_tests.launchers import SPACE, Launcher, key


@pytest.fixture
def launchers(tmp_path: Path) -> Iterator[tuple[Launcher, Launcher]]:
    both = Launcher(tmp_path), Launcher(tmp_path)
    yield both
    for launcher in both:
        launcher.kill()


def test_two_launchers_share_the_trials_and_reach_the_size_together(
    launchers: tuple[Launcher, Launcher],
) -> None:
    done = []
    for turn in range(8):
        claim = launchers[turn % 2].claim()
        assert launchers[turn % 2].finish(claim)
        done.append(claim)
    assert [claim.number for claim in done] == list(range(8))
    assert len({str(claim.configuration) for claim in done}) == 8, "the grid, once each"
    for launcher in launchers:
        assert launcher.source.claim() is None
        assert launcher.is_over
    assert len(launchers[0].seeds) == 16


def test_a_live_trial_is_not_stolen_and_counts_for_the_size(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    held = [first.claim() for _ in range(8)]
    assert second.source.claim() is None
    assert not second.is_over
    for claim in held:
        first.finish(claim)
    assert second.is_over


def test_the_trials_of_a_killed_launcher_are_run_again_at_once(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    lost = [first.claim(), first.claim()]
    kept = first.claim()
    first.finish(kept)
    first.kill()
    again = [second.claim(), second.claim()]
    assert [(claim.number, key(claim)) for claim in again] == [
        (claim.number, key(claim)) for claim in lost
    ]
    assert [claim.trial.attempt for claim in again] == [2, 2]
    rest = [second.claim() for _ in range(5)]
    assert second.source.claim() is None
    for claim in (*again, *rest):
        assert second.finish(claim)
    assert second.is_over
    assert len(second.seeds) == len(set(second.seeds)) == 16


def test_a_late_launcher_that_was_taken_for_dead_records_nothing(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    late = first.claim()
    first.kill()
    again = second.claim()
    assert key(again) == key(late)
    assert not first.finish(late)
    assert second.finish(again)
    assert [seed for *_, seed in second.seeds] == list(again.task.seeds)


def test_what_is_given_back_is_run_again(launchers: tuple[Launcher, Launcher]) -> None:
    first, second = launchers
    claim = first.claim()
    first.source.give_back(claim, "the launch was interrupted")
    again = second.claim()
    assert (again.number, key(again)) == (claim.number, key(claim))
    assert not again.is_second_launch
    assert key(first.claim()) != key(claim)
    second.source.give_back(again, "the launch was interrupted")
    assert key(first.claim()) == key(claim), "and again, as often as it is given back"


def test_what_no_worker_could_train_is_tried_in_one_more_launch(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    claim = first.claim()
    first.source.fail(claim, "its worker died")
    again = second.claim()
    assert key(again) == key(claim)
    assert again.is_second_launch


def test_what_is_given_up_takes_its_place_in_the_size(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, _ = launchers
    first.source.give_up(first.claim(), "its worker died, 3 times")
    for _ in range(7):
        first.finish(first.claim())
    assert first.source.claim() is None
    assert first.is_over
    given_up = first.store.trials(first.study.study_id)[0]
    assert (given_up.state, given_up.reason) == (TrialState.GIVEN_UP, "its worker died, 3 times")


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_what_is_given_up_was_tried(tmp_path: Path, sampler: str) -> None:
    """A configuration that always kills its worker must not take the places of the others."""
    launchers = [Launcher(tmp_path, sampler=sampler) for _ in range(2)]
    tried = set()
    for turn in range(8):
        claim = launchers[turn % 2].claim()
        tried.add(str(claim.configuration))
        if claim.configuration.optimizer == "sgd":
            launchers[turn % 2].source.give_up(claim, "its worker died, 3 times")
        else:
            launchers[turn % 2].finish(claim)
    assert len(tried) == 8
    assert launchers[0].is_over
    assert launchers[1].source.claim() is None
    for launcher in launchers:
        launcher.kill()


def test_seeds_of_a_race_are_its_own_before_they_are_run(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, _ = launchers
    for _ in range(2):
        first.finish(first.claim())
    standings = ranked(first.store.configuration_counts(first.study.study_id))
    race = begin_race(first.study, RaceRules(max_restarts=64), 0, standings, 2)
    assert reserved_seeds(first.store, first.study.study_id) == [race.seeds]
    assert not set(first.claim().task.seeds) & set(race.seeds)
    other = begin_race(first.study, RaceRules(max_restarts=64), 0, standings, 2, race.race_id)
    assert not set(race.seeds) & set(other.seeds)
    meanwhile = begin_race(first.study, RaceRules(), 0, standings, 2, race.race_id)
    assert meanwhile == other, "one that another launcher began is gone on with"


def test_a_reader_that_comes_and_goes_leaves_the_log_that_a_launcher_writes(
    launchers: tuple[Launcher, Launcher], tmp_path: Path
) -> None:
    """SQLite's last connection to a file removes its write-ahead log: it must see the launcher's.

    Its locks are lost if the process opens and closes the file in any other way than by SQLite.
    """
    first, _ = launchers
    read = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute(sys.argv[2]))"

    def seen_by_another_process(statement: str) -> str:
        command = [sys.executable, "-c", f"{read}; c.close()", str(tmp_path / "s.db"), statement]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    log = (tmp_path / "s.db-wal").stat().st_ino
    count = "SELECT sum(state = 'running'), sum(state = 'complete') FROM multirestart_trials"
    for trained in range(3):
        claim = first.claim()
        first.publish()
        assert seen_by_another_process(count) == f"(1, {trained})\n"
        first.finish(claim)
        assert seen_by_another_process(count) == f"(0, {trained + 1})\n"
    assert (tmp_path / "s.db-wal").stat().st_ino == log


def test_a_study_that_is_deleted_is_named(launchers: tuple[Launcher, Launcher]) -> None:
    first, second = launchers
    claim = first.claim()
    first.store.delete_study(first.study.study_id)
    assert not first.finish(claim)
    with pytest.raises(LaunchError, match="study 's' was deleted while it was being run"):
        second.source.claim()


def test_a_study_that_is_made_again_takes_nothing_of_the_old_one(tmp_path: Path) -> None:
    old = Launcher(tmp_path)
    stale = old.claim()
    old.store.delete_study(old.study.study_id)
    new = Launcher(tmp_path)
    fresh = new.claim()
    assert fresh.trial.trial_id != stale.trial.trial_id
    assert not old.finish(stale)
    old.source.give_back(stale, "the launch was interrupted")
    assert new.finish(fresh)
    with pytest.raises(LaunchError, match="study 's' was deleted while it was being run"):
        old.source.claim()
    assert new.claim().number == 1
    old.kill()
    new.kill()


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_interruptions_change_nothing_of_what_a_study_picks(tmp_path: Path, sampler: str) -> None:
    space = replace(SPACE, learning_rates=LogRange(0.01, 1.0)) if sampler == "qmc" else SPACE
    picked = []
    for interruptions in (0, 3):
        folder = tmp_path / str(interruptions)
        folder.mkdir()
        for _ in range(interruptions):
            killed = Launcher(folder, sampler=sampler, space=space)
            killed.claim()
            killed.claim()
            killed.kill()
        last = Launcher(folder, sampler=sampler, space=space)
        last.run()
        last.kill()
        assert len(last.seeds) == 16
        picked.append(last.seeds)
    assert picked[0] == picked[1]


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_trials_of_others_are_seen_by_the_sampler(tmp_path: Path, sampler: str) -> None:
    """A launcher that comes later picks what one launcher alone would have picked."""
    space = (
        SPACE if sampler == "grid" else replace(SPACE, learning_rates=(0.01, 0.1, 0.3, 1.0, 2.0))
    )
    picked = []
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir()
        launchers = [
            Launcher(folder, sampler=sampler, space=space, trials=24) for _ in range(count)
        ]
        found = []
        for turn in range(24):
            launcher = launchers[turn % count]
            claim = launcher.claim()
            found.append((claim.number, key(claim)))
            launcher.finish(claim)
        for launcher in launchers:
            launcher.kill()
        picked.append(found)
    assert picked[0] == picked[1]


def test_a_claim_that_could_not_be_written_changes_nothing_of_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing").mkdir()
    whole = Launcher(tmp_path, sampler="random", trials=6)
    failing = Launcher(tmp_path / "failing", sampler="random", trials=6)
    for _ in range(2):
        failing.finish(failing.claim())
    with monkeypatch.context() as patch:
        patch.setattr(failing.store, "add_trial", lambda *_: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                failing.source.claim()
    failing.run()
    whole.run()
    assert failing.seeds == whole.seeds
    for launcher in (whole, failing):
        launcher.kill()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives(tmp_path: Path, objective: str) -> None:
    launcher = Launcher(tmp_path, objective=objective)
    launcher.finish(launcher.claim())
    (trial,) = launcher.store.trials(launcher.study.study_id)
    rates = {"escape-rate": (1.0,), "solve-rate": (1.0,)}
    expected = {**rates, "expected-epochs": (3.0,), "both": (1.0, 3.0)}
    assert trial.values == expected[objective]
    launcher.kill()


def test_expected_epochs_of_none_escaped_are_all_that_were_spent() -> None:
    plateau = Restart(1, Outcome.NOT_ESCAPED, 0.6, 0.6, 0.6, None, None, b"", 180)
    assert objective_values("both", summarize([plateau, plateau], 200)) == (0.0, 400.0)


def test_the_solve_rate_counts_the_solved_alone() -> None:
    solved = Restart(1, Outcome.SOLVED, 1.0, 0.1, 0.1, 3, None, b"", 300)
    escaped = replace(solved, seed=2, outcome=Outcome.ESCAPED)
    summary = summarize([solved, escaped, replace(escaped, seed=3), replace(escaped, seed=4)], 200)
    assert objective_values("solve-rate", summary) == (0.25,)
    assert objective_values("escape-rate", summary) == (1.0,)
