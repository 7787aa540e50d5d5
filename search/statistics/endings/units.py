"""Hidden units that do no work: dead, saturated, or constant over the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.forward import forward
from search.problem.network import Network

TOLERANCE = 0.01
"""A share of an activation's range, or an amount of what a unit receives, taken for nothing."""

_ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""The range of activations that have one; the others have no upper end."""


class UnitState(StrEnum):
    """What a hidden unit does over the data.

    dead: a relu that gives 0 on every point, or a unit whose output changes what any unit above
    it receives by less than 0.01 in all, its outgoing weights being next to nothing. saturated: its
    activation stays within 0.01 of its range (1 for sigmoid, 2 for tanh) of one end on every
    point. constant: its activation moves by less than that over the data, but not at an end; for
    relu and others that have no range, by at most 0.01 of its largest value. In all three it works
    as a bias at most. step: it is within that of one end or the other on every point, and of both
    on some: a hard step, which no gradient moves any more. Else it is active.
    """

    DEAD = "dead"
    SATURATED = "saturated"
    CONSTANT = "constant"
    STEP = "step"
    ACTIVE = "active"


@dataclass(frozen=True)
class HiddenUnit:
    """A hidden unit, counted from 1, its state and its mean activation over the data."""

    layer: int
    unit: int
    state: UnitState
    mean: float

    def __str__(self) -> str:
        at = {
            UnitState.SATURATED: f" at {self.mean:.0f}",
            UnitState.CONSTANT: f" at {self.mean:.2f}",
        }
        return f"{self.state.value}{at.get(self.state, '')}"


def hidden_units(
    network: Network, weights: NDArray[np.float32], features: NDArray[np.float32]
) -> tuple[HiddenUnit, ...]:
    """The hidden units of one network, layer by layer.

    weights: (weights,), finite; features: (points, features), scaled.
    """
    outputs = forward(network, weights[None], features)
    units = []
    above = network.layers[1:]
    for number, (layer, next_layer) in enumerate(zip(network.layers, above, strict=False), 1):
        kernel = weights[next_layer.start : next_layer.bias].reshape(layer.units, next_layer.units)
        for unit in range(layer.units):
            activation = outputs.hidden[number - 1][0, :, unit]
            state = _state(network.activation, activation, float(np.abs(kernel[unit]).max()))
            units.append(HiddenUnit(number, unit + 1, state, float(activation.mean())))
    return tuple(units)


def describe_units(units: Sequence[HiddenUnit], several_layers: bool) -> str:
    """The units that are not active, named; of a wide network counted."""
    idle = [unit for unit in units if unit.state is not UnitState.ACTIVE]
    if len({str(unit) for unit in units}) == 1:
        return f"{'all ' if len(units) > 2 else 'both ' if len(units) == 2 else ''}{units[0]}"
    if len(idle) > 4:
        counts = Counter(str(unit) for unit in idle)
        named = ", ".join(f"{count} {state}" for state, count in counts.items())
        return f"{named}, {len(units) - len(idle)} active"
    return ", ".join(
        f"{f'layer {unit.layer} ' if several_layers else ''}unit {unit.unit} {unit}"
        for unit in idle
    )


def _state(activation: str, values: NDArray[np.floating[Any]], outgoing: float) -> UnitState:
    low, high = float(values.min()), float(values.max())
    works = (UnitState.DEAD, outgoing * (high - low) < TOLERANCE)
    if activation not in _ENDS:
        near = TOLERANCE * max(abs(low), abs(high))
        unbounded = (
            (UnitState.DEAD, activation == "relu" and high == 0),
            (UnitState.CONSTANT, high - low <= near),
            works,
        )
        return next((state for state, holds in unbounded if holds), UnitState.ACTIVE)
    bottom, top = _ENDS[activation]
    near = TOLERANCE * (top - bottom)
    states = (
        (UnitState.SATURATED, high - bottom < near or top - low < near),
        (UnitState.CONSTANT, high - low < near),
        works,
        (UnitState.STEP, bool(((values - bottom < near) | (top - values < near)).all())),
    )
    return next((state for state, holds in states if holds), UnitState.ACTIVE)
