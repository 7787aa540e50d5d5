"""The plan of a study: what it holds fixed and searches, how, and how far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.errors import Faults, unknown_name
from search.problem.names import is_printable, quoted
from search.problem.problem import Problem
from search.problem.rows import StudyRecord
from search.running.sampling import SAMPLERS, StudySampler
from search.statistics.objectives import OBJECTIVES, Direction

MAX_NAME_CHARACTERS = 512
MAX_RESTARTS = 1_000_000
MAX_TRIALS = 1_000_000


@dataclass(frozen=True)
class StudyPlan:
    """All that a study is made from: what it holds fixed, what it searches, how, and how far.

    The problem, the space and the restarts of a trial stay as they are for the life of a study;
    the sampler, its seed and the number of trials may change from launch to launch. Raises
    InvalidValuesError that names all values that break their rules, and UserError if the sampler
    cannot sample the space.
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
        faults = Faults()
        faults.built(lambda: check_name(self.name))
        for field, count, most in (
            ("restarts", self.restarts, MAX_RESTARTS),
            ("trials", self.trials, MAX_TRIALS),
        ):
            rule = f"must be at least 1 and at most {most}"
            faults.require(1 <= count <= most, field, rule, count)
        faults.built(lambda: _check_known("sampler", self.sampler, SAMPLERS))
        faults.built(lambda: _check_known("objective", self.objective, OBJECTIVES))
        faults.raise_any()
        self.make_sampler()

    @property
    def directions(self) -> list[Direction]:
        """Which way each of the objective's values is better, as Optuna names it."""
        return [direction for _, direction in OBJECTIVES[self.objective]]

    def make_sampler(self) -> StudySampler:
        """The sampler of the study. Raises UserError if it cannot sample the space."""
        return StudySampler(self.sampler, self.space, self.restarts, self.sampler_seed)

    def to_record(self) -> StudyRecord:
        """The plan as it is stored, for `from_record`."""
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


def check_name(name: str) -> None:
    """Raise InvalidValuesError unless `name` can name a study."""
    faults = Faults()
    is_text = bool(name.strip()) and is_printable(name)
    faults.require(is_text, "name", "must be a printable name", quoted(name))
    rule = f"must be at most {MAX_NAME_CHARACTERS} characters"
    faults.require(not is_text or len(name) <= MAX_NAME_CHARACTERS, "name", rule, len(name))
    faults.raise_any()


def _check_known(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise unknown_name(kind, name, known)


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
