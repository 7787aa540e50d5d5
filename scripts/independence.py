"""Whether restarts are independent, and whether what is said of them is true, on real restarts.

`python scripts/independence.py` trains many restarts of many configurations and prints, for each,
the variance of the escape rates of blocks of consecutive seeds over that of independent restarts:
1 within noise, or intervals are too narrow. `python scripts/independence.py --claims` trains very
many restarts of a few, makes studies of 256 of them, and counts how often the 95% interval held the
true rate, how often the log-rank test called a configuration different from itself, and how often a
race among copies of one configuration dropped any.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from rich.progress import track
from scipy.special import chdtrc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.problem.configuration import Configuration
from search.problem.data.datasets import Dataset, bands, bands2d, xor
from search.problem.problem import Problem, Task
from search.reports.layout import Column
from search.reports.report import show_table
from search.statistics.escape import EscapeRate
from search.statistics.race import judge_race
from search.statistics.race_state import Entrant, RaceRules, RaceState
from search.statistics.survival import EscapeTimes, log_rank

BLOCKS = (64, 256)  # seeds
STUDY = 256  # restarts
RACERS = 4
RACE = RaceRules(first_round=64, max_restarts=512)


@dataclass(frozen=True)
class Cell:
    """A problem and a configuration whose restarts are looked at."""

    data: str
    optimizer: str
    learning_rate: float
    batch_size: int = 32
    epochs: int = 100
    hidden: tuple[int, ...] = (2,)

    @property
    def problem(self) -> Problem:
        """What is trained."""
        data = DATA[self.data]()
        margin = 0.01 if data.points > 100 else 0.1
        return Problem(
            data, self.hidden, epochs=self.epochs, batch_size=self.batch_size, margin=margin
        )

    @property
    def texts(self) -> list[str]:
        """The cells of its row."""
        hidden = ",".join(map(str, self.hidden))
        batch = "full" if self.batch_size >= 2**16 else str(self.batch_size)
        return [self.data, hidden, self.optimizer, f"{self.learning_rate:g}", batch]


def moons() -> Dataset:
    """Two half circles that reach into each other, 300 points; plateau 1/2."""
    random = np.random.RandomState(
        0
    )  # as scikit-learn's make_moons(300, noise=0.15) draws, to the bit
    turn = np.linspace(0, np.pi, 150)
    outer = np.column_stack([np.cos(turn), np.sin(turn)])
    inner = np.column_stack([1 - np.cos(turn), 1 - np.sin(turn) - 0.5])
    order = np.arange(300)
    random.shuffle(order)
    features = np.vstack([outer, inner])[order] + random.normal(scale=0.15, size=(300, 2))
    return Dataset("moons", features, (order >= 150).astype(np.uint8))


def with_noise(features: int) -> Callable[[], Dataset]:
    """`bands` with columns of noise, so that it has so many features."""

    def make() -> Dataset:
        data = bands()
        noise = np.random.default_rng(0).normal(size=(data.points, features - 1)) * 0.3
        return replace(data, features=np.column_stack([data.features, noise]))

    return make


def corners() -> Dataset:
    """The four points of exclusive or."""
    features = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    return Dataset("corners", features, np.array([0, 1, 1, 0], dtype=np.uint8))


def nine() -> Dataset:
    """Nine points of `bands`."""
    data = bands()
    chosen = np.linspace(0, data.points - 1, 9).round().astype(int)
    return Dataset("nine", data.features[chosen], data.labels[chosen])


DATA: dict[str, Callable[[], Dataset]] = {
    "bands": bands,
    "bands2d": bands2d,
    "xor": xor,
    "moons": moons,
    "10 features": with_noise(10),
    "30 features": with_noise(30),
    "70 features": with_noise(70),
    "4 points": corners,
    "9 points": nine,
}
FULL = 2**16
OPTIMIZERS = {
    "sgd": 3.0,
    "momentum": 0.3,
    "nesterov": 0.3,
    "rmsprop": 0.3,
    "adam": 0.3,
    "adamw": 0.3,
    "nadam": 0.3,
    "adamax": 1.0,
    "adagrad": 1.0,
    "adadelta": 10.0,
    "ftrl": 3.0,
    "lion": 0.1,
}
CELLS = (
    *(Cell("bands", name, rate) for name, rate in OPTIMIZERS.items()),
    *(Cell("bands", name, 1.0) for name in ("adam", "rmsprop", "momentum")),
    *(Cell("bands", name, 30.0) for name in ("sgd", "adam")),
    *(Cell("bands", name, 0.1, 1, 40) for name in ("adam", "momentum")),
    *(Cell("bands", name, 1.0, 4, 60) for name in ("adam", "momentum", "rmsprop")),
    Cell("bands", "adam", 0.3, 4, 60),
    *(Cell("bands", name, 1.0, 128) for name in ("adam", "rmsprop")),
    *(Cell("bands", name, 1.0, FULL) for name in ("adam", "rmsprop")),
    Cell("bands", "rmsprop", 10.0, hidden=(8,)),
    Cell("bands", "adam", 10.0, 4, 40, hidden=(8,)),
    Cell("bands2d", "rmsprop", 1.0),
    Cell("10 features", "rmsprop", 1.0),
    Cell("10 features", "rmsprop", 1.0, 4, 40),
    Cell("30 features", "rmsprop", 0.3, 32, 40),
    Cell("70 features", "rmsprop", 0.3, 32, 20),
    *(Cell("xor", name, 1.0, 4, 60) for name in ("momentum", "rmsprop")),
    Cell("moons", "rmsprop", 1.0),
    Cell("moons", "momentum", 1.0, 4, 40),
    Cell("4 points", "adam", 0.3, 1, 60),
    Cell("4 points", "momentum", 1.0, 1, 60),
    Cell("9 points", "adam", 1.0, 1, 60),
)
CLAIMS = (
    Cell("bands", "adam", 0.1, 32, 200),
    Cell("bands", "adam", 1.0, 32, 100),
    Cell("bands", "rmsprop", 1.0, 32, 100),
    Cell("bands", "rmsprop", 1.0, 4, 40),
)


def escape_epochs(cell: Cell, first: int, restarts: int) -> NDArray[np.int64]:
    """The escape epochs of consecutive seeds, (restarts,); 0 for those that did not escape."""
    from search.running.trial import train_trial

    configuration = Configuration("standard", cell.optimizer, cell.learning_rate)
    rows = train_trial(Task(cell.problem, configuration, first, restarts))
    return np.array([row.escape_epoch or 0 for row in rows])


def over_binomial(escaped: NDArray[np.bool_], block: int) -> tuple[float, float]:
    """Variance of the rates of blocks over that of independent restarts, and its two-sided p.

    With k blocks of independent restarts, k - 1 times it is chi-squared with k - 1 degrees of
    freedom (Fisher's index of dispersion). NaN if all or none escaped.
    """
    rates, rate = escaped.reshape(-1, block).mean(axis=1), escaped.mean()
    if rate in (0.0, 1.0):
        return float("nan"), float("nan")
    ratio = float(rates.var(ddof=1) / (rate * (1 - rate) / block))
    above = float(chdtrc(len(rates) - 1, ratio * (len(rates) - 1)))
    return ratio, 2 * min(above, 1 - above)


def variance_row(cell: Cell, epochs: NDArray[np.int64]) -> list[str]:
    """A row of the table of variances, from the escape epochs of all restarts."""
    escaped = epochs > 0
    found = [over_binomial(escaped, block) for block in BLOCKS]
    shown = [text for ratio, p in found for text in (f"{ratio:.2f}", f"{p:.3f}")]
    return [*cell.texts, f"{escaped.mean():.3f}", *shown]


def claims_row(cell: Cell, epochs: NDArray[np.int64]) -> list[str]:
    """A row of the table of claims, from the escape epochs of all restarts."""
    escaped = epochs > 0
    studies = epochs.reshape(-1, STUDY)
    truth = escaped.mean()
    intervals = [EscapeRate(int((study > 0).sum()), STUDY).interval for study in studies]
    held = sum(low <= truth <= high for low, high in intervals)
    tests = [
        log_rank(*(_times(study, cell.epochs) for study in pair))
        for pair in zip(studies[::2], studies[1::2], strict=True)
    ]
    alarms = sum(test is not None and test.p < 0.05 for test in tests)
    length = RACE.max_restarts
    races = escaped[: len(escaped) // (RACERS * length) * RACERS * length]
    drops = sum(any(_race(flags).drops) for flags in races.reshape(-1, RACERS, length))
    return [
        *cell.texts,
        f"{truth:.3f}",
        *(f"{over_binomial(escaped, block)[0]:.2f}" for block in BLOCKS),
        f"{held / len(studies):.1%} of {len(studies)}",
        f"{alarms / len(tests):.1%} of {len(tests)}",
        f"{drops / (len(races) // (RACERS * length)):.1%} of {len(races) // (RACERS * length)}",
    ]


def _times(study: NDArray[np.int64], epochs: int) -> EscapeTimes:
    at, count = np.unique(study[study > 0], return_counts=True)
    return EscapeTimes(at, count, len(study), epochs)


def _race(flags: NDArray[np.bool_]) -> RaceState:
    """A race among copies of one configuration, each with seeds of its own."""
    first = EscapeRate(1, 2)
    key = Configuration("standard", "adam", 0.1)
    return judge_race(RACE, [Entrant(key, first)] * len(flags), list(flags))


@click.command()
@click.option("--claims", is_flag=True, help="Count what holds of intervals, tests and races.")
@click.option(
    "--restarts",
    type=click.IntRange(min=2048),
    help="Restarts of each configuration.  [default: 16384; with --claims 524288]",
)
def main(*, claims: bool, restarts: int | None) -> None:
    """Train restarts of many configurations, and print what they say of independence."""
    cells, row = (CLAIMS, claims_row) if claims else (CELLS, variance_row)
    wanted = restarts or (2**19 if claims else 2**14)
    count = wanted // (2 * STUDY) * 2 * STUDY
    parts = [range(first, min(first + 2**14, count)) for first in range(0, count, 2**14)]
    jobs = [delayed(escape_epochs)(cell, part.start, len(part)) for cell in cells for part in parts]
    trained = Parallel(n_jobs=cpu_count(), return_as="generator")(jobs)
    rows, found = [], iter(track(trained, "Training", total=len(jobs), transient=True))
    for cell in cells:
        rows.append(row(cell, np.concatenate([next(found) for _ in parts])))
    names = ["data", "hidden", "optimizer", "rate", "batch", "escape rate"]
    for block in BLOCKS:
        names += [f"blocks of {block}"] + ([] if claims else ["p"])
    if claims:
        names += ["interval holds the rate", "log-rank p < .05", "races that drop any"]
    what = (
        "What holds" if claims else "Variance of the escape rates of blocks over the binomial one"
    )
    columns = [Column(name, right=index > 2, importance=9) for index, name in enumerate(names)]
    show_table(f"{what}; {count:,} restarts of each configuration", columns, rows)


if __name__ == "__main__":
    main()
