"""What people wait for: a whole launch and its parts, and commands that read."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


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
    import numpy as np

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
                    right=300 if lane % 3 else 200,
                    levels=np.array([1 + lane % 199, 300], "<u4").tobytes() if lane % 3 else b"",
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


_TOLD = """
import json, sys, time
from importlib import import_module
from search.__main__ import main
from search.commands.progress import LaunchProgress
launch = import_module("search.commands.launch")
at = {}
def seen(progress, event):
    kind = type(event).__name__
    at.setdefault(kind, time.time())
    at["last " + kind] = time.time()
    told(progress, event)
def show(*arguments):
    table(*arguments)
    at["table"] = time.time()
told, LaunchProgress.__call__ = LaunchProgress.__call__, seen
table, launch._show = launch._show, show
try: main()
finally: print("\\n" + json.dumps(at))
"""


def default_launch(_size: float) -> dict[str, float]:
    """The default launch on a machine's first time and later, over TensorFlow's import.

    Seconds: of `import tensorflow, keras`; of the whole process; to the first trial; and from the
    last trial to the table and to the prompt.
    """
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for when in ("first", "later"):
            began = time.time()
            subprocess.run(
                [sys.executable, "-c", "import tensorflow, keras"], check=True, capture_output=True
            )
            found[f"import, {when}"] = time.time() - began
            began = time.time()
            done = subprocess.run(
                [sys.executable, "-c", _TOLD, "launch", "--storage", f"sqlite:///{when}.db"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(HERE.parent), "XDG_CACHE_HOME": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            ended = time.time()
            at = json.loads(done.stdout.splitlines()[-1])
            found[f"whole, {when}"] = ended - began
            found[f"to the first trial, {when}"] = at["TrialDone"] - began
            found[f"to the table, {when}"] = at["table"] - at["last TrialDone"]
            found[f"to the prompt, {when}"] = ended - at["last TrialDone"]
    return found


READING = ("--help", "studies", "best", "restarts", "times", "compare", "basins", "effects")


def reading(size: float) -> dict[str, float]:
    """Seconds of whole commands that read the study of a default launch."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        run = [sys.executable, "-m", "search"]
        subprocess.run(
            [*run, "launch"], cwd=folder, env=environment, capture_output=True, check=True
        )
        seconds: dict[str, list[float]] = {name: [] for name in READING}
        for _ in range(max(1, int(5 * size))):
            for name in READING:
                began = time.perf_counter()
                subprocess.run(
                    [*run, name], cwd=folder, env=environment, capture_output=True, check=True
                )
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def parent(size: float) -> dict[str, float]:
    """Milliseconds of the parent's processor for a trial, claimed and finished, in a large study.

    Trials of 64 restarts that TPE picks from a range of learning rates, once 100 and once 10,000
    (times SIZE) are in the study.
    """
    import numpy as np

    from search.problem.configuration import Configuration, SearchSpace
    from search.problem.dimensions import LogRange
    from search.problem.plan import Plan
    from search.problem.rows import Outcome, Restart
    from search.running.opening import open_study
    from search.running.search_source import SearchSource
    from search.statistics.objectives import summarize

    def trained(seeds: range, rate: float) -> tuple[Restart, ...]:
        escaped = [lane * 37 % 64 < rate * 64 for lane in range(len(seeds))]
        return tuple(
            Restart(
                seed=seed,
                outcome=Outcome.SOLVED if has_escaped else Outcome.NOT_ESCAPED,
                accuracy=1.0 if has_escaped else 2 / 3,
                loss=0.1,
                last_epoch_loss=0.1,
                escape_epoch=5 if has_escaped else None,
                diverged_epoch=None,
                weights=bytes(28),
                right=300 if has_escaped else 200,
                levels=np.array([5, 300], "<u4").tobytes() if has_escaped else b"",
            )
            for seed, has_escaped in zip(seeds, escaped, strict=True)
        )

    space = SearchSpace(learning_rates=LogRange(0.001, 1.0))
    plan = Plan(space=space, restarts=64, trials=10**6)
    random = np.random.default_rng(0)
    found = {}
    for count in (100, int(10_000 * size)):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/studies.db"
            study = open_study(url, lambda _: plan.name, lambda _: plan)
            with study.store.transaction():
                for number in range(count):
                    rate = float(10 ** random.uniform(-3, 0))
                    key = Configuration(
                        space.scalings[number % 2], space.optimizers[number // 2 % 2], rate
                    )
                    seeds = range(number * 256, number * 256 + 64)
                    trial = study.store.add_trial(study.study_id, key, seeds, "measure")
                    rows = trained(seeds, float(random.random()))
                    summary = summarize(rows, plan.problem.epochs)
                    study.store.complete_trial(trial, rows, (summary.escaped / 64,), summary)
            with study.store.liveness() as liveness:
                source = SearchSource(study, liveness)
                spent = []
                for _ in range(101):
                    began = time.process_time()
                    claim = source.claim()
                    spent.append(time.process_time() - began)
                    assert claim is not None
                    done = trained(claim.trial.seeds, 0.5)
                    began = time.process_time()
                    source.finish(claim, done)
                    source.progress()
                    spent[-1] += time.process_time() - began
            study.store.close()
            found[str(count)] = 1e3 * statistics.median(spent[1:])  # the first reads all trials
    return found
