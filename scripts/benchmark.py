"""How fast this is, beside what people would use instead, measured on this machine in one run.

`python scripts/benchmark.py` runs every measure of `measures.py` in a process of its own, peers in
turn with ours, several rounds, and prints the medians with their spread against the goals.
`--quick` is a minute's version, `--waits` measures launches and commands alone; `--format json`
prints all figures.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.progress import track

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from search.problem.optimizers import OPTIMIZERS
from search.reports.layout import Column
from search.reports.report import show_table

Figures = dict[str, list[Any]]

PEERS = (
    *("stack", "bound", "stack both cores", "jax", "turbanet"),
    *("nnet", "sklearn adam", "sklearn lbfgs"),
)
QUICK = ("stack", "bound", "stack both cores", "jax", "nnet", "sklearn lbfgs", "keras")
MISSING = {
    "jax": 'pip install -e ".[bench]"',
    "nnet": "install R with its package nnet (Debian: r-base-core r-cran-nnet)",
    "turbanet": "pip install turbanet flax optax",
    "bound": "install a C compiler",
}


@dataclass(frozen=True)
class Line:
    """One line of the table: what it says, the goal, and how the figure follows."""

    title: str
    goal: str
    needs: tuple[str, ...]
    figure: Callable[[dict[str, Any]], tuple[float, str]]
    met: Callable[[float], bool]


def ratio(ours: str, peer: str) -> Callable[[dict[str, Any]], tuple[float, str]]:
    """Our figure over a peer's."""

    def figure(median: dict[str, Any]) -> tuple[float, str]:
        value = median[ours] / median[peer]
        return value, f"{value:,.2f} x  ({_short(median[ours])} / {_short(median[peer])})"

    return figure


def nnet_lead(median: dict[str, Any]) -> tuple[float, str]:
    """Restarts/s over R's, and seconds to a solved network beside R's."""
    lead = median["stack"] / median["nnet"]["restarts/s"]
    ours, theirs = 1 / (0.96 * median["stack"]), median["nnet"]["seconds per solved"]
    shown = f"{lead:,.1f} x; a solved network in {ours * 1e3:.2f} ms, nnet {theirs * 1e3:.2f} ms"
    return min(lead, theirs / ours), shown


def two_workers(median: dict[str, Any]) -> tuple[float, str]:
    """Trials per second of the last three quarters of a launch, two workers over one."""
    one = median["launch 100, 1 worker"]["trials/s"]
    two = median["launch 100, 2 workers"]["trials/s"]
    return two / one, f"{two / one:.2f} x  ({two:.1f} / {one:.1f} trials/s once compiled)"


def whole_launch(median: dict[str, Any]) -> tuple[float, str]:
    """Seconds of a whole launch, and the share of storing the trials."""
    run = median["launch 50"]
    share = run["finish"] / run["seconds"]
    shown = f"{run['seconds']:.1f} s, storing {share:.1%}"
    return run["seconds"] if share < 0.1 else float("inf"), shown


def memory(median: dict[str, Any]) -> tuple[float, str]:
    """Largest memory of a worker and of the parent, as shares of their limits."""
    worker = max(median[name]["worker"] for name in median if name.startswith("launch"))
    parent = max(median[name]["parent"] for name in median if name.startswith("launch"))
    return max(worker / 1500, parent / 300), f"worker {worker:.0f} MB, parent {parent:.0f} MB"


def optimizer_spread(median: dict[str, Any]) -> tuple[float, str]:
    """The fastest optimizer over the slowest."""
    speeds = {name: median[f"stack {name}"] for name in OPTIMIZERS}
    fast, slow = max(speeds, key=speeds.__getitem__), min(speeds, key=speeds.__getitem__)
    value = speeds[fast] / speeds[slow]
    return value, f"{value:.2f} x  ({fast} {speeds[fast]:,.0f}/s, {slow} {speeds[slow]:,.0f}/s)"


def growth(median: dict[str, Any]) -> tuple[float, str]:
    """Time for ten times the work over the time for one."""
    times = {name: median[f"{name} x10"] for name in ("restarts", "epochs", "points")}
    return max(times.values()), ", ".join(f"{key} x{value:.1f}" for key, value in times.items())


def wider(median: dict[str, Any]) -> tuple[float, str]:
    """Our speed over plain fit for wider networks and more data."""
    names = ("hidden 16", "hidden 8,8", "10 features", "points x10")
    leads = {name: median[f"stack {name}"] / median[f"keras {name}"] for name in names}
    return min(leads.values()), ", ".join(f"{key} {value:,.0f} x" for key, value in leads.items())


