"""A study: what it holds fixed and searches, kept in the record, and its Optuna study."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import RDBStorage

from search.configuration import LearningRateRange, SearchSpace
from search.errors import LaunchError, UserError, unknown_name
from search.figures import OBJECTIVES, Direction
from search.names import is_printable, quoted
from search.problem import Problem
from search.running.sampling import SAMPLERS, StudySampler
from storage.database import Database, open_if_there
from storage.optuna_storage import open_optuna_storage, optuna_trials
from storage.orphans import remove_orphans
from storage.presence import opening
from storage.reading import find_study
from storage.record import keep_study
from storage.rows import StudyRecord
from storage.updating import open_for_writing

MAX_NAME_CHARACTERS = 512
MAX_RESTARTS = 1_000_000
MAX_TRIALS = 1_000_000


@dataclass(frozen=True)
class StudyPlan:
    """All that a study is made from: what it holds fixed, what it searches, how, and how far.

    The problem, the space and the restarts of a trial stay as they are for the life of a study;
    the sampler, its seed and the number of trials may change from launch to launch. Raises
    UserError if a value breaks its rule.
    """

    name: str
    problem: Problem
    space: SearchSpace
    restarts: int
    sampler: str
    sampler_seed: int
    trials: int
    objective: str = "escape-rate"

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 1 <= self.restarts <= MAX_RESTARTS:
            raise UserError(
                f"--restarts must be at least 1 and at most {MAX_RESTARTS}, "
                f"received {self.restarts}"
            )
        if not 1 <= self.trials <= MAX_TRIALS:
            raise UserError(
                f"--trials must be at least 1 and at most {MAX_TRIALS}, received {self.trials}"
            )
        if self.sampler not in SAMPLERS:
            raise unknown_name("sampler", self.sampler, SAMPLERS)
        if self.objective not in OBJECTIVES:
            raise unknown_name("objective", self.objective, OBJECTIVES)
        self.make_sampler()

    @property
    def directions(self) -> list[Direction]:
        """Which way each of the objective's values is better, as Optuna names it."""
        return [direction for _, direction in OBJECTIVES[self.objective]]

    def make_sampler(self) -> StudySampler:
        """The sampler of the study. Raises UserError if it cannot sample the space."""
        return StudySampler(self.sampler, self.space, self.restarts, self.sampler_seed)

    def to_record(self) -> StudyRecord:
        """The plan as it is kept."""
        search = {
            "space": self.space.to_json(),
            "restarts": self.restarts,
            "sampler": self.sampler,
            "sampler_seed": self.sampler_seed,
            "trials": self.trials,
            "objective": self.objective,
        }
        return StudyRecord(self.problem.to_json(), search, self.problem.data.to_bytes())

    @classmethod
    def from_record(cls, name: str, record: StudyRecord) -> StudyPlan:
        """The plan that `to_record` kept."""
        search = dict(record.search)
        return cls(
            name=name,
            problem=Problem.from_json(record.problem, record.data),
            space=SearchSpace.from_json(search.pop("space")),
            **search,
        )

    def differences(self, other: StudyPlan) -> list[str]:
        """What the two may not differ in but do, each as `name is this, not that asked for`."""
        here, there = self._facts(), other._facts()
        return [
            f"{name} is {_shown(here[name])}, not {_shown(there[name])}"
            for name in here
            if here[name] != there[name]
        ]

    def _facts(self) -> dict[str, Any]:
        facts = {**self.problem.to_json(), **self.space.to_json(), "restarts": self.restarts}
        facts["objective"] = self.objective
        rates = self.space.learning_rates
        if isinstance(rates, LearningRateRange):
            facts["learning_rate"] = str(rates)
        # What tells data apart is the points; the name alone can lie.
        facts["data"] = f"{facts['data']} ({facts.pop('data_sha256')[:8]})"
        return facts


@dataclass(frozen=True)
class OpenStudy:
    """A study open for writing: its plan, and its record beside Optuna's in one database."""

    plan: StudyPlan
    study_id: int
    token: str
    database: Database


def check_name(name: str) -> None:
    """Raise UserError unless `name` can name a study."""
    if not name.strip() or not is_printable(name):
        raise UserError(f"--study must be a printable name, received {quoted(name)}")
    if len(name) > MAX_NAME_CHARACTERS:
        raise UserError(
            f"--study must be at most {MAX_NAME_CHARACTERS} characters, received {len(name)}"
        )


def stored_plan(url: str, name: str) -> StudyPlan | None:
    """The plan of a study that is there already; None if there is no such study or database."""
    database = open_if_there(url)
    if database is None:
        return None
    found = find_study(database, name)
    database.close()
    return StudyPlan.from_record(name, found[1]) if found else None


def open_study(url: str, plan: StudyPlan) -> OpenStudy:
    """Open a study to go on with it as planned, or make it if there is none of that name.

    Raises UserError if the study is there with another problem or search space, or was made by
    Optuna without a record; RecordError if the database cannot be used.
    """
    with opening(url):
        # All that can be refused is refused before anything is written.
        kept = stored_plan(url, plan.name)
        if kept is not None:
            _refuse_differences(kept, plan)
        elif optuna_trials(url, plan.name):
            raise _made_by_optuna(plan)
        with _beside_optuna(url) as (storage, database):
            if kept is not None:
                study_id = storage.get_study_id_from_name(plan.name)
            else:
                study_id = _make_optuna_study(storage, plan)
            with database.transaction() as connection:
                token = keep_study(connection, study_id, plan.to_record())
    return OpenStudy(plan, study_id, token, database)


def reopen_study(url: str, name: str) -> OpenStudy:
    """Open a study that is kept, as it is kept now.

    Raises LaunchError if there is none of that name; RecordError if the database cannot be used.
    """
    with opening(url), _beside_optuna(url) as (_, database):
        found = find_study(database, name)
        if found is None:
            raise deleted(name)
        study_id, record = found
        with database.transaction() as connection:
            token = keep_study(connection, study_id, record)
    return OpenStudy(StudyPlan.from_record(name, record), study_id, token, database)


def deleted(name: str) -> LaunchError:
    """The error for a study that is gone though a launcher goes on with it."""
    return LaunchError(f"study {name!r} was deleted while it was being run")


@contextmanager
def _beside_optuna(url: str) -> Iterator[tuple[RDBStorage, Database]]:
    """Optuna's storage and the record beside it, for writing and without orphans.

    Orphans go before a study is made: it could be given the id, and so the rows, of one that is
    gone.
    """
    storage = open_optuna_storage(url)
    try:
        database = open_for_writing(url)
        with database.transaction() as connection:
            remove_orphans(connection)
        yield storage, database
    finally:
        storage.engine.dispose()


def _make_optuna_study(storage: RDBStorage, plan: StudyPlan) -> int:
    """Optuna's study, or what a launcher that was killed at this point left of it; its id."""
    study = optuna.create_study(
        study_name=plan.name, storage=storage, directions=plan.directions, load_if_exists=True
    )
    if [direction.name.lower() for direction in study.directions] != plan.directions:
        raise _made_by_optuna(plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([name for name, _ in OBJECTIVES[plan.objective]])
    return int(study._study_id)


def _made_by_optuna(plan: StudyPlan) -> UserError:
    return UserError(
        f"study {plan.name!r} was made by Optuna, not by multirestart: give another --study"
    )


def _refuse_differences(kept: StudyPlan, plan: StudyPlan) -> None:
    differences = kept.differences(plan)
    if differences:
        raise UserError(
            f"study {plan.name!r} holds something else: {'; '.join(differences)}. "
            "Give another --study, or leave these options out to go on with it"
        )


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
