"""What is said to those whose requests are cut off, because the service stops."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.service.problems import problem

_EVENTS = "text/event-stream"
_SECONDS_UNTIL_IT_IS_BACK = "2"


class Stopping:
    """Answers a request that is cancelled before its answer began: 503, to be asked again.

    The server cancels what has not ended some seconds after it was told to stop. Whether a change
    was made by then nobody can say, and asking again does no harm. A stream of events ends as if it
    had come to its end; any other answer that was under way breaks off, so that nobody takes a half
    of it for the whole.

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began: Message | None = None

        async def noted(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = message
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if began is None:
                again = {"Retry-After": _SECONDS_UNTIL_IT_IS_BACK, "Connection": "close"}
                said = "the service is stopping: ask again when it is back"
                await problem(503, said, headers=again)(scope, receive, send)
            elif Headers(raw=began["headers"]).get("content-type", "").startswith(_EVENTS):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
