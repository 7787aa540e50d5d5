"""What the service writes of itself on stdout: one JSON object a line, one line a request."""

from __future__ import annotations

import json
import logging
import re
import time
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = "multirestart.requests"
KEY_NAME = "key_name"
"""Attribute of a request's state: the name of the key that it came with."""
_SHOWN = frozenset({"name", "trial", "seed"})
"""Parameters of paths that a log may have: another could be a secret."""
_requests = logging.getLogger(REQUESTS)


class Lines(logging.Formatter):
    """Writes a record as a line of JSON: `time` (UTC), `level`, and what is told."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line."""
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        request = getattr(record, "request", None)
        told |= {"message": record.getMessage()} if request is None else request
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": Lines}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "lines",
            "stream": "ext://sys.stdout",
        }
    },
    "loggers": {
        # Uvicorn's own lines of requests are off, and that it starts and ends is told elsewhere.
        "uvicorn": {"handlers": ["stdout"], "level": "WARNING", "propagate": False},
        "multirestart": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
    },
}
"""Logging of the process, as `logging.config.dictConfig` takes it."""


class RequestLog:
    """Writes a line for each request when its answer has ended, streams of events included.

    Never a key, a query or a body: of whoever asked, the name of the key.

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and write its line."""
        if scope["type"] != "http" or not _requests.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, noted)
        finally:
            told = {
                "method": scope["method"],
                "path": _path(scope),
                "status": status,
                "ms": round(1000 * (time.perf_counter() - began), 1),
                "key": scope.get("state", {}).get(KEY_NAME),
            }
            _requests.info("request", extra={"request": told})


def _path(scope: Scope) -> str:
    """The path of a request, with the name of a parameter where its value is not to be shown."""
    route, values = scope.get("route"), scope.get("path_params") or {}
    if route is None:  # refused before, or no address of this service
        return re.sub(r"[\w-]{40,}", "***", str(scope["path"]))
    if set(values) <= _SHOWN:
        return str(scope["path"])
    shown = {name: value if name in _SHOWN else f"{{{name}}}" for name, value in values.items()}
    return str(route.path_format.format(**shown))
