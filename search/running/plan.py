"""The plan of a study: what it holds fixed and searches, how, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.errors import UserError, unknown_name
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


def check_name(name: str) -> None:
    """Raise UserError unless `name` can name a study."""
    if not name.strip() or not is_printable(name):
        raise UserError(f"--study must be a printable name, received {quoted(name)}")
    if len(name) > MAX_NAME_CHARACTERS:
        raise UserError(
            f"--study must be at most {MAX_NAME_CHARACTERS} characters, received {len(name)}"
        )


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
