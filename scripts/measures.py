"""What the benchmark measures, each figure in a process of its own.

`python scripts/measures.py NAME [SIZE]` prints one figure as JSON: restarts of 200 epochs a second
unless it says otherwise. SIZE scales the work down from 1.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from scripts.peers import (
    BATCH,
    EPOCHS,
    RATE,
    bound,
    jax,
    keras_fit,
    nnet,
    points,
    sklearn,
    turbanet,
)
from scripts.waits import best, default_launch, launch, parent, reading


def stack(size: float, **work: Any) -> float:
    """Our stack on one core: initial weights, batch orders, training, epoch accuracies, losses."""
    train, count, epochs = _trainer(size, **work)
    train(0)  # compiles
    seconds = statistics.median(train(repeat * 4096) for repeat in range(1, 4))
    return count / seconds * epochs / EPOCHS


def _trainer(
    size: float,
    *,
    optimizer: str = "adam",
    hidden: tuple[int, ...] = (2,),
    features: int = 1,
    count_of_points: int = 300,
    epochs: int = EPOCHS,
    restarts: int = 1024,
) -> tuple[Callable[[int], float], int, int]:
    """A function from the first seed to the seconds of one core, the restarts, and the epochs."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from search.problem.network import Network
    from search.training.stack import Recipe, train_stack

    x, y = points(features, count_of_points)
    recipe = Recipe(Network(features, hidden), optimizer, RATE, epochs, BATCH)
    count = max(64, int(restarts * size))

    def train(first: int) -> float:
        began = time.perf_counter()
        for _ in train_stack(x, y, recipe, range(first, first + count)):
            pass
        return time.perf_counter() - began

    return train, count, epochs


def growth(size: float, *, once: dict[str, Any], tenfold: dict[str, Any]) -> float:
    """Seconds of ten times the work over those of once, in turns in one process."""
    small, big = _trainer(size, **once)[0], _trainer(size, **tenfold)[0]
    small(0), big(0)  # compile
    ratios = []
    for repeat in range(1, 4):
        before, tenth, after = small(repeat * 65536), big(repeat * 65536), small(repeat * 65536)
        ratios.append(2 * tenth / (before + after))
    return statistics.median(ratios)


def both_cores(size: float) -> float:
    """Our stack in one process per core, all at once: the sum."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import measures, os;"
        "pin = os.sched_setaffinity; core = {int(sys.argv[2])};"
        "os.sched_setaffinity = lambda pid, _: pin(pid, core);"
        "print(measures.stack(float(sys.argv[3])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(HERE), str(core), str(size)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for core in os.sched_getaffinity(0)
    ]
    return sum(float(process.communicate()[0]) for process in processes)


MEASURES: dict[str, Callable[[float], Any]] = {
    "stack": stack,
    "stack both cores": both_cores,
    "bound": bound,
    "keras": keras_fit,
    "jax": jax,
    "turbanet": turbanet,
    "nnet": nnet,
    "sklearn adam": lambda size: sklearn(size, solver="adam"),
    "sklearn lbfgs": lambda size: sklearn(size, solver="lbfgs"),
    "launch 50": lambda size: launch(size, trials=50, workers=2),
    "launch 100, 1 worker": lambda size: launch(size, trials=100, workers=1),
    "launch 100, 2 workers": lambda size: launch(size, trials=100, workers=2),
    "best": best,
    "default launch": default_launch,
    "reading": reading,
    "parent": parent,
    "restarts x10": lambda size: growth(size, once={}, tenfold={"restarts": 10240}),
    "epochs x10": lambda size: growth(
        size, once={"restarts": 256}, tenfold={"restarts": 256, "epochs": 2000}
    ),
    "points x10": lambda size: growth(
        size, once={"restarts": 256}, tenfold={"restarts": 256, "count_of_points": 3000}
    ),
    "stack points x10": lambda size: stack(size, count_of_points=3000, restarts=256),
    "stack hidden 16": lambda size: stack(size, hidden=(16,), restarts=256),
    "stack hidden 8,8": lambda size: stack(size, hidden=(8, 8), restarts=256),
    "stack 10 features": lambda size: stack(size, features=10, restarts=256),
    "keras hidden 16": lambda size: keras_fit(size, hidden=(16,), epochs=50),
    "keras hidden 8,8": lambda size: keras_fit(size, hidden=(8, 8), epochs=50),
    "keras 10 features": lambda size: keras_fit(size, features=10, epochs=50),
    "keras points x10": lambda size: keras_fit(size, count_of_points=3000, epochs=20),
}


def _optimizer_measure(name: str) -> Callable[[float], float]:
    return lambda size: stack(size / 2, optimizer=name)


def all_measures() -> dict[str, Callable[[float], Any]]:
    """All measures by name, with one for each optimizer."""
    from search.problem.optimizers import OPTIMIZERS

    return {**MEASURES, **{f"stack {name}": _optimizer_measure(name) for name in OPTIMIZERS}}


if __name__ == "__main__":
    chosen = all_measures()[sys.argv[1]]
    print(json.dumps(chosen(float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)))