WAITS = ("default launch", "reading", "parent")
AT_MOST_SECONDS = {"--help": 0.5, "studies": 0.5, "best": 0.5, "restarts": 0.5}
AT_MOST_SECONDS_OF_STATISTICS = {"times": 1.0, "compare": 1.0, "basins": 1.0, "effects": 1.0}


def over_import(what: str, when: str) -> Callable[[dict[str, Any]], tuple[float, str]]:
    """A part of the default launch over `import tensorflow, keras`."""

    def figure(median: dict[str, Any]) -> tuple[float, str]:
        of = median["default launch"]
        seconds, imported = of[f"{what}, {when}"], of[f"import, {when}"]
        return seconds / imported, f"{seconds / imported:.2f} x  ({seconds:.1f} / {imported:.1f} s)"

    return figure


def to_the_prompt(median: dict[str, Any]) -> tuple[float, str]:
    """Seconds from the last trial to the prompt."""
    of = median["default launch"]
    table, prompt = of["to the table, later"], of["to the prompt, later"]
    return prompt, f"{prompt:.2f} s, to the table {table:.2f} s"


def parent_growth(median: dict[str, Any]) -> tuple[float, str]:
    """The parent's time for a trial in the larger study over that in the smaller."""
    (_, small), (count, large) = median["parent"].items()
    return large / small, f"{large / small:.2f} x  ({large:.1f} / {small:.1f} ms, {count} trials)"


def longest(limits: dict[str, float]) -> Callable[[dict[str, Any]], tuple[float, str]]:
    """Seconds of commands; the value is the longest as a share of its limit."""

    def figure(median: dict[str, Any]) -> tuple[float, str]:
        shown = ", ".join(f"{name} {median['reading'][name]:.2f}" for name in limits)
        worst = max(median["reading"][name] / limit for name, limit in limits.items())
        return worst, f"{shown} s"

    return figure


def best_seconds(median: dict[str, Any]) -> tuple[float, str]:
    """Seconds of `best` over a million restarts."""
    return median["best"], f"{median['best']:.2f} s"


LAUNCHES = ("launch 50", "launch 100, 1 worker", "launch 100, 2 workers")
LINES = (
    Line(
        "stack, one core, against C",
        "0.9 x",
        ("stack", "bound"),
        ratio("stack", "bound"),
        lambda v: v >= 0.9,
    ),
    Line(
        "against plain fit",
        "10,000 x",
        ("stack", "keras"),
        ratio("stack", "keras"),
        lambda v: v >= 1e4,
    ),
    Line(
        "against JAX, all cores each",
        "4 x",
        ("stack both cores", "jax"),
        ratio("stack both cores", "jax"),
        lambda v: v >= 4,
    ),
    Line(
        "against TurbaNet, all cores each",
        "ahead",
        ("stack both cores", "turbanet"),
        ratio("stack both cores", "turbanet"),
        lambda v: v > 1,
    ),
    Line("against R's nnet, one core", "ahead", ("stack", "nnet"), nnet_lead, lambda v: v > 1),
    Line(
        "against MLPClassifier(adam)",
        "1,000 x",
        ("stack", "sklearn adam"),
        ratio("stack", "sklearn adam"),
        lambda v: v >= 1e3,
    ),
    Line(
        "against MLPClassifier(lbfgs)",
        "30 x",
        ("stack", "sklearn lbfgs"),
        ratio("stack", "sklearn lbfgs"),
        lambda v: v >= 30,
    ),
    Line(
        "two workers against one, 100 trials",
        "1.9 x",
        LAUNCHES[1:],
        two_workers,
        lambda v: v >= 1.9,
    ),
    Line("whole launch, 50 trials", "40 s, 10%", ("launch 50",), whole_launch, lambda v: v < 40),
    Line(
        "fastest optimizer against slowest",
        "2 x",
        tuple(f"stack {name}" for name in OPTIMIZERS),
        optimizer_spread,
        lambda v: v <= 2,
    ),
    Line(
        "time for ten times the work",
        "x11",
        ("restarts x10", "epochs x10", "points x10"),
        growth,
        lambda v: v <= 11,
    ),
    Line(
        "wider networks against plain fit",
        "100 x",
        tuple(
            f"{who} {what}"
            for who in ("stack", "keras")
            for what in ("hidden 16", "hidden 8,8", "10 features", "points x10")
        ),
        wider,
        lambda v: v >= 100,
    ),
    Line("memory", "1500, 300 MB", LAUNCHES, memory, lambda v: v <= 1),
    Line(
        "default launch over TensorFlow's import, first time",
        "2.2 x",
        WAITS[:1],
        over_import("whole", "first"),
        lambda v: v < 2.2,
    ),
    Line("the same, later", "1.7 x", WAITS[:1], over_import("whole", "later"), lambda v: v < 1.7),
    Line(
        "first trial over the import, first time",
        "1.6 x",
        WAITS[:1],
        over_import("to the first trial", "first"),
        lambda v: v < 1.6,
    ),
    Line(
        "the same, later",
        "1.25 x",
        WAITS[:1],
        over_import("to the first trial", "later"),
        lambda v: v < 1.25,
    ),
    Line("last trial to the prompt", "0.3 s", WAITS[:1], to_the_prompt, lambda v: v < 0.3),
    Line(
        "parent's time for a trial, 10,000 trials over 100",
        "1.5 x",
        WAITS[2:],
        parent_growth,
        lambda v: v < 1.5,
    ),
    Line(
        "commands that read",
        "0.5 s",
        WAITS[1:2],
        longest(AT_MOST_SECONDS),
        lambda v: v < 1,
    ),
    Line(
        "commands with statistics",
        "1 s",
        WAITS[1:2],
        longest(AT_MOST_SECONDS_OF_STATISTICS),
        lambda v: v < 1,
    ),
    Line("best over 1,000,000 restarts", "2 s", ("best",), best_seconds, lambda v: v < 2),
)


