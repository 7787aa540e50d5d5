"""Server-sent events: where studies stand, whenever that changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from search.service.desk import Reading, Service, Serving, StudyName, caller_of
from search.service.problems import RESPONSES

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_LOOKS_AT_KEYS = 2.0

routes = APIRouter(prefix="/api", tags=["events"], responses=RESPONSES)
LastEventId = Annotated[str | None, Header()]


@routes.get("/events", response_class=EventSourceResponse)
async def get_events(
    service: Serving, request: Request, _caller: Reading, last_event_id: LastEventId = None
) -> AsyncIterator[ServerSentEvent]:
    """`studies` whenever any study changes: all of them, as `GET /api/studies` has them.

    An event has all there is to know, so that none can be missed; its id tells which state it is
    of. Whoever comes again with it gets the next event when that is no longer the state.
    """
    async for event in _changes(service, request, None, last_event_id):
        yield event


@routes.get("/studies/{name}/events", response_class=EventSourceResponse)
async def get_study_events(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    last_event_id: LastEventId = None,
) -> AsyncIterator[ServerSentEvent]:
    """`study` whenever the study or its trials change; `deleted` at the end if it is deleted."""
    async for event in _changes(service, request, name, last_event_id):
        yield event


async def _changes(
    service: Service, request: Request, name: str | None, last: str | None
) -> AsyncIterator[ServerSentEvent]:
    kind = "studies" if name is None else "study"
    key_looked_at = time.monotonic()
    while True:
        told = service.telling.last(name) or await run_in_threadpool(service.telling.of, name)
        if told is None:
            yield ServerSentEvent(event="deleted", data=name)
            return
        if told.mark != last:
            now = time.monotonic()
            if now - key_looked_at > _SECONDS_BETWEEN_LOOKS_AT_KEYS:
                key_looked_at = now
                if await run_in_threadpool(caller_of, request) is None:
                    yield ServerSentEvent(event="closed", data="the key has ended")
                    return
            yield ServerSentEvent(event=kind, id=told.mark, raw_data=told.text)
            last = told.mark
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
