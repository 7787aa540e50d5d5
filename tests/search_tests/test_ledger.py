"""Claims: who trains what, what is run again, and when a study has its size."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.datasets import bands
from search.problem.errors import LaunchError
from search.problem.problem import Problem
from search.problem.rows import Outcome, Restart
from search.running.ledger import Claim
from search.running.plan import StudyPlan
from search.running.races import begin_race, reserved_seeds
from search.running.search_ledger import SearchLedger
from search.running.study import OpenStudy, open_study, reopen_study, stored_plan
from search.statistics.objectives import OBJECTIVES, objective_values
from search.statistics.race_state import RaceRules
from search.statistics.ranking import ranked
from storage.liveness import FilePresence
from storage.optuna_storage import open_optuna_storage
from storage.reading import configuration_counts, recorded_restarts

SPACE = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))


class Launcher:
    """A launcher in this process that can be killed: its presence ends, its claims stay."""

    def __init__(
        self,
        folder: Path,
        trials: int = 8,
        sampler: str = "grid",
        space: SearchSpace = SPACE,
        objective: str = "escape-rate",
    ) -> None:
        url = f"sqlite:///{folder / 's.db'}"
        plan = StudyPlan("s", Problem(bands()), space, 2, sampler, 0, trials, objective)
        self.study: OpenStudy = open_study(url, "s", lambda _: plan)
        self.presence = FilePresence(folder / "s.db")
        self.presence.__enter__()
        self.ledger = SearchLedger(self.study, self.presence)

    def claim(self) -> Claim:
        claim = self.ledger.claim()
        assert claim is not None
        return claim

    def finish(self, claim: Claim) -> bool:
        return self.ledger.finish(claim, rows(claim))

    def kill(self) -> None:
        self.presence.__exit__(None, None, None)

    @property
    def seeds(self) -> list[tuple[int, str, int]]:
        found = recorded_restarts(self.study.database, self.study.study_id)
        return [(row.trial, str(row.configuration), row.restart.seed) for row in found]

    @property
    def optuna_study(self) -> optuna.Study:
        return optuna.load_study(
            study_name="s", storage=open_optuna_storage(self.study.database.url)
        )


def rows(claim: Claim) -> tuple[Restart, ...]:
    return tuple(
        Restart(seed, Outcome.SOLVED, 1.0, 0.1, 0.1, 3, None, bytes(28))
        for seed in claim.task.seeds
    )


def key(claim: Claim) -> tuple[str, int]:
    return str(claim.configuration), claim.task.first_seed


@pytest.fixture
def launchers(tmp_path: Path) -> Iterator[tuple[Launcher, Launcher]]:
    both = Launcher(tmp_path), Launcher(tmp_path)
    yield both
    for launcher in both:
        launcher.kill()


def test_two_launchers_share_the_trials_and_reach_the_size_together(
    launchers: tuple[Launcher, Launcher],
) -> None:
    done: list[Claim] = []
    for turn in range(8):
        claim = launchers[turn % 2].claim()
        assert launchers[turn % 2].finish(claim)
        done.append(claim)
    assert [claim.number for claim in done] == list(range(8))
    assert len({str(claim.configuration) for claim in done}) == 8, "the grid, once each"
    for launcher in launchers:
        assert launcher.ledger.claim() is None
        assert launcher.ledger.is_settled
    assert len(launchers[0].seeds) == 16


def test_a_live_trial_is_not_stolen_and_counts_as_due(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    held = [first.claim() for _ in range(8)]
    assert second.ledger.claim() is None
    assert not second.ledger.is_settled
    for claim in held:
        first.finish(claim)
    assert second.ledger.is_settled


def test_the_trials_of_a_killed_launcher_are_run_again_at_once(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, second = launchers
    lost = [first.claim(), first.claim()]
    kept = first.claim()
    first.finish(kept)
    first.kill()
    again = [second.claim(), second.claim()]
    assert [key(claim) for claim in again] == [key(claim) for claim in lost]
    rest = [second.claim() for _ in range(5)]
    assert second.ledger.claim() is None
    for claim in (*again, *rest):
        second.finish(claim)
    assert second.ledger.is_settled
    assert len(second.seeds) == len(set(second.seeds)) == 16
    states = [trial.state for trial in second.optuna_study.trials]
    assert states.count(TrialState.FAIL) == 2
    assert states.count(TrialState.COMPLETE) == 8
    failed = second.optuna_study.trials[0]
    assert failed.user_attrs == {"failed_because": "its launcher was killed"}


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


def test_what_is_given_back_is_run_again_once(launchers: tuple[Launcher, Launcher]) -> None:
    first, second = launchers
    claim = first.claim()
    first.ledger.give_back(claim, "the launch was interrupted")
    again = second.claim()
    assert key(again) == key(claim)
    assert key(first.claim()) != key(claim)
    second.ledger.give_back(again, "the launch was interrupted")
    assert key(first.claim()) == key(claim), "and again, as often as it is given back"


def test_what_is_given_up_takes_its_place_in_the_size(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, _ = launchers
    first.ledger.give_up(first.claim(), "its worker died, 3 times")
    for _ in range(7):
        first.finish(first.claim())
    assert first.ledger.claim() is None
    assert first.ledger.is_settled
    assert first.optuna_study.trials[0].user_attrs["failed_because"] == "its worker died, 3 times"


def test_what_is_given_up_was_tried(launchers: tuple[Launcher, Launcher]) -> None:
    """A configuration that always kills its worker must not take the places of the others."""
    first, second = launchers
    tried = set()
    for turn in range(8):
        claim = launchers[turn % 2].claim()
        tried.add(str(claim.configuration))
        if claim.configuration.optimizer == "sgd":
            launchers[turn % 2].ledger.give_up(claim, "its worker died, 3 times")
        else:
            launchers[turn % 2].finish(claim)
    assert len(tried) == 8
    assert first.ledger.is_settled
    assert second.ledger.claim() is None


def test_seeds_of_a_race_are_its_own_before_they_are_run(
    launchers: tuple[Launcher, Launcher],
) -> None:
    first, _ = launchers
    for _ in range(2):
        first.finish(first.claim())
    standings = ranked(configuration_counts(first.study.database, first.study.study_id, 200))
    race = begin_race(first.study, RaceRules(max_restarts=64), 0, standings, 2)
    with first.study.database.transaction() as connection:
        assert reserved_seeds(connection, first.study.study_id) == [race.seeds]
    first.claim()
    assert first.ledger._sampler.reserved == [race.seeds]
    other = begin_race(first.study, RaceRules(max_restarts=64), 0, standings, 2, race.race_id)
    assert not set(race.seeds) & set(other.seeds)


def test_a_study_is_reopened_as_it_is_kept_now(tmp_path: Path) -> None:
    seen_before = Launcher(tmp_path, trials=8)
    more = Launcher(tmp_path, trials=12, sampler="random")
    reopened = reopen_study(seen_before.study.database.url, "s", seen_before.study.token)
    kept = stored_plan(seen_before.study.database.url, "s")
    for plan in (reopened.plan, kept):
        assert plan is not None
        assert plan.to_record() == more.study.plan.to_record()
    for launcher in (seen_before, more):
        launcher.kill()
    for name, token in (("none", seen_before.study.token), ("s", "of another")):
        with pytest.raises(LaunchError, match=f"study '{name}' was deleted"):
            reopen_study(seen_before.study.database.url, name, token)


def test_a_relaunched_study_goes_on_as_it_would_have_done(tmp_path: Path) -> None:
    found = []
    for folder, sizes in (("whole", [20]), ("parts", [7, 13, 20])):
        (tmp_path / folder).mkdir()
        for trials in sizes:
            launcher = Launcher(tmp_path / folder, trials=trials)
            while (claim := launcher.ledger.claim()) is not None:
                launcher.finish(claim)
            launcher.kill()
        found.append(launcher.seeds)
    assert found[0] == found[1]
    assert len(found[0]) == 40


def test_a_trial_that_an_older_version_left_running_is_run_again(
    launchers: tuple[Launcher, Launcher],
) -> None:
    """It has no claim, and restarts may stand recorded though it never was told complete."""
    first, second = launchers
    claim = first.claim()
    with first.study.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM claims")
        connection.exec_driver_sql(
            "INSERT INTO configurations (study_id, scaling, optimizer, learning_rate)"
            " VALUES (1, 'none', 'sgd', 0.01)"
        )
        connection.exec_driver_sql(
            "INSERT INTO restarts SELECT 1, ?, ?, 'solved', 1, 0.1, 'finite', 0.1, 'finite', 3,"
            " NULL, x'00'",
            (claim.task.first_seed, claim.trial_id),
        )
    again = second.claim()
    assert key(again) == key(claim)
    assert second.finish(again)


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
    for trained in range(3):
        claim = first.claim()
        count = "SELECT sum(state = 'RUNNING'), sum(state = 'COMPLETE') FROM trials"
        assert seen_by_another_process(count) == f"(1, {trained})\n"
        first.finish(claim)
        assert seen_by_another_process(count) == f"(0, {trained + 1})\n"
    assert (tmp_path / "s.db-wal").stat().st_ino == log


def test_a_study_that_is_deleted_is_named(launchers: tuple[Launcher, Launcher]) -> None:
    first, second = launchers
    claim = first.claim()
    optuna.delete_study(study_name="s", storage=open_optuna_storage(first.study.database.url))
    assert not first.finish(claim)
    with pytest.raises(LaunchError, match="study 's' was deleted while it was being run"):
        second.ledger.claim()
    with first.study.database.transaction() as connection:
        for table in ("restarts", "claims", "configurations", "problems"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def test_a_study_that_is_remade_takes_nothing_of_the_old_one(tmp_path: Path) -> None:
    """SQLite gives the new study and its trial the ids of the deleted ones."""
    old = Launcher(tmp_path)
    stale = old.claim()
    optuna.delete_study(study_name="s", storage=open_optuna_storage(old.study.database.url))
    new = Launcher(tmp_path)
    fresh = new.claim()
    assert fresh.trial_id == stale.trial_id
    assert not old.finish(stale)
    assert new.finish(fresh)
    again = new.claim()
    old.ledger.give_back(replace(stale, trial_id=again.trial_id), "the launch was interrupted")
    assert new.finish(again), "nor may the old one fail what is not its own"
    with pytest.raises(LaunchError, match="study 's' was deleted while it was being run"):
        old.ledger.claim()
    assert new.claim().number == 2, "nor claim in it"
    old.kill()
    new.kill()


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_interruptions_change_nothing_of_what_a_study_picks(tmp_path: Path, sampler: str) -> None:
    space = (
        replace(SPACE, learning_rates=LearningRateRange(0.01, 1.0)) if sampler == "qmc" else SPACE
    )
    picked = []
    for interruptions in (0, 3):
        folder = tmp_path / str(interruptions)
        folder.mkdir()
        for _ in range(interruptions):
            killed = Launcher(folder, trials=8, sampler=sampler, space=space)
            killed.claim()
            killed.claim()
            killed.kill()
        last = Launcher(folder, trials=8, sampler=sampler, space=space)
        while (claim := last.ledger.claim()) is not None:
            assert last.finish(claim)
        last.kill()
        assert len(last.seeds) == 16
        picked.append(sorted((name, seed) for _, name, seed in last.seeds))
    assert picked[0] == picked[1]


def test_what_optuna_leaves_of_a_deleted_study_is_not_the_new_ones(tmp_path: Path) -> None:
    """It deletes the trials that it saw a moment before: one that was claimed meanwhile stays."""
    old = Launcher(tmp_path)
    for _ in range(3):
        old.finish(old.claim())
    stray = old.claim()
    with old.study.database.transaction() as connection:
        saved = connection.exec_driver_sql(
            f"SELECT * FROM trials WHERE trial_id = {stray.trial_id}"
        ).one()
    optuna.delete_study(study_name="s", storage=open_optuna_storage(old.study.database.url))
    with closing(sqlite3.connect(tmp_path / "s.db")) as file, file:
        file.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?)", tuple(saved))
        file.execute("INSERT INTO trial_params VALUES (99, ?, 'seed', 1, '{}')", saved[:1])
        file.execute("INSERT INTO trial_values VALUES (99, 1, 0, 0.5, 'FINITE')")
    new = Launcher(tmp_path)
    assert [new.claim().number for _ in range(3)] == [0, 1, 2]
    with new.study.database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM trials").scalar() == 3
        assert connection.exec_driver_sql("SELECT count(*) FROM trial_values").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM trial_params").scalar() == 12
    old.kill()
    new.kill()


def test_trials_of_others_are_seen_by_the_sampler(tmp_path: Path) -> None:
    """A launcher that comes later picks what one launcher alone would have picked."""
    alone = Launcher(tmp_path, trials=6)
    for _ in range(3):
        alone.finish(alone.claim())
    late = Launcher(tmp_path, trials=6)
    picks = [late.claim(), alone.claim(), late.claim()]
    assert len({str(claim.configuration) for claim in picks}) == 3
    assert [claim.number for claim in picks] == [3, 4, 5]
    alone.kill()
    late.kill()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives(tmp_path: Path, objective: str) -> None:
    launcher = Launcher(tmp_path, objective=objective)
    launcher.finish(launcher.claim())
    (trial,) = launcher.optuna_study.trials
    expected = {"escape-rate": [1.0], "expected-epochs": [3.0], "both": [1.0, 3.0]}
    assert trial.values == expected[objective]
    assert launcher.optuna_study.metric_names == [name for name, _ in OBJECTIVES[objective]]
    launcher.kill()


def test_expected_epochs_of_none_escaped_are_all_that_were_spent() -> None:
    stuck = Restart(1, Outcome.NOT_ESCAPED, 0.6, 0.6, 0.6, None, None, b"")
    assert objective_values("both", [stuck, stuck], 200) == [0.0, 400.0]
