"""What the record holds, as values: one restart, one study, and the counts of a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from search.problem.configuration import Configuration


class Outcome(StrEnum):
    """How a restart ended. A solved restart has escaped too; a diverged one has not."""

    NOT_ESCAPED = "not escaped"
    ESCAPED = "escaped"
    SOLVED = "solved"
    DIVERGED = "diverged"

    @property
    def has_escaped(self) -> bool:
        """Whether the restart counts as escaped."""
        return self in (Outcome.ESCAPED, Outcome.SOLVED)


@dataclass(frozen=True)
class Restart:
    """One training of the network.

    `accuracy` and `loss` are of all points under the final weights, `last_epoch_loss` what
    Keras's history reports for the last epoch. `escape_epoch` and `diverged_epoch` count from 1;
    of a problem of 0 epochs they are 0. `weights` are the final ones as little-endian float32, each
    layer's kernel row by row and then its bias.

    `right`, `undecided` and `wrong` count points under the final weights as
    `search.problem.undecided` does; outcomes and criteria go by them. `levels` tell from which
    epoch on how many points were classified correctly (`search.problem.levels`); there are none if
    the restart diverged.
    """

    seed: int
    outcome: Outcome
    accuracy: float
    loss: float
    last_epoch_loss: float
    escape_epoch: int | None
    diverged_epoch: int | None
    weights: bytes
    right: int
    undecided: int = 0
    wrong: int = 0
    levels: bytes = b""


@dataclass(frozen=True)
class RecordedRestart:
    """A restart with its trial and the configuration that it was trained under."""

    trial: int
    configuration: Configuration
    restart: Restart

    def to_json(self) -> dict[str, Any]:
        """All but the weights, under their stable names."""
        restart = self.restart
        return {
            "trial": self.trial,
            "seed": restart.seed,
            **self.configuration.to_json(),
            "outcome": restart.outcome.value,
            "accuracy": restart.accuracy,
            "undecided": restart.undecided,
            "loss": restart.loss,
            "escape_epoch": restart.escape_epoch,
        }


class Member(NamedTuple):
    """What tells where a restart ended: outcome, loss on all points and final weights.

    `weights` are those of `Restart`. A tuple, for a configuration can have a million.
    """

    seed: int
    trial: int
    outcome: Outcome
    loss: float
    weights: bytes


@dataclass(frozen=True)
class BestRestart:
    """The restart of the lowest finite loss; of equal ones that of the least seed."""

    seed: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class TrialSummary:
    """The restarts of one trial, counted.

    `epochs_spent` sums min(escape epoch, epochs) over all restarts. `best` is of those that did
    not diverge; None if all did. `tally` holds (escape epoch, restarts that escaped at it), by
    epoch.
    """

    restarts: int
    escaped: int
    solved: int
    diverged: int
    epochs_spent: int
    best: BestRestart | None
    tally: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class StudyRecord:
    """What is kept with a study: the problem and the search as JSON, the points as bytes."""

    problem: dict[str, Any]
    search: dict[str, Any]
    data: bytes


@dataclass(frozen=True)
class StudySummary:
    """One line about a study: its problem, its space, and what it holds of complete trials.

    size: how many trials it is to have; trial_restarts: restarts of each trial of its search.
    """

    name: str
    problem: dict[str, Any]
    space: dict[str, Any]
    trials: int
    restarts: int
    escaped: int
    size: int
    trial_restarts: int


@dataclass(frozen=True)
class ConfigurationCounts:
    """The pooled restarts of one configuration, counted.

    `epochs_spent` sums min(escape epoch, epochs) over all restarts. The best restart is the one
    of the lowest finite loss among those that did not diverge; None if there is none.

    `succeeded` is how many met a criterion of success, `spent` the sum of min(epoch of success,
    epochs) over all restarts; None where the criterion is to have escaped, and `spent` also where
    no epochs are kept of it.
    """

    configuration: Configuration
    trials: int
    restarts: int
    escaped: int
    solved: int
    diverged: int
    epochs_spent: int
    best_trial: int | None
    best_seed: int | None
    best_loss: float | None
    best_accuracy: float | None
    succeeded: int | None = None
    spent: int | None = None

    @property
    def successes(self) -> int:
        """How many succeeded."""
        return self.escaped if self.succeeded is None else self.succeeded

    @property
    def epochs_to_success(self) -> int | None:
        """Epochs spent until each succeeded or ended, of all restarts; None if that is not kept."""
        return self.epochs_spent if self.succeeded is None else self.spent


@dataclass(frozen=True)
class EscapeEpochs:
    """When the pooled restarts of one configuration escaped, or met another criterion, tallied.

    `tally` holds (escape epoch, restarts that escaped at it), by epoch; the rest of `restarts` did
    not escape, and `diverged` of those diverged.
    """

    configuration: Configuration
    restarts: int
    diverged: int
    tally: tuple[tuple[int, int], ...]

    @property
    def escaped(self) -> int:
        """How many escaped, or met the criterion."""
        return sum(count for _, count in self.tally)

    def spent(self, epochs: int) -> int:
        """Epochs spent until each escaped or ended after so many, of all restarts."""
        until = sum(epoch * count for epoch, count in self.tally)
        return until + (self.restarts - self.escaped) * epochs
