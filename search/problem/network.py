"""The shape of a small dense network, and where each weight stands in a flat row of weights."""

from __future__ import annotations

from dataclasses import dataclass

ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Layer:
    """One dense layer: `inputs` x `units` kernel weights from `start`, then `units` biases.

    The order is that of Keras: the kernel row by row, then the bias.
    """

    inputs: int
    units: int
    start: int

    @property
    def bias(self) -> int:
        """Index of the first bias in the flat row of weights."""
        return self.start + self.inputs * self.units

    @property
    def end(self) -> int:
        """Index just past the last bias."""
        return self.bias + self.units


@dataclass(frozen=True)
class Network:
    """Hidden dense layers of one activation and one sigmoid output unit.

    Raises ValueError if a size is not positive or the activation is none of `ACTIVATIONS`.
    """

    features: int
    hidden: tuple[int, ...] = (2,)
    activation: str = "sigmoid"

    def __post_init__(self) -> None:
        if self.features < 1:
            raise ValueError(f"features must be at least 1, received {self.features}")
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(
                f"hidden must be one or more layer sizes of at least 1, received {self.hidden}"
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {', '.join(ACTIVATIONS)}, received {self.activation!r}"
            )

    def __str__(self) -> str:
        return "-".join(str(size) for size in (self.features, *self.hidden, 1))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers from the first hidden one to the output."""
        layers = []
        inputs, start = self.features, 0
        for units in (*self.hidden, 1):
            layers.append(Layer(inputs, units, start))
            inputs, start = units, layers[-1].end
        return tuple(layers)

    @property
    def weight_count(self) -> int:
        """Number of weights and biases: 7 for 1-2-1, 9 for 2-2-1."""
        return self.layers[-1].end
