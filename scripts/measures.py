"""What the benchmark measures, each figure in a process of its own.

`python scripts/measures.py NAME [SIZE]` prints one figure as JSON: restarts of 200 epochs a second
unless it says otherwise. SIZE scales the work down from 1.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

EPOCHS, BATCH, RATE = 200, 32, 0.1


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
    points: int = 300,
    epochs: int = EPOCHS,
    restarts: int = 1024,
) -> tuple[Callable[[int], float], int, int]:
    """A function from the first seed to the seconds of one core, the restarts, and the epochs."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from search.problem.network import Network
    from search.training.stack import Recipe, train_stack

    x, y = _points(features, points)
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


def _points(features: int = 1, points: int = 300) -> tuple[Any, Any]:
    """Standardised bands; repeated for more points, with noise columns for more features."""
    import numpy as np

    from search.problem.datasets import bands
    from search.problem.scaling import scale

    data = bands()
    rows = np.tile(data.features, (points // 300, 1))
    noise = np.random.default_rng(0).normal(size=(len(rows), features - 1))
    x = scale("standard", np.concatenate([rows, noise], axis=1))
    return x, np.tile(data.labels, points // 300).astype(np.float32)


def bound(size: float) -> float | None:
    """Hand-vectorised C on one core, without accuracies or losses."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bound"
        options = ["-O3", "-march=native", "-ffast-math", "-Wno-psabi", "-o", str(program)]
        subprocess.run([compiler, *options, str(HERE / "bound.c"), "-lm"], check=True)
        done = subprocess.run(
            [str(program), str(int(16 * max(20, 400 * size))), str(EPOCHS)],
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def keras_fit(
    _size: float,
    *,
    hidden: tuple[int, ...] = (2,),
    features: int = 1,
    points: int = 300,
    epochs: int = EPOCHS,
) -> float:
    """Plain `keras.Sequential.fit` as people run it, TensorFlow's own threads and settings."""
    x, y = _points(features, points)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    began = time.perf_counter()
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(units, "sigmoid") for units in (*hidden, 1)]
    model = keras.Sequential([keras.Input((features,)), *layers])
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, batch_size=BATCH, verbose=0)
    return epochs / EPOCHS / (time.perf_counter() - began)


def jax(size: float) -> float | None:
    """JAX: the same training by `vmap` over `lax.scan`, jit-compiled, all cores.

    All its restarts share one batch order, which is less work than ours.
    """
    try:
        import jax
        import jax.numpy as jnp
        import numpy as np
    except ModuleNotFoundError:
        return None
    x, y = _points()
    steps = [(first, min(BATCH, 300 - first)) for first in range(0, 300, BATCH)]
    full = len([step for step in steps if step[1] == BATCH])

    def loss(w: Any, a: Any, b: Any) -> Any:
        h = jax.nn.sigmoid(a * w[0:2] + w[2:4])
        z = h @ w[4:6] + w[6]
        return jnp.mean(jnp.maximum(z, 0) - z * b + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def update(state: Any, a: Any, b: Any) -> Any:
        w, m, v, t = state
        g = jax.grad(loss)(w, a, b)
        m, v, t = m + (g - m) * 0.1, v + (g * g - v) * 0.001, t + 1
        rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return w - rate * m / (jnp.sqrt(v) + 1e-7), m, v, t

    def epoch(state: Any, order: Any) -> Any:
        a, b = x_all[order], y_all[order]
        batches = (
            a[: full * BATCH].reshape(full, BATCH, 1),
            b[: full * BATCH].reshape(full, BATCH),
        )
        state, _ = jax.lax.scan(lambda s, ab: (update(s, *ab), None), state, batches)
        return update(state, a[full * BATCH :], b[full * BATCH :]), None

    def train_all(w: Any, orders: Any) -> Any:
        def one(start: Any) -> Any:
            zero = jnp.zeros(7)
            state, _ = jax.lax.scan(epoch, (start, zero, zero, 0.0), orders)
            return state[0]

        return jax.vmap(one)(w)

    train = jax.jit(train_all)

    random = np.random.default_rng(0)
    x_all, y_all = jnp.array(x), jnp.array(y)
    orders = jnp.array([random.permutation(300) for _ in range(EPOCHS)])
    count = max(128, int(512 * size))
    weights = [jnp.array(random.uniform(-1, 1, (count, 7)).astype(np.float32)) for _ in range(3)]
    train(weights[0], orders).block_until_ready()
    seconds = []
    for start in weights[1:]:
        began = time.perf_counter()
        train(start, orders).block_until_ready()
        seconds.append(time.perf_counter() - began)
    return count / min(seconds)


NNET = """
suppressMessages(library(nnet))
x <- c(seq(0,10,length.out=100), seq(11,20,length.out=100), seq(21,30,length.out=100))
y <- rep(c(0,1,0), each=100); x <- (x-mean(x))/sd(x); set.seed(1); n <- %d; solved <- 0
s <- proc.time()[3]
for (i in 1:n) { m <- nnet(matrix(x), y, size=2, entropy=TRUE, maxit=200, trace=FALSE, rang=1)
  if (mean((m$fitted.values > .5) == y) >= .99) solved <- solved + 1 }
t <- proc.time()[3] - s; cat(n/t, t/max(solved,1))
"""


def nnet(size: float) -> dict[str, float] | None:
    """R's nnet (C, BFGS) on one core: restarts/s and seconds per solved network."""
    if shutil.which("Rscript") is None:
        return None
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    script = NNET % max(100, int(1000 * size))
    done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    rate, per_solved = map(float, done.stdout.split())
    return {"restarts/s": rate, "seconds per solved": per_solved}


def sklearn(size: float, *, solver: str) -> float:
    """scikit-learn's MLPClassifier of the same network."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    x, y = _points()
    count = max(1, int((4 if solver == "adam" else 60) * size))
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(count):
            MLPClassifier(
                (2,),
                activation="logistic",
                solver=solver,
                alpha=0,
                batch_size=BATCH if solver == "adam" else "auto",
                learning_rate_init=RATE,
                max_iter=EPOCHS,
                tol=0,
                n_iter_no_change=EPOCHS,
                random_state=seed,
            ).fit(x, y)
    return count / (time.perf_counter() - began)


def launch(_size: float, *, trials: int, workers: int) -> dict[str, float]:
    """A whole `launch`: seconds in all, claiming, finishing and publishing; memory in MB."""
    code = (
        "import json, resource, sys, time\n"
        "from search.dashboard.publishing import PublishedStudy\n"
        "from search.running.source import TrialSource\n"
        "from search.commands import main\n"
        "spent = {'claim': 0.0, 'finish': 0.0, 'publish': 0.0}\n"
        "ends = []\n"
        "def timed(kind, call):\n"
        "    def inner(*a):\n"
        "        began = time.perf_counter()\n"
        "        try: return call(*a)\n"
        "        finally:\n"
        "            ends.append(time.perf_counter()) if kind == 'finish' else None\n"
        "            spent[kind] += time.perf_counter() - began\n"
        "    return inner\n"
        "TrialSource.claim = timed('claim', TrialSource.claim)\n"
        "TrialSource.finish = timed('finish', TrialSource.finish)\n"
        "for name in ('make', 'publish'):\n"
        "    setattr(PublishedStudy, name, timed('publish', getattr(PublishedStudy, name)))\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "part = len(ends) // 4\n"
        "own = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024\n"
        "child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024\n"
        "steady = (len(ends) - part) / (ends[-1] - ends[part - 1])\n"
        "print(json.dumps({**spent, 'parent': own, 'worker': child, 'trials/s': steady}))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run(
            [
                *(sys.executable, "-c", code, "launch", "--trials", str(trials)),
                *("--restarts", "256", "--sampler", "random", "--workers", str(workers)),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - began
    return {"seconds": seconds, **json.loads(done.stdout.splitlines()[-1])}


def best(size: float) -> float:
    """Seconds of a whole `multirestart best` over 1,000,000 restarts (times SIZE)."""
    from search.problem.configuration import Configuration
    from search.problem.plan import Plan
    from search.problem.rows import Outcome, Restart
    from search.running.opening import open_study
    from search.statistics.objectives import summarize

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/studies.db"
        plan = Plan(restarts=1000, sampler="random", trials=1000)
        opened = open_study(url, lambda _: plan.name, lambda _: plan)
        keys = [Configuration("none", "sgd", 0.001 * n) for n in range(1, 41)]
        for number in range(int(1000 * size)):
            seeds = range(number * 1024, number * 1024 + 1000)
            trial = opened.store.add_trial(opened.study_id, keys[number % 40], seeds, "measure")
            rows = [
                Restart(
                    seed=seed,
                    outcome=Outcome.SOLVED if lane % 3 else Outcome.NOT_ESCAPED,
                    accuracy=0.9,
                    loss=0.1 + (lane * 7919 + number * 31) % 1000 / 1000,
                    last_epoch_loss=0.2,
                    escape_epoch=1 + lane % 199 if lane % 3 else None,
                    diverged_epoch=None,
                    weights=bytes(28),
                )
                for lane, seed in enumerate(seeds)
            ]
            opened.store.complete_trial(trial, rows, (0.5,), summarize(rows, plan.problem.epochs))
        opened.store.close()
        command = [sys.executable, "-m", "search", "best", "--storage", url, "--format", "json"]
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(
                command, cwd=HERE.parent, stdout=subprocess.DEVNULL, check=True, timeout=600
            )
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


MEASURES: dict[str, Callable[[float], Any]] = {
    "stack": stack,
    "stack both cores": both_cores,
    "bound": bound,
    "keras": keras_fit,
    "jax": jax,
    "nnet": nnet,
    "sklearn adam": lambda size: sklearn(size, solver="adam"),
    "sklearn lbfgs": lambda size: sklearn(size, solver="lbfgs"),
    "launch 50": lambda size: launch(size, trials=50, workers=2),
    "launch 100, 1 worker": lambda size: launch(size, trials=100, workers=1),
    "launch 100, 2 workers": lambda size: launch(size, trials=100, workers=2),
    "best": best,
    "restarts x10": lambda size: growth(size, once={}, tenfold={"restarts": 10240}),
    "epochs x10": lambda size: growth(
        size, once={"restarts": 256}, tenfold={"restarts": 256, "epochs": 2000}
    ),
    "points x10": lambda size: growth(
        size, once={"restarts": 256}, tenfold={"restarts": 256, "points": 3000}
    ),
    "stack points x10": lambda size: stack(size, points=3000, restarts=256),
    "stack hidden 16": lambda size: stack(size, hidden=(16,), restarts=256),
    "stack hidden 8,8": lambda size: stack(size, hidden=(8, 8), restarts=256),
    "stack 10 features": lambda size: stack(size, features=10, restarts=256),
    "keras hidden 16": lambda size: keras_fit(size, hidden=(16,), epochs=50),
    "keras hidden 8,8": lambda size: keras_fit(size, hidden=(8, 8), epochs=50),
    "keras 10 features": lambda size: keras_fit(size, features=10, epochs=50),
    "keras points x10": lambda size: keras_fit(size, points=3000, epochs=20),
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
