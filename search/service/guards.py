"""What is refused before any route sees it: bodies too large, changes without a key, and pages of
other sites."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.service.desk import SCHEME, WANTED, Caller, caller_of, host_of
from search.service.problems import failed, problem
from storage.errors import RecordError

MOST_BYTES = 64 * 2**20
LEAST_BYTES = 64 * 2**10
"""A body of so many bytes is never too large, so that whose it is need not be looked up."""
_READS = ("GET", "HEAD", "OPTIONS")
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "testserver")


class Guards:
    """Limits the bytes of a body, and answers no request that another site's page sent.

    A browser sends what any page tells it to, to this machine too. Such a request names another
    origin, or, where a name was pointed at this machine for it, another host.

    Args:
        app: The application behind.
        is_loopback: Whether it listens at this machine only: names of other hosts are refused then.
        most_bytes: Of a body, whatever the key allows that it comes with.
    """

    def __init__(self, app: ASGIApp, *, is_loopback: bool, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._is_loopback = is_loopback
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._is_loopback and not _is_loopback(host):
            await problem(403, f"this service is not called {host!r}")(scope, receive, send)
            return
        if origin is not None and host_of(origin) != host:
            said = f"a page of {origin!r} may not use this service"
            await problem(403, said)(scope, receive, send)
            return
        length = headers.get("content-length", "0")
        is_long = not length.isdigit() or int(length) > LEAST_BYTES
        is_change = scope["path"].startswith("/api/") and scope["method"] not in _READS
        most = self._most_bytes
        if is_change or is_long or "transfer-encoding" in headers:
            is_form = scope["path"] == "/new"  # whose key is a cookie
            try:
                caller = await run_in_threadpool(caller_of, Request(scope), of_page=is_form)
            except RecordError as error:
                await failed(error)(scope, receive, send)
                return
            if caller is None and is_change:  # before a byte of the body is read
                await problem(401, WANTED, headers=SCHEME)(scope, receive, send)
                return
            most = self._most_of(caller)
        if not length.isdigit() or int(length) > most:
            said = f"a body must be at most {most:,} bytes"
            await problem(413, said)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:  # of a body without a length: no more of it is taken
                return {"type": "http.disconnect"}
            return message

        await self._app(scope, counted, send)

    def _most_of(self, caller: Caller | None) -> int:
        if caller is None:  # who has no key is asked for one, whatever the body says
            return LEAST_BYTES
        of_key = caller.limits.most_bytes
        return self._most_bytes if of_key is None else min(of_key, self._most_bytes)


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:  # a bracket that is not closed
        return False
