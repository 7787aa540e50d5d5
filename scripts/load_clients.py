"""Clients of the service in a process of their own, for `load.py`: they ask, or they watch."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread

STUDY = "load"
SECONDS_OF_A_PAGE = 2.0
"""`live.js` has them too."""
MIX = ("list", "study", "best", "not modified", "events")
_PATHS = {
    "list": "/api/studies",
    "study": f"/api/studies/{STUDY}",
    "best": f"/api/studies/{STUDY}/best",
    "not modified": "/api/studies/other-0/restarts",
    "events": f"/api/studies/{STUDY}/events",
}


class Asker(Thread):
    """A client on one connection, which keeps how long each request took, in seconds."""

    def __init__(self, port: int, number: int, every: float, is_over: Event) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._every = every
        self._is_over = is_over
        self._draw = random.Random(number)
        self.took: dict[str, list[float]] = {kind: [] for kind in MIX}
        self.failed = 0

    def run(self) -> None:
        """Ask until it is over, each kind of request in turn."""
        kept = HTTPConnection("127.0.0.1", self._port, timeout=60)
        etag = ""
        next_at = time.perf_counter() + self._draw.uniform(0, self._every)
        place = self._draw.randrange(len(MIX))
        while not self._is_over.is_set():
            if self._every and (self._is_over.wait(max(next_at - time.perf_counter(), 0))):
                return
            next_at += self._every
            kind = MIX[place % len(MIX)]
            place += 1
            began = time.perf_counter()
            try:
                if kind == "events":
                    _first_event(self._port)
                else:
                    kept.request("GET", _PATHS[kind], headers={"If-None-Match": etag})
                    answer = kept.getresponse()
                    answer.read()
                    right = (200, 304) if kind == "not modified" else (200,)
                    self.failed += answer.status not in right
                    if kind == "not modified":
                        etag = answer.headers["ETag"] or ""
            except (OSError, HTTPException):
                self.failed += 1
                kept.close()
            self.took[kind].append(time.perf_counter() - began)


class Watcher(Thread):
    """A client that does what an open page does; it counts the events.

    It reads a stream of events, and fetches the page when one says that something changed, every
    two seconds at most.
    """

    def __init__(self, port: int, is_over: Event) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._is_over = is_over
        self.events = 0
        self.failed = 0

    def run(self) -> None:
        """Read until it is over."""
        stream = HTTPConnection("127.0.0.1", self._port, timeout=60)
        stream.request("GET", _PATHS["events"])
        answer = stream.getresponse()
        fetched = float("-inf")
        while not self._is_over.is_set() and (line := answer.readline()):
            self.events += line.startswith(b"data: ")
            if line.startswith(b"data: ") and time.perf_counter() - fetched > SECONDS_OF_A_PAGE:
                fetched = time.perf_counter()
                self._fetch()
        stream.close()

    def _fetch(self) -> None:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request("GET", f"/studies/{STUDY}")
            answer = connection.getresponse()
            answer.read()
            self.failed += answer.status != 200


def _first_event(port: int) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as stream:
        stream.request("GET", _PATHS["events"])
        answer = stream.getresponse()
        while not answer.readline().startswith(b"data: "):
            pass


def main(port: int, asking: int, every: float, watching: int, seconds: float) -> None:
    """Ask and watch for some seconds; print how that went, as JSON."""
    is_over = Event()
    askers = [Asker(port, number, every, is_over) for number in range(asking)]
    watchers = [Watcher(port, is_over) for _ in range(watching)]
    for thread in (*askers, *watchers):
        thread.start()
    began = time.perf_counter()
    time.sleep(seconds)
    is_over.set()
    lasted = time.perf_counter() - began
    for asker in askers:
        asker.join(60)
    took = [second for asker in askers for kind in MIX for second in asker.took[kind]]
    figures = {
        "rate": len(took) / lasted,
        "took": sorted(took),
        "by kind": {
            kind: statistics.median([s for asker in askers for s in asker.took[kind]] or [0.0])
            for kind in MIX
        },
        "failed": sum(one.failed for one in askers) + sum(one.failed for one in watchers),
        "events": sum(watcher.events for watcher in watchers) / lasted,
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    port, asking, every, watching, seconds = map(float, sys.argv[1:])
    main(int(port), int(asking), every, int(watching), seconds)
