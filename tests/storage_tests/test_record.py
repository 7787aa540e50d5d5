"""The record on real SQLite files beside Optuna's tables."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.distributions import IntDistribution, distribution_to_json
from optuna.trial import TrialState
from sqlalchemy import func, select

from search.problem.configuration import Configuration
from search.problem.rows import (
    EscapeEpochs,
    Outcome,
    Restart,
    StudyRecord,
)
from storage.claims import claim_trial
from storage.database import Database, open_for_reading
from storage.errors import RecordError
from storage.optuna_storage import open_optuna_storage
from storage.optuna_tables import Parameter
from storage.reading import (
    configuration_counts,
    escape_epochs,
    find_study,
    recorded_restart,
    recorded_restarts,
    study_names,
    study_summaries,
)
from storage.record import complete_trial, keep_study
from storage.tables import configurations, problems, restarts
from storage.updating import open_for_writing

ADAM = Configuration("standard", "adam", 0.1)
SGD = Configuration("none", "sgd", 0.01)
SEED = Parameter(3.0, distribution_to_json(IntDistribution(0, 9)))
STUDY = StudyRecord({"data": "bands"}, {"restarts": 2}, b"points")


def restart(seed: int, outcome: Outcome = Outcome.SOLVED, loss: float = 0.5) -> Restart:
    escape_epoch = 7 if outcome.has_escaped else None
    diverged_epoch = 3 if outcome is Outcome.DIVERGED else None
    return Restart(seed, outcome, 0.75, loss, loss / 2, escape_epoch, diverged_epoch, b"\x00" * 28)


class Record:
    """A study in a file, with Optuna's trials made as a launch makes them."""

    def __init__(self, path: Path, name: str = "bands") -> None:
        self.url = f"sqlite:///{path}"
        self.optuna_storage = storage = open_optuna_storage(self.url)
        self.database: Database = open_for_writing(self.url)
        self.study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
        self.study_id: int = self.study._study_id
        with self.database.transaction() as connection:
            keep_study(connection, self.study_id, STUDY)

    def add(self, key: Configuration, *rows: Restart, complete: bool = True) -> int:
        with self.database.transaction() as connection:
            trial_id, number = claim_trial(
                connection, self.study_id, "me", {"seed": SEED}, len(rows)
            )
        if complete:
            assert complete_trial(
                self.database, self.study_id, trial_id, key, rows, [0.5], {"n": len(rows)}
            )
        return number

    def close(self) -> None:
        self.database.close()
        self.optuna_storage.engine.dispose()

    def rows(self) -> int:
        with self.database.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(restarts)).scalar_one())


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "studies.db")


def test_what_is_kept_of_a_study_comes_back(record: Record) -> None:
    assert find_study(record.database, "bands") == (record.study_id, STUDY)
    assert find_study(record.database, "other") is None
    assert study_names(record.database) == ["bands"]


def test_restarts_come_back_in_order(record: Record) -> None:
    rows = [restart(5), restart(4, Outcome.NOT_ESCAPED), restart(6, Outcome.DIVERGED, math.nan)]
    record.add(ADAM, *rows)
    record.add(SGD, restart(1, Outcome.ESCAPED, math.inf))
    found = list(recorded_restarts(record.database, record.study_id))
    assert [(row.trial, row.restart.seed) for row in found] == [(0, 4), (0, 5), (0, 6), (1, 1)]
    assert [row.configuration for row in found] == [ADAM, ADAM, ADAM, SGD]
    assert found[1].restart == rows[0]
    assert math.isnan(found[2].restart.loss)
    assert found[3].restart.loss == math.inf


