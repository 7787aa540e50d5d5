"""The lines of plain Keras in a report."""

from __future__ import annotations

import numpy as np
import pytest

import multirestart as mr
from search.problem.configuration import Configuration
from search.problem.forward import forward
from search.problem.scaling import scale
from search.reports.keras_lines import keras_lines

STANDARD = Configuration("standard", "adam", 0.1)


def test_the_network_of_the_source_problem_is_written_out() -> None:
    weights = np.array([1.5, -2, 0.1, 0.25, 3, 4, -0.5], dtype=np.float32)
    text = keras_lines(mr.Problem(), Configuration("none", "sgd", 0.1), weights)
    assert text == (
        "import keras\n"
        "import numpy as np\n"
        "\n"
        "model = keras.Sequential(\n"
        "    [\n"
        "        keras.Input((1,)),\n"
        '        keras.layers.Dense(2, "sigmoid"),\n'
        '        keras.layers.Dense(1, "sigmoid"),\n'
        "    ]\n"
        ")\n"
        "model.set_weights(\n"
        "    [\n"
        "        np.array([[1.5, -2.0]]),\n"
        "        np.array([0.1, 0.25]),\n"
        "        np.array([[3.0], [4.0]]),\n"
        "        np.array([-0.5]),\n"
        "    ]\n"
        ")\n"
        "# Points as the data have them, one a row: here the first.\n"
        "points = np.array([[0.0]])\n"
        "print(model.predict(points))  # the probability of class '1'"
    )


def test_a_network_of_many_weights_is_not_written_out() -> None:
    problem = mr.Problem(hidden=(100, 100))
    weights = np.zeros(problem.network.weight_count, np.float32)
    assert keras_lines(problem, STANDARD, weights) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "problem",
    [
        mr.Problem(hidden=(9, 3), activation="tanh"),
        mr.Problem(hidden=(4,), use_bias=False),
        mr.Problem(
            data=mr.Dataset.of([[n, n**2, n % 3] for n in range(9)], list("aabbccabc"), "three")
        ),
    ],
    ids=["deep", "without biases", "three classes"],
)
def test_the_lines_make_the_network_that_was_recorded(problem: mr.Problem) -> None:
    draws = np.random.default_rng(0)
    weights = draws.normal(size=problem.network.weight_count).astype(np.float32)
    text = keras_lines(problem, STANDARD, weights)
    assert text is not None
    assert max(map(len, text.splitlines())) <= 100
    made: dict[str, object] = {}
    exec(text.partition("print(")[0], made)
    points, centre, factor = (np.asarray(made[name]) for name in ("points", "centre", "factor"))
    assert np.array_equal(points, problem.data.features[:1])
    answered = made["model"].predict(  # type: ignore[attr-defined]
        (problem.data.features - centre) * factor, verbose=0
    )
    features = scale("standard", problem.data.features)
    expected = forward(problem.network, weights[None], features).probabilities[0]
    assert np.allclose(np.squeeze(answered), expected, atol=1e-6)