def measure(name: str, size: float) -> Any:
    """One figure, by a process of its own; None if the peer is not installed."""
    done = subprocess.run(
        [sys.executable, str(HERE / "measures.py"), name, str(size)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        click.echo(f"{name} failed: {done.stderr.strip().splitlines()[-1]}", err=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def run(*, quick: bool, waits: bool) -> Figures:
    """All figures of all rounds: peers and launches three times in turn, the rest once."""
    needed = dict.fromkeys(name for line in LINES for name in line.needs)
    launches = [*LAUNCHES, WAITS[0]]
    once = [name for name in needed if name not in (*PEERS, *launches)]
    if quick:
        rounds = [list(QUICK)]
    elif waits:
        rounds = [launches] * 3 + [[*WAITS[1:], "best"]]
    else:
        rounds = [list(PEERS)] * 3 + [launches] * 3 + [once]
    figures: Figures = {}
    plan = [name for names in rounds for name in names]
    for name in track(plan, "Measuring", transient=True):
        figures.setdefault(name, []).append(measure(name, 0.25 if quick else 1.0))
    return figures


def medians(figures: Figures) -> dict[str, Any]:
    """The median of each figure's rounds; of figures of several numbers, of each number."""
    return {
        name: {key: statistics.median(each[key] for each in values) for key in values[0]}
        if isinstance(values[0], dict)
        else statistics.median(values)
        for name, values in figures.items()
        if None not in values
    }


def machine() -> str:
    """The processor, the cores and the versions that the figures are of."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    cores = len(os.sched_getaffinity(0))
    return (
        f"{model}, {cores} cores, Python {platform.python_version()}, "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    )


@click.command()
@click.option("--quick", is_flag=True, help="A minute's version: the peers, once.")
@click.option("--waits", is_flag=True, help="What people wait for alone, without the peers.")
@click.option("--format", "output", type=click.Choice(["table", "json"]), default="table")
def main(*, quick: bool, waits: bool, output: str) -> None:
    """Measure this machine and print the table."""
    figures = run(quick=quick, waits=waits)
    if output == "json":
        click.echo(json.dumps({"machine": machine(), "figures": figures}, indent=2))
        return
    median = medians(figures)
    rows = []
    for line in LINES:
        if all(name in median for name in line.needs):
            value, shown = line.figure(median)
            rows.append([line.title, shown, line.goal, "met" if line.met(value) else "MISSED"])
    columns = [Column("what", importance=9), Column("measured"), Column("goal"), Column("")]
    show_table(f"{machine()}; 200 epochs, batch size 32, Adam(0.1)", columns, rows)
    spread = [
        [name, _short(min(values)), _short(statistics.median(values)), _short(max(values))]
        for name, values in figures.items()
        if isinstance(values[0], float) and name in PEERS
    ]
    if not spread:
        return
    click.echo()
    columns = [Column("restarts/s", importance=9), *(Column(n, right=True) for n in _SPREAD)]
    show_table("Rounds", columns, spread)
    for name, remedy in MISSING.items():
        if figures.get(name, [0])[-1] is None:
            click.echo(f"Left out: {name} ({remedy})")


_SPREAD = ("least", "median", "most")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


if __name__ == "__main__":
    main()
