"""What people would use instead, each training the same network on the same points.

Restarts of 200 epochs a second; None where a peer is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
EPOCHS, BATCH, RATE = 200, 32, 0.1


def points(features: int = 1, count: int = 300) -> tuple[Any, Any]:
    """Standardised bands; repeated for more points, with noise columns for more features."""
    import numpy as np

    from search.problem.data.datasets import bands
    from search.problem.scaling import scale

    data = bands()
    rows = np.tile(data.features, (count // 300, 1))
    noise = np.random.default_rng(0).normal(size=(len(rows), features - 1))
    x = scale("standard", np.concatenate([rows, noise], axis=1))
    return x, np.tile(data.labels, count // 300).astype(np.float32)


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
    count_of_points: int = 300,
    epochs: int = EPOCHS,
) -> float:
    """Plain `keras.Sequential.fit` as people run it, TensorFlow's own threads and settings."""
    x, y = points(features, count_of_points)
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
    x, y = points()
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


def turbanet(size: float) -> float | None:
    """TurbaNet, JAX's `vmap` over Flax networks and Optax, a call for each step, all cores."""
    try:
        import jax.numpy as jnp
        import numpy as np
        import optax
        from flax import linen as nn
        from turbanet import TurbaTrainState
    except ModuleNotFoundError:
        return None
    x, y = points()
    steps = [(first, min(BATCH, 300 - first)) for first in range(0, 300, BATCH)]

    class Net(nn.Module):  # type: ignore[misc]
        @nn.compact  # type: ignore[untyped-decorator]
        def __call__(self, inputs: Any) -> Any:
            return nn.Dense(1)(nn.sigmoid(nn.Dense(2)(inputs)))

    def loss(params: Any, inputs: Any, targets: Any, apply: Any) -> Any:
        logits = apply({"params": params}, inputs)
        return optax.sigmoid_binary_cross_entropy(logits, targets).mean(), logits

    count = max(256, int(1024 * size))
    random = np.random.default_rng(0)
    swarm = TurbaTrainState.swarm(Net(), optax.adam(RATE), count, input_size=1).set_loss_fn(loss)

    def epoch(state: Any) -> Any:
        order = random.permutation(300)
        for first, length in steps:
            batch = order[first : first + length]
            inputs = jnp.broadcast_to(x[batch], (count, length, 1))
            targets = jnp.broadcast_to(y[batch][:, None], (count, length, 1))
            state, _, _ = state.train(inputs, targets)
        return state

    swarm = epoch(swarm)  # compiles
    epochs = 20
    began = time.perf_counter()
    for _ in range(epochs):
        swarm = epoch(swarm)
    swarm.params["Dense_0"]["kernel"].block_until_ready()
    return count / (time.perf_counter() - began) * epochs / EPOCHS


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

    x, y = points()
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
