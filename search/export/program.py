"""The plain Keras program that trains a restart again from its seed, as text.

It needs NumPy and Keras alone: the points, the numbers of the scaling and the rule of the batch
order (`search.training.batches`) stand in it.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.array_text import array_lines
from search.problem.batch_orders import FIXED
from search.problem.data.datasets import Dataset, bands
from search.problem.errors import UserError
from search.problem.initializers import BiasInitializer, Initializer
from search.problem.losses import keras_loss
from search.problem.naming import configuration_name
from search.problem.optimizers import optimizer_arguments
from search.problem.problem import Problem
from search.problem.rows import RecordedRestart
from search.problem.scaling import fitted_line

_WIDTH = 100
_BANDS = """\
X = np.concatenate([np.linspace(0, 10, 100), np.linspace(11, 20, 100), np.linspace(21, 30, 100)])
X = X[:, None]
y = np.repeat([0, 1, 0], 100)
"""
_ORDER = '''\
def permutation(stream, row):
    """One of a stream of permutations of the points: Philox's random words, sorted.

    A word's lowest bits are replaced by the point that it stands for.
    """
    quarters = -(-len(X) // 4)
    generator = np.random.Philox(key=np.array([SEED // 256, stream], dtype=np.uint64))
    generator.advance(row * quarters)
    low = np.uint64(2 ** max(len(X) - 1, 1).bit_length() - 1)
    words = generator.random_raw(4 * quarters)[: len(X)]
    return np.sort((words & ~low) | np.arange(len(X), dtype=np.uint64)) & low


def batch_order(epoch):
    """The points in the order in which the seed trains on them: one permutation of another."""
    count = -(-256 // len(X))
    own = permutation(0x6D73, SEED % 256 * count + epoch % count)
    return own[permutation(0x6D72, epoch)]
'''
_FIXED_ORDER = '''\
def batch_order(epoch):
    """The points as the data have them, in every epoch."""
    return np.arange(len(X))
'''
_BATCHES = """\
def batches():
    for epoch in range(EPOCHS):
        order = batch_order(epoch)
        for first in range(0, len(X), BATCH_SIZE):
            points = order[first : first + BATCH_SIZE]
            yield X[points], y[points]
