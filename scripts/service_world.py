"""What the clients of a soaked service share: the studies as they know them, and the server.

A request that is not answered, because the server died, is repeated until it is.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException
from typing import Any

SECONDS_TO_ANSWER = 90
PLAN: dict[str, Any] = {
    "sampler": "random",
    "trials": 3,
    "restarts": 32,
    "epochs": 60,
    "learning_rate": "0.01:1",
}


class Due(StrEnum):
    """What a study has to come to by the last order that was accepted."""

    SETTLED = "settled"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DELETED = "deleted"


@dataclass
class Known:
    """A study as the clients know it. Whoever holds `lock` may order it."""

    name: str
    trials: int = PLAN["trials"]
    due: Due = Due.SETTLED
    is_there: bool = False
    is_going: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Answer:
    """What a request was answered by, and how often it was asked before without an answer."""

    status: int
    body: bytes
    etag: str | None
    unanswered: int

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body or b"null")


@dataclass
class World:
    """What all clients share: the server's port, the studies, what was counted, what went wrong."""

    port: int
    queued: int = 0
    studies: list[Known] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def counted(self, what: str) -> None:
        """Count something."""
        with self.lock:
            self.counts[what] += 1

    def expect(self, holds: bool, what: str) -> None:
        """Keep what went wrong, if something did."""
        if not holds:
            with self.lock:
                self.troubles.append(what)

    def ask(self, method: str, path: str, body: object = None, etag: str | None = None) -> Answer:
        """The answer to a request, which is repeated until there is one."""
        headers = {"Content-Type": "application/json"}
        if etag is not None:
            headers["If-None-Match"] = etag
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        unanswered = 0
        while True:
            try:
                with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as found:
                    return Answer(found.status, found.read(), found.headers["ETag"], unanswered)
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read()
                if error.code == 503:
                    self.counted("answers 503, repeated")
                    unanswered += 1
                    time.sleep(0.5)
                    continue
                self.expect(error.code < 500, f"{method} {path}: {error.code} {said!r}")
                return Answer(error.code, said, None, unanswered)
            except (OSError, HTTPException) as error:
                # Nobody listens, or the connection broke: the server was killed.
                self.expect(not isinstance(error, TimeoutError), f"{method} {path}: no answer")
                self.counted("requests without an answer, repeated")
                unanswered += 1
                time.sleep(0.1)

    def submit(self, study: Known) -> Answer:
        """Submit the plan of a study that the clients know."""
        return self.ask("PUT", path_of(study), {**PLAN, "trials": study.trials})


def path_of(study: Known, rest: str = "") -> str:
    """The address of a study, or of something of it."""
    return f"/api/studies/{study.name}{rest}"
