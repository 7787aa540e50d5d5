"""The shape of a small dense network, and where each weight stands in a flat row of weights."""

from __future__ import annotations

from dataclasses import dataclass

ACTIVATIONS = ("sigmoid", "tanh", "relu", "elu", "leaky_relu", "selu", "softplus", "gelu")
"""Of hidden layers: what `keras.layers.Dense(units, name)` applies, with Keras's own defaults."""


@dataclass(frozen=True)
class Layer:
    """One dense layer: `inputs` x `units` kernel weights from `start`, then `units` biases, if any.

    The order is that of Keras: the kernel row by row, then the bias.
    """

    inputs: int
    units: int
    start: int
    use_bias: bool = True

    @property
    def bias(self) -> int:
        """Index just past the kernel in the flat row of weights, where the biases stand."""
        return self.start + self.inputs * self.units

    @property
    def end(self) -> int:
        """Index just past the layer's last weight."""
        return self.bias + (self.units if self.use_bias else 0)


@dataclass(frozen=True)
class Network:
    """Hidden dense layers of one activation, and a dense output.

    Args:
        features: Features of a point.
        hidden: Units of each hidden layer, one or more.
        activation: Of the hidden layers, one of `ACTIVATIONS`.
        outputs: 1 for a sigmoid unit, which tells two classes apart, or a softmax of so many
            classes, 3 or more.
        use_bias: Whether the layers have biases, the output too.

    Raises:
        ValueError: If one of them is none of these.
    """

    features: int
    hidden: tuple[int, ...] = (2,)
    activation: str = "sigmoid"
    outputs: int = 1
    use_bias: bool = True

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
        if self.outputs < 1 or self.outputs == 2:
            raise ValueError(
                "outputs must be 1, which tells two classes apart, or the number of 3 or more "
                f"classes, received {self.outputs}"
            )

    def __str__(self) -> str:
        return "-".join(str(size) for size in (self.features, *self.hidden, self.outputs))

    @property
    def activations(self) -> tuple[str, ...]:
        """Of each layer: the hidden ones' own; a sigmoid of one output, a softmax of several."""
        output = "sigmoid" if self.outputs == 1 else "softmax"
        return (*[self.activation] * len(self.hidden), output)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers from the first hidden one to the output."""
        layers = []
        inputs, start = self.features, 0
        for units in (*self.hidden, self.outputs):
            layers.append(Layer(inputs, units, start, self.use_bias))
            inputs, start = units, layers[-1].end
        return tuple(layers)

    @property
    def weight_count(self) -> int:
        """Number of weights and biases: 7 for 1-2-1, 9 for 2-2-1."""
        return self.layers[-1].end
