"""Clients that read a soaked service at random, and hold what they read to what they know."""

from __future__ import annotations

import csv
import io
import json
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from http.client import HTTPException
from typing import Any

from scripts.service_world import PLAN, SECONDS_TO_ANSWER, Answer, Due, Known, World, path_of

MOST_OPEN = 12
"""Studies that are queued before no more are submitted."""


class Reader(threading.Thread):
    """Somebody who reads: lists, studies, results, events."""

    def __init__(self, world: World, number: int, seed: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._world = world
        self._draw = random.Random(f"{seed}-{number}")

    def _list(self) -> None:
        before = [study for study in self._studies() if study.is_there]
        rows = self._world.ask("GET", "/api/studies").json
        names = [row["name"] for row in rows]
        self._world.queued = sum(row["state"] in ("queued", "running") for row in rows)
        missing = [study.name for study in before if study.name not in names and not study.is_going]
        self._world.expect(len(set(names)) == len(names), f"listed twice: {names}")
        self._world.expect(not missing, f"not listed: {missing}")
        self._world.counted("lists read")

    def _read_one(self) -> None:
        if (study := self._taken()) is None:
            return
        try:
            found = self._world.ask("GET", path_of(study)).json
            self._see(study, found["state"], "read")
            trials = found["trials"]
            self._world.expect(
                trials["settled"] <= trials["of"] == study.trials, f"{study.name}: {trials}"
            )
            self._world.counted("studies read")
        finally:
            study.lock.release()

    def _read_results(self) -> None:
        """Rows as JSON or CSV, and again by their tag; no restart may be there twice."""
        study = self._any()
        if study is None:
            return
        what = self._draw.choice(("best", "times", "basins", "effects", "restarts"))
        path = path_of(study, f"/{what}{self._draw.choice(('', '?format=csv'))}")
        answer = self._world.ask("GET", path)
        self._world.counted("results read")
        if answer.status == 404 and study.is_going:
            return
        # Until a trial is complete there is nothing to rank, which is told.
        self._world.expect(answer.status in (200, 422), f"{path}: {answer}")
        if answer.status == 200 and what == "restarts":
            self._whole(path, answer)
        if answer.etag is not None:
            status = self._world.ask("GET", path, etag=answer.etag).status
            self._world.expect(status in (200, 304) or study.is_going, f"{path}: {status}")
            if status == 304:
                self._world.counted("results not modified")

    def _whole(self, path: str, answer: Answer) -> None:
        """Each restart once, and whole trials alone."""
        if path.endswith("csv"):
            rows: list[Any] = list(csv.DictReader(io.StringIO(answer.body.decode())))
        else:
            rows = answer.json
        of = ("scaling", "optimizer", "learning_rate", "seed")
        keys = Counter(tuple(str(row[name]) for name in of) for row in rows)
        self._world.expect(len(keys) == len(rows), f"{path}: a restart twice")
        self._world.expect(len(rows) % PLAN["restarts"] == 0, f"{path}: {len(rows)} restarts")

    def _watch(self) -> None:
        """The first event, which is the state; an open stream may be cut off by a kill."""
        if (study := self._any()) is None:
            return
        url = f"http://127.0.0.1:{self._world.port}{path_of(study, '/events')}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS_TO_ANSWER) as stream:
                for line in stream:
                    if line.startswith(b"data: "):
                        told = json.loads(line.removeprefix(b"data: "))
                        is_it = study.name in (told, told["name"] if isinstance(told, dict) else "")
                        self._world.expect(is_it, f"event of {study.name}: {told}")
                        break
            self._world.counted("events watched")
        except urllib.error.HTTPError as error:
            self._world.expect(error.code in (404, 503), f"{url}: {error.code}")
        except (OSError, HTTPException):
            self._world.counted("streams cut off")

    def _look_around(self) -> None:
        path = self._draw.choice(("/", "/metrics", "/readyz", "/openapi.json"))
        status = self._world.ask("GET", path).status
        self._world.expect(status == 200, f"{path}: {status}")
        self._world.counted("pages and metrics read")

    # Which study

    def _studies(self) -> list[Known]:
        with self._world.lock:
            return list(self._world.studies)

    def _any(self) -> Known | None:
        """A study that was accepted, one of the latest more often."""
        there = [study for study in self._studies() if study.is_there and not study.is_going]
        latest = there[-3 * MOST_OPEN :] if self._draw.random() < 0.8 else there
        return self._draw.choice(latest) if latest else None

    def _taken(self) -> Known | None:
        """Such a study that nobody else orders, its lock taken."""
        study = self._any()
        if study is None or not study.lock.acquire(blocking=False):
            return None
        if study.is_going:
            study.lock.release()
            return None
        return study

    def _see(self, study: Known, state: str, when: str) -> None:
        """Hold a state to what was ordered last."""
        right = {Due.PAUSED: ("paused",), Due.CANCELLED: ("cancelled",)}
        may = right.get(study.due, ("queued", "running", "settled"))
        self._world.expect(state in may, f"{when}: {study.name} is {state}, due {study.due}")
