"""Measures of recorded restarts by their names, and what they are over a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset
from search.problem.errors import Fault, InvalidValuesError, listed, nearest
from search.problem.forward import forward
from search.problem.names import quoted, shown
from search.problem.network import Network
from search.problem.problem import Problem
from search.problem.scaling import scaler
from search.statistics.measures import (
    Figures,
    Labels,
    Logits,
    area_under_curve,
    balanced_accuracy,
    cross_entropy,
    right_points,
    squared_error,
)

KINDS = ("accuracy", "loss", "balanced_accuracy", "auc")
RIGHT = "right_"
"""Before the name of a class: how many of its points are classified correctly."""
VALIDATION = "validation_"
"""Before any other name: the same of the held-out points."""
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
"""Those that are told of a measure, by their stable names."""
_LOSSES: Mapping[str, Callable[[Logits, Labels], Figures]] = MappingProxyType(
    {"crossentropy": cross_entropy, "mse": squared_error}
)
"""That which a network was trained by, without a penalty on its weights."""
_NUMBERS_AT_ONCE = 2**19
"""Outputs of one layer that are in memory at once, which take a few megabytes."""


@dataclass(frozen=True)
class Measure:
    """One measure of a restart: its name, one of `KINDS` or "right", and which points it is of.

    label: of the class whose points are counted, for "right" alone.
    """

    name: str
    kind: str
    label: int | None = None
    is_validation: bool = False


def measures_of(names: Iterable[str], data: Dataset) -> tuple[Measure, ...]:
    """Measures by their names.

    Args:
        names: `accuracy`, `loss`, `balanced_accuracy`, `auc` or `right_CLASS`; with `validation_`
            before it the same of the held-out points.
        data: The data that they are of.

    Returns:
        A measure for each name.

    Raises:
        InvalidValuesError: If a name is unknown, none or one twice is named, it is of held-out
            points and there are none, or of an area under the curve and a class is missing.
    """
    known = {measure.name: measure for measure in _known(data)}
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise _fault(f"must be at least one of {listed([*known])}", "none")
    for name in asked:
        if name in known:
            continue
        if isinstance(name, str) and name.startswith(VALIDATION) and data.validation is None:
            raise _fault("must be of points that are there: the study holds none out", quoted(name))
        near = nearest(name, [*known]) if isinstance(name, str) else ""
        rule = f"must be of {listed([*known])}"
        raise _fault(f"{rule} ({near.strip()})" if near else rule, shown(name))
    twice = next((name for name in asked if asked.count(name) > 1), None)
    if twice is not None:
        raise _fault("must be named once each", quoted(twice))
    if f"{VALIDATION}auc" in asked and data.validation is not None:
        sizes = zip(data.classes, data.validation.class_sizes(len(data.classes)), strict=True)
        absent = [name for name, size in sizes if not size]
        if absent:
            rule = f"needs held-out points of every class: there are none of {listed(absent)}"
            raise _fault(rule, quoted(f"{VALIDATION}auc"))
    return tuple(known[name] for name in asked)


def _known(data: Dataset) -> list[Measure]:
    found = [Measure(kind, kind) for kind in KINDS]
    found += [Measure(f"{RIGHT}{name}", "right", at) for at, name in enumerate(data.classes)]
    if data.validation is not None:
        found += [Measure(f"{VALIDATION}{one.name}", one.kind, one.label, True) for one in found]
    return found


def _fault(rule: str, received: str) -> InvalidValuesError:
    return InvalidValuesError([Fault("measures", rule, received)])


class Measuring:
    """Measures restarts of one configuration by their final weights, without TensorFlow.

    The points are scaled as in training, the held-out ones by what was fitted to the training
    points, and go through the network in the float32 of Keras.

    Args:
        problem: The problem.
        configuration: The configuration.
        measures: What to measure.
    """

    def __init__(
        self, problem: Problem, configuration: Configuration, measures: Sequence[Measure]
    ) -> None:
        data = problem.data
        scaled = scaler(configuration.scaling, data.features)
        self._measures = tuple(measures)
        trained = problem.under(configuration)
        self._network, self._loss = trained.network, _LOSSES[trained.loss_function]
        self._classes = len(data.classes)
        points = {False: (data.features, data.labels)}
        if data.validation is not None:
            points[True] = (data.validation.features, data.validation.labels)
        needed = {measure.is_validation for measure in self._measures}
        self._points = {which: (scaled(points[which][0]), points[which][1]) for which in needed}

    def of_stored(self, rows: Sequence[bytes]) -> NDArray[np.float64]:
        """The measures of restarts, as `__call__` gives them.

        Args:
            rows: The weights of each as the record keeps them: little-endian float32.
        """
        shape = (len(rows), self._network.weight_count)
        return self(np.frombuffer(b"".join(rows), dtype="<f4").reshape(shape))

    def __call__(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """The measures of restarts.

        Args:
            weights: (restarts, weights), as they are stored.

        Returns:
            (restarts, measures); NaN where an output is NaN.
        """
        figures = np.empty((len(weights), len(self._measures)))
        for which, (features, labels) in self._points.items():
            size = _at_once(self._network, self._classes, len(features))
            for first in range(0, len(weights), size):
                rows = slice(first, first + size)
                with np.errstate(over="ignore", invalid="ignore"):  # of points far outside
                    logits = forward(self._network, weights[rows], features).logits
                    found = self._of(logits, labels, which)
                for place, figure in found.items():
                    figures[rows, place] = figure
        return figures

    def _of(
        self, logits: NDArray[np.floating[Any]], labels: NDArray[np.uint8], is_validation: bool
    ) -> dict[int, NDArray[np.floating[Any] | np.int64]]:
        """The measures of one set of points by their places among all."""
        asked = {
            place: measure
            for place, measure in enumerate(self._measures)
            if measure.is_validation == is_validation
        }
        kinds = {measure.kind for measure in asked.values()}
        found: dict[str, Any] = {}
        if kinds - {"loss", "auc"}:
            right = right_points(logits, labels, self._classes)
            sizes = np.bincount(labels, minlength=self._classes)
            found["right"] = right
            found["accuracy"] = right.sum(axis=1) / len(labels)
            found["balanced_accuracy"] = balanced_accuracy(right, sizes)
        if "loss" in kinds:
            found["loss"] = self._loss(logits, labels)
        if "auc" in kinds:
            found["auc"] = area_under_curve(logits, labels)
        return {
            place: found[one.kind] if one.label is None else found[one.kind][:, one.label]
            for place, one in asked.items()
        }


def _at_once(network: Network, classes: int, points: int) -> int:
    widest = max(*network.hidden, classes)
    return max(1, _NUMBERS_AT_ONCE // (points * widest))


@dataclass(frozen=True)
class MeasuredConfiguration:
    """What one measure is over the restarts of a configuration, those that diverged left out.

    restarts: all of them, `diverged` included; mean; sd: the sample standard deviation, over one
    less than the number of restarts; quantiles: in the order of `QUANTILES`, by linear
    interpolation (type 7 of Hyndman and Fan 1996, Sample quantiles in statistical packages). What
    takes more restarts than there are is None.
    """

    configuration: Configuration
    measure: str
    restarts: int
    diverged: int
    mean: float | None
    sd: float | None
    quantiles: tuple[float | None, ...]

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names."""
        return {
            **self.configuration.to_json(),
            "measure": self.measure,
            "restarts": self.restarts,
            "diverged": self.diverged,
            "mean": self.mean,
            "sd": self.sd,
            **dict(zip(QUANTILES, self.quantiles, strict=True)),
        }


def summarised(
    configuration: Configuration,
    measures: Sequence[Measure],
    figures: NDArray[np.float64],
    diverged: int,
) -> list[MeasuredConfiguration]:
    """What measures are over the restarts of a configuration.

    Args:
        configuration: The configuration.
        measures: The measures.
        figures: (restarts, measures), of the restarts that did not diverge.
        diverged: How many did.

    Returns:
        A row for each measure.
    """
    count = len(figures)
    rows = []
    for measure, column in zip(measures, figures.T, strict=True):
        mean = sd = None
        quantiles: tuple[float | None, ...] = (None,) * len(QUANTILES)
        with np.errstate(invalid="ignore"):  # of losses that are infinite
            if count:
                mean = float(column.mean())
                quantiles = tuple(np.quantile(column, [*QUANTILES.values()]).tolist())
            if count > 1:
                sd = float(column.std(ddof=1))
        rows.append(
            MeasuredConfiguration(
                configuration, measure.name, count + diverged, diverged, mean, sd, quantiles
            )
        )
    return rows
