"""The lines of plain Keras that rebuild a trained network, to be pasted where they are needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.problem.array_text import array_lines
from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.scaling import centre_and_factor

MOST_WEIGHTS = 400
"""Of a network that is written out; nobody reads more."""


def keras_lines(
    problem: Problem, configuration: Configuration, weights: NDArray[np.float32]
) -> str | None:
    """Python that makes the network with its final weights, and has it answer the first point.

    Args:
        problem: What the study holds fixed.
        configuration: That the network was trained under.
        weights: (weights,), as recorded.

    Returns:
        The program; None if the network has too many weights to be written out.
    """
    problem = problem.under(configuration)
    network, data = problem.network, problem.data
    if network.weight_count > MOST_WEIGHTS:
        return None
    centre, factor = centre_and_factor(configuration.scaling, data.features)
    is_scaled = bool((centre != 0).any() or (factor != 1).any())
    no_bias = "" if network.use_bias else ", use_bias=False"
    what = (
        f"the probability of class {data.classes[1]!r}"
        if network.outputs == 1
        else f"the probabilities of the classes {', '.join(map(repr, data.classes))}"
    )
    lines = [
        "import keras",
        "import numpy as np",
        "",
        "model = keras.Sequential(",
        "    [",
        f"        keras.Input(({network.features},)),",
        *(
            f'        keras.layers.Dense({layer.units}, "{activation}"{no_bias}),'
            for layer, activation in zip(network.layers, network.activations, strict=True)
        ),
        "    ]",
        ")",
        "model.set_weights(",
        "    [",
    ]
    for layer in network.layers:
        kernel = weights[layer.start : layer.bias].reshape(layer.inputs, layer.units)
        lines += array_lines(kernel, " " * 8, ",")
        if layer.use_bias:
            lines += array_lines(weights[layer.bias : layer.end], " " * 8, ",")
    lines += ["    ]", ")"]
    given = "points"
    if is_scaled:
        lines += array_lines(centre, "centre = ") + array_lines(factor, "factor = ")
        given = "(points - centre) * factor"
    lines += ["# Points as the data have them, one a row: here the first."]
    lines += array_lines(data.features[:1], "points = ")
    lines += [f"print(model.predict({given}))  # {what}"]
    return "\n".join(lines)
