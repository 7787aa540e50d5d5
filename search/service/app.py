"""The application: `create_app` puts the routes over a database together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import Depends, FastAPI

from search.service import (
    events,
    form,
    networks,
    pages,
    plan_checks,
    reporting,
    results,
    running_it,
    sharing,
    studies,
    summaries,
    uploads,
    verifying,
)
from search.service.desk import Service, allowing
from search.service.guards import MOST_BYTES, Guards
from search.service.logs import RequestLog
from search.service.problems import handle_problems
from search.service.stopping import Stopping
from storage.opening import open_for_reading, open_for_writing
from storage.values import Scope

_PARTS = (
    *(
        part.routes
        for part in (uploads, results, reporting, networks, verifying, sharing, events, studies)
    ),
    *(part.routes for part in (summaries, plan_checks, running_it, pages, form)),
    sharing.opened,
)


def create_app(storage: str, *, is_loopback: bool = True, most_bytes: int = MOST_BYTES) -> FastAPI:
    """The service over a database, as an ASGI application. It trains nothing.

    Args:
        storage: URL of the database, which is made if it is not there.
        is_loopback: Whether it is reached from this machine alone: requests for other hosts are
            refused then.
        most_bytes: Of a request's body.

    Returns:
        The application.

    Raises:
        RecordError: If the database cannot be used.
    """
    writer = open_for_writing(storage)
    service = Service(storage, open_for_reading(storage), writer, writer.liveness())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Cancelled is a server that was told to stop before it had begun to listen.
        with service.liveness, suppress(asyncio.CancelledError):
            yield
        service.children.end()
        service.reader.close()
        service.writer.close()

    app = FastAPI(
        title="multirestart",
        summary="How often does a small Keras network escape the plateau?",
        version=version("multirestart"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.add_middleware(Guards, is_loopback=is_loopback, most_bytes=most_bytes)
    app.add_middleware(Stopping)
    app.add_middleware(RequestLog)  # outside the others: what they refuse has a line too
    handle_problems(app)
    for part in _PARTS:
        app.include_router(part)

    @app.get("/openapi.json", dependencies=[Depends(allowing(Scope.READ))])
    def get_description() -> dict[str, object]:
        """The description of this interface, OpenAPI 3.1."""
        found = app.openapi()
        found["components"]["schemas"].update(studies.plan_schemas())
        return found

    return app
