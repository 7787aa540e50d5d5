"""The plan of a study: what it holds fixed and searches, how, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from numbers import Integral
from typing import Any

from search.problem.arguments import Arguments
from search.problem.configuration import Configuration, SearchSpace
from search.problem.data.judging import Caution, scaling_cautions
from search.problem.dimensions import DIMENSIONS, LogRange
from search.problem.errors import Fault, Faults, InvalidValuesError, check_known
from search.problem.names import is_printable, quoted, shown
from search.problem.naming import configuration_name
from search.problem.objectives import OBJECTIVES, Direction
from search.problem.problem import Problem
from search.problem.rows import StudyRecord
from search.problem.samplers import check_sampler

DEFAULT_TRIALS = 24
"""Of a plan that names no number of trials and does not go over a grid."""
OF_SEARCH = (
    "restarts",
    "sampler",
    "sampler_seed",
    "trials",
    "until_precision",
    "race",
    "objective",
)
"""Fields of a plan that say how its space is searched, and how far."""
LATER = ("until_precision", "race")
"""Those that are 0 unless they are asked for, and are not kept then."""
MAX_NAME_CHARACTERS = 512
MAX_RESTARTS = 1_000_000
MAX_TRIALS = 1_000_000


@dataclass(frozen=True, init=False)
class Plan:
    """All that a study is made from: what it holds fixed, what it searches, how, and how far.

    `Plan()` is the study of the source problem. The problem, the space, the restarts of a trial and
    the objective stay as they are for the life of a study; the sampler, its seed, what is tried
    first, the number of trials, the precision and the race may change from launch to launch.

    Args:
        name: Name of the study; that of the data if None.
        problem: What is held fixed; `Problem()` if None.
        space: What is searched; `SearchSpace()` if None.
        restarts: Restarts, and so seeds, of each trial.
        sampler: What picks configurations: "tpe", "random", "grid" or "qmc".
        sampler_seed: Seed of the sampler, and of the initialization seeds that the study picks.
        trials: Size of the study; 24 if None, or for the sampler grid each configuration once.
        objective: What the sampler seeks: "escape-rate", "solve-rate", "expected-epochs" or "both".
        first: Configurations of the space that are tried before the sampler picks any.
        until_precision: Width of the 95% intervals of the leading configurations at which the study
            ends before its size is reached; 0 to go on to its size.
        race: How many of the best configurations race on fresh seeds once the trials are settled;
            0 for no race.

    Raises:
        InvalidValuesError: If values break their rules; it names all of them.
    """

    name: str
    problem: Problem
    space: SearchSpace
    restarts: int
    sampler: str
    sampler_seed: int
    trials: int
    objective: str
    first: tuple[Configuration, ...]
    until_precision: float
    race: int

    def __init__(
        self,
        name: str | None = None,
        problem: Problem | None = None,
        space: SearchSpace | None = None,
        restarts: int = 256,
        sampler: str = "tpe",
        sampler_seed: int = 0,
        trials: int | None = None,
        objective: str = "escape-rate",
        first: Sequence[Configuration] = (),
        until_precision: float = 0.0,
        race: int = 0,
    ) -> None:
        problem = Problem() if problem is None else problem
        space = SearchSpace() if space is None else space
        kinds = Arguments()
        kinds.check(isinstance(problem, Problem), "problem", "must be a Problem", problem)
        kinds.check(isinstance(space, SearchSpace), "space", "must be a SearchSpace", space)
        is_list = isinstance(first, Sequence) and not isinstance(first, str | bytes)
        kinds.check(is_list, "first", "must be a list of configurations", first)
        for field, count in (
            ("restarts", restarts),
            ("sampler_seed", sampler_seed),
            ("race", race),
        ):
            kinds.check(_is_whole(count), field, "must be a whole number", count)
        is_size = trials is None or _is_whole(trials)
        kinds.check(is_size, "trials", "must be a whole number", trials)
        kinds.raise_any()
        # What the space varies, the problem does not hold: plans that mean the same are equal.
        problem = replace(problem, **{name: getattr(Problem, name) for name in space.vary})
        if trials is None:
            grid = space.configurations if sampler == "grid" else None
            trials = len(grid) if grid else DEFAULT_TRIALS
        values = {
            "name": problem.data.name if name is None else name,
            "problem": problem,
            "space": space,
            "restarts": int(restarts),  # also one of NumPy's, made plain
            "sampler": sampler,
            "sampler_seed": int(sampler_seed),
            "trials": int(trials),
            "objective": objective,
            "first": tuple(first),
            "until_precision": until_precision,
            "race": int(race),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)  # as in any frozen dataclass's own __init__
        self._check()

    def _check(self) -> None:
        faults = Arguments()
        faults.built(lambda: check_name(self.name))
        for field, count, most in (
            ("restarts", self.restarts, MAX_RESTARTS),
            ("trials", self.trials, MAX_TRIALS),
        ):
            rule = f"must be at least 1 and at most {most}"
            faults.require(1 <= count <= most, field, rule, count)
        width = self.until_precision
        rule = "must be at least 0 and below 1"
        faults.require(0 <= width < 1, "until_precision", rule, width)
        rule = f"must be 0, or at least 2 configurations and at most {MAX_TRIALS}"
        faults.require(self.race == 0 or 1 < self.race <= MAX_TRIALS, "race", rule, self.race)
        seed, rule = self.sampler_seed, "must be at least 0 and below 2**64"
        faults.require(0 <= seed < 2**64, "sampler_seed", rule, seed)
        faults.built(lambda: check_sampler(self.sampler, self.space))
        faults.built(lambda: check_known("objective", self.objective, OBJECTIVES))
        for one in self.first:
            if not isinstance(one, Configuration):
                faults.check(False, "first", "must be of Configuration(...)", one)
                continue
            rule = "must be configurations of what is on offer"
            faults.require(self.space.offers(one), "first", rule, configuration_name(one))
        for name, offered in self.space.vary.items():
            for value in (offered.low, offered.high) if isinstance(offered, LogRange) else offered:
                held = {name: DIMENSIONS[name].held(value)}
                faults.built(partial(replace, self.problem, **held))
        faults.raise_any()

    @cached_property
    def cautions(self) -> tuple[Caution, ...]:
        """What to look at before training: of the data, and of what the scalings make of them."""
        data, bars = self.problem.data, self.problem.bars
        found = [
            *data.cautions,
            *scaling_cautions(data.features, data.feature_names, self.space.scalings),
        ]
        best = round(data.best_accuracy * data.points)
        if best < bars.solved:
            what = "escape" if best < bars.escaped else "solve the problem"
            least = min(bars.escaped, bars.solved) if best < bars.escaped else bars.solved
            found.append(
                Caution(
                    f"no restart can {what}: that needs {least:,} of {data.points:,} points, and "
                    f"identical points of different classes leave {best:,} at most"
                )
            )
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The same as sentences."""
        return tuple(caution.message for caution in self.cautions)

    @property
    def directions(self) -> list[Direction]:
        """Which way each of the objective's values is better, as Optuna names it."""
        return [direction for _, direction in OBJECTIVES[self.objective]]

    def to_record(self) -> StudyRecord:
        """What the store keeps of the plan, for `from_record`."""
        fields = {field: getattr(self, field) for field in OF_SEARCH}
        for field in LATER:  # as records were before there were these
            if not fields[field]:
                del fields[field]
        first = [one.to_json() for one in self.first]
        search = {"space": self.space.to_json(), **fields, "first": first}
        return StudyRecord(self.problem.to_json(), search, self.problem.data.to_bytes())

    @classmethod
    def from_record(cls, name: str, record: StudyRecord) -> Plan:
        """The plan that `to_record` kept."""
        search = dict(record.search)
        return cls(
            name=name,
            problem=Problem.from_json(record.problem, record.data),
            space=SearchSpace.from_json(search.pop("space")),
            first=[Configuration.from_json(one) for one in search.pop("first", ())],
            **search,
        )

    def differences(self, other: Plan) -> list[str]:
        """What two plans may not differ in but do, if one study is to be both.

        Args:
            other: The plan asked for.

        Returns:
            Each difference as `name is this, not that asked for`.
        """
        here, there = self._facts(), other._facts()
        return [
            f"{name} is {_shown(here[name])}, not {_shown(there[name])}"
            for name in here
            if here[name] != there[name]
        ]

    def _facts(self) -> dict[str, Any]:
        facts = {**self.problem.to_json(), **self.space.to_json(), "restarts": self.restarts}
        facts["objective"] = self.objective
        facts.update({name: str(offered) for name, offered in self.space.ranges.items()})
        # What tells data apart is the points; the name alone can lie.
        facts["data"] = f"{facts['data']} ({facts.pop('data_sha256')[:8]})"
        return facts


def flat_name(field: str) -> str:
    """What a field of a plan's parts is called among the options and in a plan file."""
    return _FLAT_NAMES.get(field, field)


_FLAT_NAMES = {
    "name": "study",
    "scalings": "scaling",
    "optimizers": "optimizer",
    "learning_rates": "learning_rate",
}


def check_name(name: str, field: str = "name") -> None:
    """Raise InvalidValuesError, of a field, unless `name` can name a study."""
    if not isinstance(name, str):
        raise InvalidValuesError([Fault(field, "must be a printable name", shown(name))])
    faults = Faults()
    is_text = bool(name.strip()) and is_printable(name)
    faults.require(is_text, field, "must be a printable name", quoted(name))
    rule = f"must be at most {MAX_NAME_CHARACTERS} characters"
    faults.require(not is_text or len(name) <= MAX_NAME_CHARACTERS, field, rule, len(name))
    faults.raise_any()


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