@given(
    st.builds(
        Restart,
        seed=st.integers(0, 2**32 - 1),
        outcome=st.sampled_from(Outcome),
        accuracy=st.floats(0, 1),
        loss=st.floats(),
        last_epoch_loss=st.floats(),
        escape_epoch=st.none() | st.integers(1, 2**31 - 1),
        diverged_epoch=st.none() | st.integers(1, 2**31 - 1),
        weights=st.binary(max_size=100),
    ),
    st.floats(min_value=5e-324, allow_infinity=False),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_restart_under_any_learning_rate_survives(
    record: Record, row: Restart, rate: float
) -> None:
    with record.database.transaction() as connection:  # what an earlier example left
        connection.execute(restarts.delete())
        connection.execute(configurations.delete())
    key = Configuration("none", "sgd", rate)
    number = record.add(key, row)
    back = recorded_restart(record.database, record.study_id, number, row.seed)
    assert back.configuration == key
    assert comparable(back.restart) == comparable(row)


def comparable(row: Restart) -> str:
    """Equal where all numbers are equal, a NaN to itself too; SQLite drops the sign of a zero."""
    unsigned = {name: getattr(row, name) + 0.0 for name in ("accuracy", "loss", "last_epoch_loss")}
    return repr(replace(row, **unsigned))


def test_trials_are_optunas_own(record: Record) -> None:
    """What is written into Optuna's tables is what Optuna itself would have written and reads."""
    record.add(ADAM, restart(1), restart(2))
    record.add(ADAM, restart(3), complete=False)
    asked = record.study.ask({"seed": IntDistribution(0, 9)})
    asked.set_user_attr("n", 2)
    record.study.tell(asked, 0.5)
    ours, running, theirs = record.study.get_trials()
    assert [ours.number, running.number, theirs.number] == [0, 1, 2]
    assert (ours.state, running.state) == (theirs.state, TrialState.RUNNING)
    assert (ours.params, ours.distributions) == ({"seed": 3}, theirs.distributions)
    assert (ours.values, ours.user_attrs) == (theirs.values, theirs.user_attrs)
    for began, ended in (
        (ours.datetime_start, theirs.datetime_start),
        (ours.datetime_complete, theirs.datetime_complete),
    ):
        assert began is not None
        assert ended is not None
        assert timedelta(0) < ended - began < timedelta(minutes=1)
    assert record.study.best_trial.number == 0


@pytest.mark.parametrize("value", [0.25, math.inf, -math.inf])
def test_values_are_optunas_own(record: Record, value: float) -> None:
    with record.database.transaction() as connection:
        trial_id, _ = claim_trial(connection, record.study_id, "me", {"seed": SEED}, 1)
    assert complete_trial(
        record.database, record.study_id, trial_id, ADAM, [restart(1)], [value], {}
    )
    assert record.study.trials[0].value == value


def test_a_trial_that_was_ended_by_another_is_left_alone(record: Record) -> None:
    with record.database.transaction() as connection:
        trial_id, number = claim_trial(connection, record.study_id, "me", {"seed": SEED}, 1)
    record.study.tell(number, state=TrialState.FAIL)
    assert not complete_trial(
        record.database, record.study_id, trial_id, ADAM, [restart(1)], [0.5], {}
    )
    assert record.rows() == 0
    assert record.study.trials[0].state is TrialState.FAIL


def test_a_seed_stands_once_in_a_configuration(record: Record) -> None:
    record.add(ADAM, restart(1), restart(2))
    with pytest.raises(RecordError, match="UNIQUE constraint failed"):
        record.add(ADAM, restart(3), restart(2))
    assert record.rows() == 2, "a refused trial must leave nothing behind"
    record.add(SGD, restart(2))
    assert record.rows() == 3


def test_only_complete_trials_are_read(record: Record) -> None:
    record.add(ADAM, restart(1))
    record.add(ADAM, restart(2), complete=False)
    assert [r.restart.seed for r in recorded_restarts(record.database, record.study_id)] == [1]
    assert [c.restarts for c in configuration_counts(record.database, record.study_id, 200)] == [1]
    assert [s.restarts for s in study_summaries(record.database)] == [1]
    with pytest.raises(RecordError, match="trial 1 has no recorded restarts"):
        recorded_restart(record.database, record.study_id, 1, 2)


def test_counts_pool_the_trials_of_a_configuration(record: Record) -> None:
    record.add(ADAM, restart(1, loss=0.3), restart(2, Outcome.NOT_ESCAPED, loss=0.6))
    record.add(ADAM, restart(3, Outcome.ESCAPED, loss=0.2), restart(4, Outcome.DIVERGED, math.nan))
    record.add(SGD, restart(1, Outcome.DIVERGED, 0.1))
    found = {
        c.configuration: c for c in configuration_counts(record.database, record.study_id, 200)
    }
    adam, sgd = found[ADAM], found[SGD]
    assert (adam.trials, adam.restarts, adam.escaped, adam.solved, adam.diverged) == (2, 4, 2, 1, 1)
    assert adam.epochs_spent == 7 + 200 + 7 + 200
    assert (adam.best_seed, adam.best_loss, adam.best_accuracy) == (3, 0.2, 0.75)
    assert (sgd.best_seed, sgd.best_loss) == (None, None)


def test_escape_epochs_are_tallied_over_the_trials_of_a_configuration(record: Record) -> None:
    at_three = replace(restart(3), escape_epoch=3)
    record.add(ADAM, restart(1), restart(2, Outcome.NOT_ESCAPED), at_three)
    record.add(ADAM, restart(4, Outcome.ESCAPED), restart(5, Outcome.DIVERGED, math.nan))
    record.add(ADAM, restart(6), complete=False)
    record.add(SGD, restart(1, Outcome.DIVERGED))
    found = {row.configuration: row for row in escape_epochs(record.database, record.study_id)}
    assert found[ADAM] == EscapeEpochs(ADAM, restarts=5, diverged=1, tally=((3, 1), (7, 2)))
    assert found[ADAM].escaped == 3
    assert found[SGD] == EscapeEpochs(SGD, restarts=1, diverged=1, tally=())


def test_the_best_of_equal_losses_is_the_least_seed(record: Record) -> None:
    record.add(ADAM, restart(9, loss=0.1), restart(3, loss=0.1), restart(5, loss=0.1))
    (counts,) = configuration_counts(record.database, record.study_id, 200)
    assert counts.best_seed == 3


def test_studies_do_not_mix(tmp_path: Path) -> None:
    first, second = Record(tmp_path / "s.db", "one"), Record(tmp_path / "s.db", "two")
    first.add(ADAM, restart(1), restart(2, Outcome.NOT_ESCAPED))
    second.add(ADAM, restart(1))
    summaries = study_summaries(first.database)
    assert [(s.name, s.trials, s.restarts, s.escaped) for s in summaries] == [
        ("one", 1, 2, 1),
        ("two", 1, 1, 1),
    ]
    assert len(list(recorded_restarts(first.database, first.study_id))) == 2


def test_a_missing_restart_is_named(record: Record) -> None:
    record.add(ADAM, restart(4), restart(5))
    with pytest.raises(RecordError, match="trial 0 holds seeds 4 to 5, not 6"):
        recorded_restart(record.database, record.study_id, 0, 6)


def test_deleting_a_study_deletes_its_record(tmp_path: Path) -> None:
    gone, kept = Record(tmp_path / "s.db", "gone"), Record(tmp_path / "s.db", "kept")
    gone.add(ADAM, restart(1))
    kept.add(ADAM, restart(1))
    optuna.delete_study(study_name="gone", storage=open_optuna_storage(gone.url))
    with kept.database.transaction() as connection:
        for table in (problems, configurations, restarts):
            count = connection.execute(select(func.count()).select_from(table)).scalar_one()
            assert count == 1, table.name


def test_a_failed_transaction_leaves_nothing(record: Record) -> None:
    record.add(ADAM, restart(1))

    def fail_half_way() -> None:
        with record.database.transaction() as connection:
            connection.execute(restarts.delete())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert record.rows() == 1


def test_reading_writes_nothing(tmp_path: Path) -> None:
    record = Record(tmp_path / "s.db")
    record.add(ADAM, restart(1))
    record.database.close()
    record.optuna_storage.engine.dispose()
    before = (tmp_path / "s.db").read_bytes()
    database = open_for_reading(record.url)
    list(recorded_restarts(database, record.study_id))
    database.close()
    assert (tmp_path / "s.db").read_bytes() == before


def test_a_newer_database_is_refused_both_ways(record: Record, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "studies.db") as connection:
        connection.execute("UPDATE multirestart_version SET version_num = '9999'")
    connection.close()
    for opener in (open_for_reading, open_for_writing):
        with pytest.raises(RecordError, match="written by a newer version"):
            opener(record.url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("studies.db", "must be a database URL"),
        ("sqlite://", "needs a database file"),
        ("mssql+pyodbc://here", "must be SQLite or PostgreSQL, received mssql"),
        ("nonsense:///x", "must be SQLite or PostgreSQL, received nonsense"),
        ("sqlite+nonsense:///x", "Can't load plugin"),
        ("postgresql+pg8000://here", "needs the Python package pg8000: install it"),
        ("sqlite:///{folder}/none.db", "there is no database"),
        ("sqlite:///{folder}/text.db", "is not an SQLite database"),
        ("sqlite:///{folder}/optuna.db", "holds no multirestart study"),
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "text.db").write_text("These are my notes, not a database.")
    optuna.create_study(storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    files = sorted(tmp_path.iterdir())
    with pytest.raises(RecordError, match=message):
        open_for_reading(url.format(folder=tmp_path))
    assert sorted(tmp_path.iterdir()) == files


def test_equal_rows_are_equal() -> None:
    assert restart(1) == restart(1)
    assert replace(restart(1), loss=0.1) != restart(1)
