"""The lines of plain Keras that rebuild a trained network, to be pasted where they are needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.problem.problem import Problem
from search.problem.scaling import centre_and_factor

MOST_WEIGHTS = 400
"""Of a network that is written out; nobody reads more."""
_LINE = 88


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
    output = "sigmoid" if network.outputs == 1 else "softmax"
    activations = [network.activation] * len(network.hidden) + [output]
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
            for layer, activation in zip(network.layers, activations, strict=True)
        ),
        "    ]",
        ")",
        "model.set_weights(",
        "    [",
    ]
    for layer in network.layers:
        kernel = weights[layer.start : layer.bias].reshape(layer.inputs, layer.units)
        lines += _array(kernel, 8, ",")
        if layer.use_bias:
            lines += _array(weights[layer.bias : layer.end], 8, ",")
    lines += ["    ]", ")"]
    given = "points"
    if is_scaled:
        lines += _assigned("centre", centre) + _assigned("factor", factor)
        given = "(points - centre) * factor"
    lines += ["# Points as the data have them, one a row: here the first."]
    lines += _assigned("points", data.features[:1])
    lines += [f"print(model.predict({given}))  # {what}"]
    return "\n".join(lines)


def _assigned(name: str, values: NDArray[np.float64]) -> list[str]:
    first, *rest = _array(values, 0, "")
    return [f"{name} = {first}", *rest]


def _array(values: NDArray[np.floating], indent: int, end: str) -> list[str]:
    """An array as Python writes it, each number in as many digits as tell it."""
    margin = " " * indent
    whole = f"{margin}np.array({_nested(values)}){end}"
    if len(whole) <= _LINE or values.size == 1:
        return [whole]
    parts, shape = [_nested(np.asarray(part)) for part in values], ""
    if max(map(len, parts)) > _LINE - indent - 8:
        parts = [str(value) for value in values.ravel()]
        shape = f".reshape({', '.join(map(str, values.shape))})"
    lines = [f"{margin}np.array(", f"{margin}    ["]
    lines += [f"{margin}        {part}" for part in _filled(parts, _LINE - indent - 8)]
    return [*lines, f"{margin}    ]", f"{margin}){shape}{end}"]


def _nested(values: NDArray[np.floating]) -> str:
    if values.ndim == 0:
        return str(values[()])
    return f"[{', '.join(map(_nested, values))}]"


def _filled(parts: list[str], width: int) -> Iterator[str]:
    line = ""
    for part in parts:
        if line and len(line) + len(part) + 2 > width:
            yield line.rstrip()
            line = ""
        line += f"{part}, "
    yield line.rstrip()
