"""What counts as a success: a criterion that is chosen after the restarts were trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from search.problem.arguments import Arguments
from search.problem.errors import Fault, InvalidValuesError, unknown_name
from search.problem.names import quoted, share_text
from search.problem.problem import Problem
from search.problem.rows import Outcome


class _Valued(NamedTuple):
    """A kind with a value: the rule of it, an example, and a column's head of two lines."""

    rule: str
    holds: Callable[[float], bool]
    example: str
    heading: str


_VALUED: Mapping[str, _Valued] = MappingProxyType(
    {
        "escaped": _Valued(
            "have a margin above the plateau of at least 0 and less than 1",
            lambda value: 0 <= value < 1,
            "escaped:0.3",
            "escaped by\nmore than {}",
        ),
        "accuracy": _Valued(
            "have an accuracy above 0 and at most 1",
            lambda value: 0 < value <= 1,
            "accuracy:0.95",
            "accuracy\n>= {}",
        ),
        "loss": _Valued(
            "have a finite loss of at least 0",
            lambda value: 0 <= value < math.inf,
            "loss:0.1",
            "loss\n<= {}",
        ),
        "best": _Valued(
            "have a finite difference from the lowest loss of at least 0",
            lambda value: 0 <= value < math.inf,
            "best:0.01",
            "loss within {}\nof the lowest",
        ),
    }
)
_RATES: Mapping[str, str] = MappingProxyType(
    {
        "escaped": "escape rate",
        "solved": "solve rate",
        "not-wrong": "rate of no point on the wrong side",
    }
)
"""Kinds that stand without a value, and what their rate is called."""
_VERBS: Mapping[str, str] = MappingProxyType(
    {"escaped": "escapes", "solved": "solves", "succeeded": "succeeds"}
)
_FORMS = (*_RATES, *(f"{kind}:X" for kind in _VALUED))


