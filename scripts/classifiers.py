"""Compare RestartClassifier with MLPClassifier's best of as many, and with one plain Keras fit.

On scikit-learn's small data sets, 30% of the points held out: escape rate, restarts needed, test
accuracy and seconds. All three train the same network on standardised features by Adam(0.01), 100
epochs of batch size 32; MLPClassifier has relu hidden units and starts as scikit-learn has it. Run
as `python scripts/classifiers.py`; `--restarts 8` makes it quick.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_circles,
    make_moons,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import multirestart as mr

HIDDEN, EPOCHS, LEARNING_RATE, BATCH = (4,), 100, 0.01, 32
DATA: dict[str, Callable[[], Any]] = {
    "breast_cancer": lambda: load_breast_cancer(return_X_y=True),
    "iris": lambda: load_iris(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "moons": lambda: make_moons(300, noise=0.15, random_state=0),
    "circles": lambda: make_circles(300, noise=0.1, factor=0.5, random_state=0),
}


def main() -> None:
    """Print a row for each data set, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=64)
    parser.add_argument("--data", nargs="*", choices=DATA, default=list(DATA))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    mr.RestartClassifier(n_init=1, epochs=1).fit([[0.0], [1.0]], [0, 1])  # loads TensorFlow
    print("| data | escaped | restarts needed | accuracy: ours | best MLP | one fit ", end="")
    print("| seconds: ours | again | MLPs | one fit |")
    print("| --- |" + " --- |" * 9)
    for name in arguments.data:
        print(row(name, arguments.restarts), flush=True)


def row(name: str, restarts: int) -> str:
    """The row of one data set."""
    x, y = DATA[name]()
    parts = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    ours = mr.RestartClassifier(
        restarts,
        hidden=HIDDEN,
        activation="relu",
        learning_rate=LEARNING_RATE,
        epochs=EPOCHS,
        batch_size=BATCH,
        random_state=0,
    )
    x_train, x_test, y_train, y_test = parts
    first, again = (timed(lambda: ours.fit(x_train, y_train))[1] for _ in range(2))
    scaler = StandardScaler().fit(x_train)
    scaled = scaler.transform(x_train), scaler.transform(x_test)
    mlp, mlp_seconds = timed(lambda: best_mlp(scaled[0], y_train, restarts))
    accuracy, keras_seconds = timed(lambda: one_fit(*scaled, y_train, y_test))
    return (
        f"| {name} | {round(ours.escape_rate_ * restarts)} of {restarts} "
        f"| {ours.restarts_needed_} | {ours.score(x_test, y_test):.3f} "
        f"| {mlp.score(scaled[1], y_test):.3f} | {accuracy:.3f} | {first:.1f} | {again:.1f} "
        f"| {mlp_seconds:.1f} | {keras_seconds:.1f} |"
    )


def best_mlp(x: Any, y: Any, restarts: int) -> Any:
    """The network of the lowest training loss of as many random states."""
    fitted = [
        MLPClassifier(
            HIDDEN,
            learning_rate_init=LEARNING_RATE,
            batch_size=BATCH,
            max_iter=EPOCHS,
            alpha=0,
            n_iter_no_change=EPOCHS,
            random_state=seed,
        ).fit(x, y)
        for seed in range(restarts)
    ]
    return min(fitted, key=lambda network: network.loss_)


def one_fit(x: Any, x_test: Any, y: Any, y_test: Any) -> float:
    """The test accuracy of one plain Keras network."""
    import keras

    keras.utils.set_random_seed(0)
    classes = int(y.max()) + 1
    outputs, output, loss = (
        (1, "sigmoid", "binary_crossentropy")
        if classes == 2
        else (classes, "softmax", "sparse_categorical_crossentropy")
    )
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            *(keras.layers.Dense(units, "relu") for units in HIDDEN),
            keras.layers.Dense(outputs, output),
        ]
    )
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=loss, metrics=["accuracy"])
    model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return float(model.evaluate(x_test, y_test, verbose=0)[1])


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the seconds it took."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


if __name__ == "__main__":
    main()
