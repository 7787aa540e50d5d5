"""What a study holds fixed: the data, the network, and how long it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from search.problem.arguments import Arguments
from search.problem.batch_orders import SHUFFLED
from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands
from search.problem.dimensions import DIMENSIONS, FULL, HELD, check_count
from search.problem.losses import keras_loss
from search.problem.names import share_text
from search.problem.network import Network
from search.problem.outcome import Bars

TRAINING_VERSION = 3
"""Which definition of a restart this code trains; its outcome depends on it.
"""


@dataclass(frozen=True)
class Problem:
    """Data, network, how it trains; and what counts as escaped, solved.

    Two classes have one sigmoid output; more have a softmax of one output each. A space may vary
    what is held here but data, epochs, margin and target; `under` puts a configuration's values in.

    Args:
        data: The points.
        hidden: Units of each hidden layer.
        activation: Of the hidden layers.
        epochs: Of each restart; 0 evaluates the initial weights.
        batch_size: Points in a step, or "full" for all of them.
        margin: Accuracy above the plateau that counts as escaped.
        solved_at: Accuracy that counts as solved.
        loss_function: "crossentropy" (Keras's binary or sparse categorical one), or for two
            classes "mse".
        initializer: Of the kernels, like "he_normal" or "uniform:0.5".
        bias_initializer: Of the biases: "zeros", "uniform:0.5" or "normal:0.1".
        use_bias: Whether the layers have biases.
        batch_order: "shuffled" in each epoch, or "fixed": that of the data.
        l2: Factor of an L2 penalty on all kernels.

    A restart has escaped if its accuracy exceeds the plateau by more than `margin`, and solved
    the problem if it reaches `solved_at`. `training_version` tells by which definition of a restart
    it is trained: one of an older version can be read, but not trained any more.

    Raises InvalidValuesError that names all values that break their rules.
    """

    data: Dataset = field(default_factory=bands)
    hidden: tuple[int, ...] = (2,)
    activation: str = "sigmoid"
    epochs: int = 200
    batch_size: int | str = 32
    margin: float = 0.01
    solved_at: float = 0.99
    loss_function: str = "crossentropy"
    initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"
    use_bias: bool = True
    batch_order: str = SHUFFLED
    l2: float = 0.0
    training_version: int = TRAINING_VERSION

    def __post_init__(self) -> None:
        faults = Arguments()
        rule = "must be a Dataset, like Dataset.of(points, labels)"
        faults.check(isinstance(self.data, Dataset), "data", rule, self.data)
        for name in ("margin", "solved_at"):
            object.__setattr__(self, name, faults.number(name, getattr(self, name)))
        faults.raise_any()  # the rules below are of all of them together
        for name in HELD:
            plain = faults.built(partial(DIMENSIONS[name].check, getattr(self, name)))
            if plain is not None:
                object.__setattr__(self, name, DIMENSIONS[name].held(plain))
        faults.built(partial(check_count, "epochs", self.epochs, least=0))
        faults.built(partial(check_count, "training_version", self.training_version))
        faults.built(partial(keras_loss, self.loss_function, self.outputs))
        plateau = self.data.plateau
        rule = f"must be at least 0 and leave room above the plateau of {share_text(plateau, 4)}"
        is_margin = math.isfinite(self.margin) and 0 <= self.margin < 1 - plateau
        faults.require(is_margin, "margin", rule, f"{self.margin:g}", self._that_fit)
        rule = (
            f"must be above the plateau and margin ({share_text(self.threshold, 4)}) and at most 1"
        )
        is_solved = not is_margin or self.threshold < self.solved_at <= 1
        faults.require(is_solved, "solved_at", rule, f"{self.solved_at:g}", self._that_fit)
        faults.raise_any()

    @property
    def _that_fit(self) -> tuple[tuple[str, str], ...]:
        """The margin and target for data of which the defaults ask too much; () for other data."""
        room = 1 - self.data.plateau
        if self.data.plateau + Problem.margin < Problem.solved_at:
            return ()
        margin = min(0.001, 10.0 ** math.floor(math.log10(room / 2)))
        return ("margin", f"{margin:g}"), ("solved_at", "1")

    def under(self, configuration: Configuration) -> Problem:
        """The problem with the values of a configuration in place of its own."""
        return replace(self, **configuration.held) if configuration.others else self

    @property
    def step_points(self) -> int:
        """Points in a step, but for the last step of an epoch, which may have fewer."""
        points = self.data.points
        return points if self.batch_size == FULL else min(int(self.batch_size), points)

    @property
    def network(self) -> Network:
        """The network that is trained, 1-2-1 unless the data or the hidden layers say otherwise."""
        features = self.data.features.shape[1]
        return Network(features, self.hidden, self.activation, self.outputs, self.use_bias)

    @property
    def outputs(self) -> int:
        """Output units: a sigmoid for two classes, one of a softmax for each of more."""
        return 1 if len(self.data.classes) == 2 else len(self.data.classes)

    @property
    def threshold(self) -> float:
        """The accuracy that a restart has to exceed to have escaped."""
        return self.data.plateau + self.margin

    @cached_property
    def bars(self) -> Bars:
        """The same and the target as whole counts of points, from the decimals as written."""
        return Bars(
            escaped=self.points_above(self.margin),
            solved=math.ceil(Fraction(repr(self.solved_at)) * self.data.points),
        )

    def points_above(self, margin: float) -> int:
        """The fewest points whose accuracy exceeds the plateau by more than a margin.

        Args:
            margin: As written in decimals.
        """
        points = self.data.points
        return math.floor(round(self.data.plateau * points) + Fraction(repr(margin)) * points) + 1

    @property
    def escapes_by_one_point(self) -> bool:
        """Whether one point is worth more than the margin, so that one more than the plateau's is
        an escape.
        """
        return self.bars.escaped == self.points_above(0.0)

    def to_json(self) -> dict[str, Any]:
        """All but the points, as JSON can hold it, for `from_json` and `differences`."""
        return {
            "data": self.data.name,
            "data_sha256": self.data.digest,
            "features": self.network.features,
            "classes": list(self.data.classes),
            "epochs": self.epochs,
            **{name: _json(getattr(self, name)) for name in HELD},
            "margin": self.margin,
            "target": self.solved_at,
            "training_version": self.training_version,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], data: bytes) -> Problem:
        """The problem that `to_json` wrote, with the points that `Dataset.to_bytes` wrote."""
        return cls(
            data=Dataset.from_bytes(stored["data"], stored["classes"], data),
            epochs=stored["epochs"],
            **{name: stored[name] for name in HELD if name in stored},
            margin=stored["margin"],
            solved_at=stored["target"],
            training_version=stored["training_version"],
        )

    @property
    def outdated(self) -> str | None:
        """Why its restarts cannot be trained again, nor pooled with new ones; None if they can."""
        if self.training_version == TRAINING_VERSION:
            return None
        which = "an older" if self.training_version < TRAINING_VERSION else "a newer"
        return f"its restarts were trained by {which} version of multirestart"


@dataclass(frozen=True)
class Task:
    """What one trial trains: a problem under one configuration from a block of seeds."""

    problem: Problem
    configuration: Configuration
    first_seed: int
    restarts: int

    @property
    def seeds(self) -> range:
        """The seeds, one per restart."""
        return range(self.first_seed, self.first_seed + self.restarts)


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
