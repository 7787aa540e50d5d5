"""What one launcher and one database bear, with workers that only sleep and return rows.

Run as `python scripts/scale.py --storage URL --workers 64 256`: for each number of workers a study
is launched into a new one of the database, whose trials each take a worker 80 ms and have 256
restarts. Prints trials a second, the share of the workers' time in which they had a trial, and the
launcher's processor time for each trial. `--launchers 2` lets several share the workers of one
study.
"""

from __future__ import annotations

import argparse
import heapq
import json
import resource
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from search.problem.plan import Plan
from search.problem.problem import Task
from search.problem.rows import Outcome, Restart
from search.running.engine import Ended, Engine
from search.running.events import TrialDone
from search.running.interrupts import Interrupts
from search.running.opening import open_study
from search.running.run import run_trials
from search.running.search_source import SearchSource

RESTARTS = 256
WAITING = 2  # tasks beyond one for each worker, so that none waits for its next


class SleepingWorkers(Engine):
    """Workers that hold a task for so many seconds and return rows made up from its seeds."""

    def __init__(self, workers: int, seconds: float) -> None:
        self._workers, self._seconds = workers, seconds
        self._free_at = [0.0] * workers
        self._ends: list[tuple[float, int]] = []
        self._tasks: dict[int, Task] = {}
        self.busy = 0.0

    @property
    def wants_more(self) -> bool:
        """Whether fewer tasks are here than a worker each and the waiting ones."""
        return len(self._tasks) < self._workers + WAITING

    def submit(self, tag: int, task: Task) -> None:
        """Give a task to the worker that is free first."""
        begun = max(heapq.heappop(self._free_at), time.monotonic())
        heapq.heappush(self._free_at, begun + self._seconds)
        heapq.heappush(self._ends, (begun + self._seconds, tag))
        self._tasks[tag] = task
        self.busy += self._seconds

    def next_ended(self, timeout: float | None = None) -> list[Ended]:
        """Sleep until a task has ended, or the time is out."""
        wait = self._ends[0][0] - time.monotonic()
        time.sleep(max(0.0, wait if timeout is None else min(wait, timeout)))
        ended = []
        while self._ends and self._ends[0][0] <= time.monotonic():
            _, tag = heapq.heappop(self._ends)
            ended.append(Ended(tag, _rows(self._tasks.pop(tag)), seconds=self._seconds))
        return ended

    def start(self) -> None:
        """Nothing has to start."""

    def stop(self) -> None:
        """Nothing has to stop."""


def _rows(task: Task) -> tuple[Restart, ...]:
    """Restarts that did not escape, each of another loss."""
    weights = bytes(4 * task.problem.network.weight_count)
    points = task.problem.data.points
    right = task.problem.points_above(0.0) - 1
    return tuple(
        Restart(
            seed=seed,
            outcome=Outcome.NOT_ESCAPED,
            accuracy=right / points,
            loss=0.63 + seed % 997 * 1e-5,
            last_epoch_loss=0.64,
            escape_epoch=None,
            diverged_epoch=None,
            weights=weights,
            right=right,
            wrong=points - right,
        )
        for seed in task.seeds
    )


def launch(storage: str, name: str, workers: int, trials: int, seconds: float) -> dict[str, float]:
    """Run a study with sleeping workers. Returns what came of it, by name."""
    plan = replace(Plan(), name=name, trials=trials, restarts=RESTARTS, sampler="random")
    study = open_study(storage, lambda _names: name, lambda _kept: plan)
    engine = SleepingWorkers(workers, seconds)
    with closing(study.store) as store, store.liveness() as liveness:
        source = SearchSource(study, liveness)
        begun, used = time.monotonic(), time.process_time()
        with Interrupts().caught() as interrupts:
            done = sum(
                isinstance(event, TrialDone) for event in run_trials(source, engine, interrupts)
            )
        wall, used = time.monotonic() - begun, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"trials": done, "seconds": wall, "busy": engine.busy, "cpu": used, "megabytes": peak}


def main() -> None:
    """Print a row of a Markdown table for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--storage", required=True, metavar="URL", help="a database")
    parser.add_argument("--workers", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--launchers", type=int, default=1)
    parser.add_argument("--trials", type=int, default=2000, help="of each study")
    parser.add_argument("--seconds", type=float, default=0.08, help="of a trial")
    parser.add_argument("--one", metavar="STUDY", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        found = launch(given.storage, given.one, given.workers[0], given.trials, given.seconds)
        print(json.dumps(found))
        return
    print("| workers | launchers | trials/s | workers busy | ms of a launcher a trial | MB |")
    print("| --: | --: | --: | --: | --: | --: |")
    for workers in given.workers:
        command = [sys.executable, __file__, "--storage", given.storage, "--one", str(uuid4())]
        command += ["--workers", str(workers // given.launchers), "--trials", str(given.trials)]
        command += ["--seconds", str(given.seconds)]
        started = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range(given.launchers)
        ]
        all_found = [json.loads(process.communicate()[0]) for process in started]
        wall = max(found["seconds"] for found in all_found)
        trials = sum(found["trials"] for found in all_found)
        busy = sum(found["busy"] for found in all_found) / workers / wall
        cpu = sum(found["cpu"] for found in all_found) / trials * 1000
        peak = max(found["megabytes"] for found in all_found)
        print(
            f"| {workers} | {given.launchers} | {trials / wall:.0f} | {min(busy, 1):.0%} "
            f"| {cpu:.1f} | {peak:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
