"""What is told to those whose requests a service that stops cuts off."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from search.service.stopping import Stopping

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
HALF = {"type": "http.response.body", "body": b"half", "more_body": True}


def sent_when_cancelled(*before: dict[str, Any]) -> list[Message]:
    """What is sent of a request that had sent so much when it was cancelled."""
    sent: list[Message] = []

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in before:
            await send(message)
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        task = asyncio.create_task(_awaited(Stopping(endless)(SCOPE, receive, send)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(run())
    return sent


async def _awaited(call: Any) -> None:
    await call


def began(media_type: str) -> dict[str, Any]:
    headers = [(b"content-type", media_type.encode())]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def test_a_request_without_an_answer_is_told_to_come_again() -> None:
    start, body = sent_when_cancelled()
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"2"
    assert json.loads(body["body"])["detail"].startswith("the service is stopping")


@pytest.mark.parametrize(
    ("media_type", "is_ended"), [("text/event-stream; charset=utf-8", True), ("text/csv", False)]
)
def test_events_end_and_half_an_answer_is_not_made_whole(media_type: str, is_ended: bool) -> None:
    sent = sent_when_cancelled(began(media_type), HALF)
    assert sent[:2] == [began(media_type), HALF]
    assert [message["more_body"] for message in sent[2:]] == ([False] if is_ended else [])