@dataclass(frozen=True)
class Success:
    """Which restarts are successes; one that diverged never is.

    `Success()` is "escaped" as the study was launched. As text, for `of`: `escaped`, `solved`,
    `escaped:X` (accuracy above the plateau by more than X), `accuracy:X` (at least X), `loss:X`
    (at most X), `best:X` (a loss within X of the lowest finite one that any restart of the study
    has reached), `not-wrong` (no output on the wrong side of 1/2; exactly 1/2 is on neither).
    Accuracy and loss are of all points under the final weights; a point that is undecided counts
    as not right.

    Args:
        kind: "escaped", "solved", "accuracy", "loss", "best" or "not-wrong".
        value: The margin, accuracy, loss or difference; None for "solved", "not-wrong" and the
            margin of launch.

    Raises:
        InvalidValuesError: If the kind is unknown, or its value is missing or breaks its rule.
    """

    kind: str = "escaped"
    value: float | None = None

    def __post_init__(self) -> None:
        arguments = Arguments()
        arguments.check(isinstance(self.kind, str), "success", "must be a text", self.kind)
        arguments.raise_any()
        if self.kind not in _RATES and self.kind not in _VALUED:
            raise unknown_name("success", self.kind, _FORMS)
        if self.value is None:
            if self.kind not in _RATES:
                raise _refused(self.kind, self.kind)
            return
        value = arguments.number("success", self.value)
        arguments.raise_any()
        object.__setattr__(self, "value", value)  # also one of NumPy's, made plain
        if self.kind not in _VALUED or not _VALUED[self.kind].holds(value):
            raise _refused(self.kind, str(self))

    @classmethod
    def of(cls, given: str | Success) -> Success:
        """Parse a criterion; a Success is returned unchanged.

        Args:
            given: A text like "solved" or "accuracy:0.95", or a Success.

        Returns:
            The criterion.

        Raises:
            InvalidValuesError: If it is neither, or breaks its rule.
        """
        if isinstance(given, Success):
            return given
        arguments = Arguments()
        is_text = isinstance(given, str)
        arguments.check(is_text, "success", "must be a text like 'accuracy:0.95'", given)
        arguments.raise_any()
        kind, colon, number = (part.strip() for part in given.partition(":"))
        if kind not in _RATES and kind not in _VALUED:
            raise unknown_name("success", given, _FORMS)
        try:
            return cls(kind, float(number) if colon else None)
        except ValueError:
            raise _refused(kind, given) from None

    def __str__(self) -> str:
        return self.kind if self.value is None else f"{self.kind}:{_written(self.value)}"

    @property
    def heading(self) -> str:
        """What it says of a restart as a column's head of two lines."""
        if self.value is None:
            return "no point\nwrong" if self.kind == "not-wrong" else f"\n{self.kind}"
        return _VALUED[self.kind].heading.format(_written(self.value))

    @property
    def words(self) -> str:
        """The same in a line: "solved", "accuracy >= 0.95"."""
        return self.heading.replace("\n", " ").strip()

    @property
    def rate(self) -> str:
        """What its rate is called."""
        return _RATES[self.kind] if self.value is None else f"rate of {self.words}"

    @property
    def is_of_launch(self) -> bool:
        """Whether it is "escaped" as the study was launched."""
        return self.kind == "escaped" and self.value is None

    @property
    def verb(self) -> str:
        """What a restart that meets it does: "escapes", "solves", "succeeds"."""
        return _VERBS[self._word]

    @property
    def past(self) -> str:
        """What a restart that met it has done: "escaped", "solved", "succeeded"."""
        return self._word

    @property
    def noun(self) -> str:
        """What epochs are counted per: "escape" as the study was launched, else "success"."""
        return "escape" if self.is_of_launch else "success"

    @property
    def _word(self) -> str:
        return self.kind if self.kind in _VERBS and self.value is None else "succeeded"

    def is_met_by(self, outcome: Outcome) -> bool:
        """Whether a restart of an outcome meets it, where outcomes tell.

        Args:
            outcome: What became of the restart.

        Raises:
            ValueError: If the criterion is neither "escaped" nor "solved" alone.
        """
        if self not in (ESCAPED, SOLVED):
            raise ValueError(f"an outcome does not tell of {self}")
        return outcome is Outcome.SOLVED or (self == ESCAPED and outcome.has_escaped)

    def within(self, problem: Problem) -> Success:
        """The criterion for a study: `ESCAPED` for a margin that is the study's own.

        Args:
            problem: What the study holds fixed.

        Returns:
            That, or the same criterion.

        Raises:
            InvalidValuesError: If a margin leaves no room above the plateau.
        """
        if self.kind != "escaped" or self.value is None:
            return self
        plateau = problem.data.plateau
        if self.value >= 1 - plateau:
            rule = f"must leave room above the plateau of {share_text(plateau, 4)}"
            raise InvalidValuesError([Fault("success", rule, quoted(str(self)))])
        return ESCAPED if self.value == problem.margin else self

    def least_correct(self, problem: Problem) -> int | None:
        """Points that a restart has to classify correctly; None where something else counts.

        Whole counts, from the decimals as written, as in `Problem.bars`.

        Args:
            problem: What the study holds fixed.
        """
        if self.kind == "not-wrong":
            return None
        if self.value is None:
            return problem.bars.escaped if self.kind == "escaped" else problem.bars.solved
        if self.kind == "escaped":
            return problem.points_above(self.value)
        if self.kind == "accuracy":
            return math.ceil(Fraction(repr(self.value)) * problem.data.points)
        return None

    def has_epochs(self, problem: Problem) -> bool:
        """Whether the epochs at which restarts met it are kept: of accuracies above the plateau.

        Args:
            problem: What the study holds fixed.
        """
        least = self.least_correct(problem)
        return least is not None and least > problem.points_above(0.0) - 1

    def timed(self, problem: Problem) -> int:
        """Points that a restart has to classify correctly from its epoch of success on.

        Args:
            problem: What the study holds fixed.

        Raises:
            InvalidValuesError: If no epochs are kept of the criterion.
        """
        least = self.least_correct(problem)
        if least is None or not self.has_epochs(problem):
            rule = (
                "must have epochs, which are kept of escaped, solved, escaped:X and accuracy:X "
                f"with X above the plateau of {share_text(problem.data.plateau, 4)}"
            )
            raise InvalidValuesError([Fault("success", rule, quoted(str(self)))])
        return least


ESCAPED = Success()
"""As the study was launched."""
SOLVED = Success("solved")


def sought_by(objective: str | None) -> Success:
    """The criterion of success that a study of an objective seeks: solved, or escaped.

    Args:
        objective: One of `OBJECTIVES`; None of the first studies, which kept none.
    """
    return SOLVED if objective == "solve-rate" else ESCAPED


def _written(value: float) -> str:
    text = f"{value:.15g}"
    return text if float(text) == value else repr(value)


def _refused(kind: str, received: str) -> InvalidValuesError:
    if kind not in _VALUED:
        return InvalidValuesError([Fault("success", f"must be {kind} alone", quoted(received))])
    rule = f"must {_VALUED[kind].rule}, like {_VALUED[kind].example}"
    return InvalidValuesError([Fault("success", rule, quoted(received))])