"""


def program(study: str, problem: Problem, recorded: RecordedRestart) -> str:
    """The program that trains a recorded restart again.

    Args:
        study: Name of the study, for its first line.
        problem: What the study holds fixed.
        recorded: The restart.

    Returns:
        Python, which prints accuracy and loss beside the recorded ones.

    Raises:
        UserError: If this version trains restarts otherwise than the study did.
    """
    if problem.outdated is not None:
        raise UserError(f"study {study!r} cannot be trained again: {problem.outdated}")
    configuration, restart = recorded.configuration, recorded.restart
    trained = problem.under(configuration)
    data = problem.data
    title = f"Seed {restart.seed} of {configuration_name(configuration)}, study {study}."
    parts = [
        f"{_comment(title)}\n# Needs NumPy and Keras alone.\n",
        "import keras\nimport numpy as np\n",
        f"SEED = {restart.seed}\nEPOCHS = {problem.epochs}\nBATCH_SIZE = {trained.step_points}\n",
        _points(data),
        _scaled(configuration.scaling, data),
        *((_FIXED_ORDER if trained.batch_order == FIXED else _ORDER,) if problem.epochs else ()),
        *((_BATCHES,) if problem.epochs else ()),
        _model(trained, configuration.optimizer, configuration.learning_rate),
        _ending(data, recorded, has_epochs=problem.epochs > 0),
    ]
    text = ""
    for before, part in zip(["", *parts], parts, strict=False):
        is_function = part.startswith("def ") or before.startswith("def ")
        text += ("\n\n" if is_function else "\n" if before else "") + part
    return text


def _points(data: Dataset) -> str:
    source = bands()
    is_source = np.array_equal(data.features, source.features) and np.array_equal(
        data.labels, source.labels
    )
    text = f"The points of {_one_line(data.name)}, and their classes"
    classes = ", ".join(f"{at} is {_one_line(name)}" for at, name in enumerate(data.classes))
    head = _comment(f"{text}: {classes}.")
    told = _BANDS if is_source else _features("X", data.features) + _array("y", data.labels)
    if data.validation is not None:
        told += "# Held out: scaled as the others, measured, not trained on.\n"
        told += _features("X_held_out", data.validation.features)
        told += _array("y_held_out", data.validation.labels)
    return f"{head}\n{told}"


def _scaled(scaling: str, data: Dataset) -> str:
    exponents, line = fitted_line(scaling, data.features)
    names = ["X"] if data.validation is None else ["X", "X_held_out"]
    lines = [f"# Scaling: {scaling}, in float64, fitted to all points that are trained on.\n"]
    if scaling == "none":
        lines = []
    if exponents.any():
        lines.append(_array("exponents", exponents))
        lines += [f"{name} = np.ldexp({name}, exponents)\n" for name in names]
    if scaling != "none":
        lines += [_array("first", line.first), _array("second", line.second)]
        lines += [f"{name} = {line.formula.replace('X', name)}\n" for name in names]
    ends = [("X", "y"), ("X_held_out", "y_held_out")][: len(names)]
    for name, labels in ends:
        lines.append(f'{name}, {labels} = {name}.astype("float32"), ')
        lines.append(f'{labels}[:, None].astype("float32")\n')
    return "".join(lines)


def _model(problem: Problem, optimizer: str, learning_rate: float) -> str:
    network = problem.network
    more = []
    initializer = Initializer.of(problem.initializer)
    bias = BiasInitializer.of(problem.bias_initializer)
    if problem.use_bias and bias.kind != "zeros":
        # Each draws its seed when it is made: the kernel's, written first, before that of the bias.
        more.append(f"kernel_initializer={_made(initializer)}")
    elif str(initializer) != "glorot_uniform":
        more.append(f"kernel_initializer={_initializer(initializer)}")
    if not problem.use_bias:
        more.append("use_bias=False")
    elif bias.kind != "zeros":
        more.append(f"bias_initializer={_made(bias)}")
    if problem.l2:
        more.append(f"kernel_regularizer=keras.regularizers.L2({problem.l2!r})")
    layers = "".join(
        _call("        keras.layers.Dense(", [str(layer.units), _text(activation), *more])
        for layer, activation in zip(network.layers, network.activations, strict=True)
    )
    class_name, arguments = optimizer_arguments(optimizer)
    given = {"learning_rate": learning_rate, **arguments}
    told = [f"{name}={value!r}" for name, value in given.items()]
    compiled = _call(f"    keras.optimizers.{class_name}(", told)
    return (
        "keras.utils.set_random_seed(SEED)\n"
        "model = keras.Sequential(\n"
        "    [\n"
        f"        keras.Input(({network.features},)),\n"
        f"{layers}"
        "    ]\n"
        ")\n"
        "model.compile(\n"
        f"{compiled}"
        f"    loss={_text(keras_loss(problem.loss_function, network.outputs))},\n"
        '    metrics=["accuracy"],\n'
        ")\n"
    )


def _ending(data: Dataset, recorded: RecordedRestart, *, has_epochs: bool) -> str:
    restart = recorded.restart
    text = ""
    if has_epochs:
        text += "steps = -(-len(X) // BATCH_SIZE)\n"
        text += "model.fit(batches(), epochs=EPOCHS, steps_per_epoch=steps, "
        text += "shuffle=False, verbose=0)\n\n"
    if restart.undecided:
        text += (
            f"# Undecided: {restart.undecided}. Rounding alone tells the class of such points.\n"
        )
    text += "loss, accuracy = model.evaluate(X, y, verbose=0)\n"
    text += 'print(f"accuracy {accuracy:.6f}, loss {loss:.6f}")\n'
    text += f'print("recorded {restart.accuracy:.6f}, loss {restart.loss:.6f}")\n'
    if data.validation is not None:
        text += "loss, accuracy = model.evaluate(X_held_out, y_held_out, verbose=0)\n"
        text += 'print(f"held out {accuracy:.6f}, loss {loss:.6f}")\n'
    return text


def _initializer(initializer: Initializer) -> str:
    return _made(initializer) if initializer.width is not None else _text(initializer.kind)


def _made(initializer: Initializer) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in initializer.arguments.items())
    return f"keras.initializers.{initializer.class_name}({given})"


def _features(name: str, features: NDArray[np.float64]) -> str:
    text = _array(name, features.ravel())
    return f"{text}{name} = {name}.reshape(-1, {features.shape[1]})\n"


def _array(name: str, values: NDArray[Any]) -> str:
    return "".join(f"{line}\n" for line in array_lines(values, f"{name} = "))


def _call(start: str, arguments: list[str]) -> str:
    """A call with a comma behind it, as it stands in a list; each argument in a line if need be."""
    whole = f"{start}{', '.join(arguments)}),\n"
    if len(whole) <= _WIDTH:
        return whole
    margin = " " * (len(start) - len(start.lstrip()))
    lines = "".join(f"{margin}    {argument},\n" for argument in arguments)
    return f"{start}\n{lines}{margin}),\n"


def _text(text: str) -> str:
    return f'"{text}"'


def _comment(text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _one_line(name: str) -> str:
    """A name as it can stand in a comment."""
    return " ".join(name.split())
