"""A service as people hold it in Python: `multirestart.Client`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from search.client.connection import Connection, OnLost
from search.client.reading import Reading, Row, address_of
from search.client.refusals import KEY, RefusedError
from search.client.submission import Submission, of_fields, of_plan
from search.problem.data.upload import Upload, upload_of
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields

UNSETTLED = ("queued", "running")
_SECONDS_BETWEEN_POLLS = 2.0
_FIRST_WAIT = 0.2


class Client(Reading):
    """A service of multirestart, asked over HTTP; may be used as a context manager.

    A request is repeated while the service cannot be reached, which never makes a second study of
    one that is submitted. What the service refuses is raised as the errors of the project.

    Args:
        url: Of the service, like "https://lab.example".
        key: The key to it; that of the environment variable MULTIRESTART_KEY, if there is one, if
            None.
        patience: For how many seconds a request is repeated while the service cannot be reached.
        on_lost: Told why, each time before a request is repeated.

    Raises:
        InvalidValuesError: If the URL is not one, or the key cannot be one.
        UserError: If the package httpx2 is not installed.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience: float = 60.0,
        on_lost: OnLost = lambda _why: None,
    ) -> None:
        given = os.environ.get(KEY) if key is None else key
        self._connection = Connection(url, given or None, patience, on_lost)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def url(self) -> str:
        """URL of the service."""
        return self._connection.at

    def studies(self) -> list[Row]:
        """Where all studies stand: those that are queued in the order of the queue first.

        Returns:
            Of each study what `study` gives.
        """
        found: list[Row] = self._connection.ask("GET", "/api/studies")
        return found

    def study(self, name: str) -> Row:
        """Where a study stands: `state`, `place` in the queue, `trials`, `expected_finish`...

        Raises:
            UserError: If there is no such study.
        """
        return self._one("GET", address_of(name))

    def submit(
        self,
        plan: Plan | Mapping[str, Any],
        priority: int | None = None,
    ) -> Row:
        """Submit a plan: a study is made and queued. The same plan again changes nothing.

        Args:
            plan: A plan, whose points are uploaded unless they are built in; or the fields of a
                plan file, whose `data` may be a CSV or Parquet file of this machine.
            priority: The higher the sooner, from -1000 to 1000; 0, or what it is, if None.

        Returns:
            `created`; `changes`, what it changed of a study that was there; and the `study`.

        Raises:
            InvalidValuesError: If values break their rules; it names all of them.
            UserError: If a study of that name has another problem or search space: the error's
                `differences` say which.
        """
        if isinstance(plan, Plan):
            return self.send(of_plan(plan), priority)
        fields = PlanFields(**plan)
        return self.send(of_fields(fields, fields.name_among(())), priority)

    def send(self, submission: Submission, priority: int | None = None) -> Row:
        """Submit what was made of a plan, as `submit` does."""
        for each in submission.uploads:
            self._put(each)
        return self._one(
            "PUT",
            address_of(submission.study),
            query={"priority": priority},
            body=submission.fields,
        )

    def upload(self, path: str | Path) -> str:
        """Upload a CSV or Parquet file.

        Returns:
            The name by which the `data` of a plan takes it: that of the file, and some digits that
            tell which content it is of.

        Raises:
            UserError: If it cannot be read, or is too large.
        """
        return self._put(upload_of(Path(path)))

    def uploads(self) -> dict[str, int]:
        """The files that were uploaded, by whomever: their names, and how many bytes they have."""
        found = self._connection.ask("GET", "/api/data")
        return {each["name"]: each["bytes"] for each in found}

    def delete_upload(self, name: str) -> None:
        """Delete a file that was uploaded. Studies that were made from it keep their points.

        Raises:
            UserError: If there is none of that name.
        """
        path = f"/api/data/{quote(name, safe='')}"
        self._connection.ask("DELETE", path, if_repeated=404)

    def wait(self, name: str, timeout: float | None = None) -> Row:
        """Wait until a study is neither queued nor running.

        Args:
            name: Its name.
            timeout: For how many seconds; as long as it takes if None.

        Returns:
            Where it stands then; its `state` says what it came to.

        Raises:
            TimeoutError: If it is still queued or running after those seconds.
            UserError: If there is no such study any more.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_WAIT
        while True:
            found = self.study(name)
            if found["state"] not in UNSETTLED:
                return found
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            if left <= 0:
                raise TimeoutError(f"study {name!r} is {found['state']} after {timeout:g} seconds")
            time.sleep(left)
            pause = min(1.5 * pause, _SECONDS_BETWEEN_POLLS)

    def watch(self, name: str) -> Iterator[Row]:
        """Where a study stands, now and whenever that changes, until it is deleted.

        Raises:
            UserError: If there is no such study.
        """
        return self._followed(address_of(name), "study")

    def events(self) -> Iterator[list[Row]]:
        """Where all studies stand, now and whenever that changes, without end."""
        return self._followed("/api", "studies")

    def pause(self, name: str) -> Row:
        """Have no more of a study trained until it is resumed; what is under way ends."""
        return self.order(name, "pause")

    def resume(self, name: str) -> Row:
        """Queue a study again that was paused or cancelled, or that failed."""
        return self.order(name, "resume")

    def cancel(self, name: str) -> Row:
        """Have no more of a study trained; what is under way ends."""
        return self.order(name, "cancel")

    def kill(self, name: str) -> Row:
        """Have no more of a study trained, and what is under way stopped."""
        return self.order(name, "kill")

    def order(self, name: str, what: str) -> Row:
        """Order something of a study: "pause", "resume", "cancel" or "kill".

        Returns:
            Where it stands then.

        Raises:
            UserError: If it cannot follow the order as it stands.
        """
        return self._one("POST", f"{address_of(name)}/{what}")

    def delete(self, name: str) -> None:
        """Delete a study with its restarts."""
        self._connection.ask("DELETE", address_of(name), if_repeated=404)

    def _one(self, method: str, path: str, **request: Any) -> Row:
        found: Row = self._connection.ask(method, path, **request)
        return found

    def _put(self, upload: Upload) -> str:
        self._connection.ask(
            "PUT",
            f"/api/data/{upload.name}",
            content=upload.content,
            media_type=upload.media_type,
        )
        return upload.name

    def _followed(self, path: str, kind: str) -> Iterator[Any]:
        """What events of a kind hold; where their stream is cut off, what a poll finds."""
        last, seen = "", None
        address = "/api/studies" if kind == "studies" else path
        while True:
            for event in self._connection.events(f"{path}/events", last):
                if event.event == "deleted":
                    break
                if event.event == kind:
                    last, seen = event.id, event.json()
                    yield seen
            try:
                found = self._connection.ask("GET", address)
            except RefusedError as error:
                if seen is not None and error.status == 404:
                    return
                raise
            if found != seen:
                seen = found
                yield seen
            time.sleep(_SECONDS_BETWEEN_POLLS)
