"""Measure how near to 1/2 outputs stand: of restarts that are stuck there, and of others.

For 256 restarts of each configuration of the default space, on 4-row XOR and on the source problem:
how many ended stuck at a loss of ln 2 / 2, where their logits stand, and whose outcome a bound
changes. Run as `python scripts/undecided.py`.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.problem.configuration import SearchSpace
from search.problem.data.datasets import Dataset, bands
from search.problem.forward import forward
from search.problem.problem import Problem, Task
from search.problem.scaling import scale
from search.running.trial import recipe
from search.training.stack import train_stack

FIRST_SEED, RESTARTS = 256_000, 256
BOUNDS = (0.003, 0.01, 0.03)
_NEAR_LN2_HALF = 5e-3

XOR = Dataset(
    "xor4", np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0], np.uint8)
)


def main() -> None:
    """Print a line for each configuration of each problem."""
    for problem in (
        Problem(XOR),
        Problem(XOR, epochs=1000),
        Problem(bands()),
    ):
        print(f"{problem.data.name}, {problem.epochs} epochs; bounds {BOUNDS}")
        for configuration in SearchSpace().configurations or ():
            print(
                f"  {configuration}: {measured(Task(problem, configuration, FIRST_SEED, RESTARTS))}"
            )


def measured(task: Task) -> str:
    """What became of the restarts of a task, in words."""
    data, bars = task.problem.data, task.problem.bars
    features = scale(task.configuration.scaling, data.features)
    labels = data.labels.astype(np.float32)
    tiles = list(train_stack(features, labels, recipe(task), task.seeds))
    weights = np.concatenate([tile.weights for tile in tiles])
    correct = np.concatenate([tile.final_correct for tile in tiles])
    loss = np.concatenate([tile.final_loss for tile in tiles])
    logits = forward(task.problem.network, weights, features).logits
    size = np.sort(np.abs(logits), axis=1)
    said = f"escaped {(correct >= bars.escaped).sum()}, solved {(correct >= bars.solved).sum()}"
    near = abs(loss - math.log(2) / 2) < _NEAR_LN2_HALF
    stuck = near & (size[:, 2] > 1) & (size[:, 1] < 1 / 2)
    if data.points == XOR.points and stuck.any():
        within = [int((size[stuck, 1] <= bound).sum()) for bound in BOUNDS]
        said += (
            f"; stuck {stuck.sum()}: two logits within {size[stuck, 1].max():.4f}, the others "
            f"beyond {size[stuck, 2].min():.1f}; both within each bound {within}"
        )
    lost = []
    for bound in BOUNDS:
        decided = (abs(logits) > bound) & ((logits > 0) == data.labels)
        right = np.where((abs(logits) <= bound).any(axis=1), decided.sum(axis=1), correct)
        lost.append(
            tuple(
                int(((correct >= bar) & (right < bar)).sum()) for bar in (bars.escaped, bars.solved)
            )
        )
    return f"{said}; escapes and solutions that each bound takes {lost}"


if __name__ == "__main__":
    main()
