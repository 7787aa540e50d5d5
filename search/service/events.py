"""Server-sent events: where studies stand, whenever that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from search.service.desk import Reading, Service, Serving, StudyName, caller_of
from search.service.problems import RESPONSES

_SECONDS_BETWEEN_LOOKS = 0.5

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
    while True:
        mark, event = await run_in_threadpool(_look, service, request, name, last)
        if event is not None:
            yield event
            if event.event in ("deleted", "closed"):
                return
        last = mark
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def _look(
    service: Service, request: Request, name: str | None, last: str | None
) -> tuple[str, ServerSentEvent | None]:
    """The mark of the state now, and an event if it is another than the last one."""
    told = service.telling.of(name)
    if told is None:
        return "", ServerSentEvent(event="deleted", data=name)
    mark, row = told
    if mark == last:
        return mark, None
    if caller_of(request) is None:  # its key has ended meanwhile
        return mark, ServerSentEvent(event="closed", data="the key has ended")
    return mark, ServerSentEvent(event="studies" if name is None else "study", id=mark, data=row)
