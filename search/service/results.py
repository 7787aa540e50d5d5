"""Routes of what a study says: the rows of the commands, its report, its best network."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from search.problem.success import Success
from search.reports.report import csv_text, json_text
from search.service.children import in_turn
from search.service.desk import Reading, Service, Serving, StudyName
from search.service.problems import RESPONSES
from search.studies.answers import (
    Answer,
    basins_rows,
    best_rows,
    effects_rows,
    restarts_rows,
    times_rows,
)
from search.studies.study import Study

_SECONDS_TO_EXPORT = 120
_SECONDS_TO_WAIT = 60


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"


_ROWS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Rows under the names that the command of the same name gives them.",
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "text/csv": {"schema": {"type": "string"}},
        },
    },
    304: {"description": "Nothing has changed since the ETag in If-None-Match."},
}
SuccessName = Annotated[str | None, Query(max_length=64, description="What counts as a success.")]
Top = Annotated[int | None, Query(ge=1, description="How many configurations.")]
Configured = Annotated[str | None, Query(max_length=512, description="Like standard/adam/0.1.")]
As = Annotated[Format, Query(alias="format")]

routes = APIRouter(prefix="/api/studies/{name}", tags=["results"], responses=RESPONSES)


def etag_of(service: Service, study: Study, request: Request) -> str:
    """A tag that is another whenever what a request about a study is answered by may be."""
    asked = f"{study.study_id} {request.url.path}?{request.url.query}"
    of_state = f"{asked} {service.reader.change_mark(study.study_id)}"
    return f'"{hashlib.sha256(of_state.encode()).hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether a request has what the tag stands for already."""
    given = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    return "*" in given or etag in [tag.removeprefix("W/") for tag in given]


def not_modified(etag: str) -> Response:
    """The answer that nothing has changed."""
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"})


def _rows(
    service: Service,
    request: Request,
    name: str,
    output: Format,
    rows_of: Callable[[Study], Answer],
) -> Response:
    """The rows of a study, streamed; that nothing has changed, where the tag is known."""
    study = service.study(name)
    etag = etag_of(service, study, request)
    if is_known(request, etag):
        return not_modified(etag)
    with study.snapshot():
        answer = rows_of(study)
    pieces: Iterator[str] = (
        json_text(answer.rows) if output is Format.JSON else csv_text(answer.columns, answer.rows)
    )
    first = next(pieces, "")  # what fails at once is told as a problem
    media_type = "application/json" if output is Format.JSON else "text/csv; charset=utf-8"
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    return StreamingResponse(chain([first], pieces), media_type=media_type, headers=headers)


def _success(name: str | None) -> Success | None:
    return None if name is None else Success.of(name)


@routes.get("/best", responses=_ROWS)
def get_best(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    success: SuccessName = None,
    top: Top = None,
    output: As = Format.JSON,
) -> Response:
    """The configurations, ranked by the lower end of the success rate's interval."""
    return _rows(
        service, request, name, output, lambda study: best_rows(study, _success(success), top)
    )


@routes.get("/times", responses=_ROWS)
def get_times(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    success: SuccessName = None,
    top: Top = None,
    output: As = Format.JSON,
) -> Response:
    """How soon the configurations escape, and after how many epochs to give one up."""
    return _rows(
        service, request, name, output, lambda study: times_rows(study, _success(success), top)
    )


@routes.get("/effects", responses=_ROWS)
def get_effects(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    success: SuccessName = None,
    output: As = Format.JSON,
) -> Response:
    """What the success rate depends on."""
    return _rows(
        service, request, name, output, lambda study: effects_rows(study, _success(success))
    )


@routes.get("/basins", responses=_ROWS)
def get_basins(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    success: SuccessName = None,
    top: Top = None,
    configuration: Configured = None,
    output: As = Format.JSON,
) -> Response:
    """Where the restarts end."""
    return _rows(
        service,
        request,
        name,
        output,
        lambda study: basins_rows(study, _success(success), top, configuration),
    )


@routes.get("/restarts", responses=_ROWS)
def get_restarts(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    configuration: Configured = None,
    output: As = Format.JSON,
) -> Response:
    """Every restart, by trial and seed."""
    return _rows(service, request, name, output, lambda study: restarts_rows(study, configuration))


@routes.get("/report", response_class=HTMLResponse)
def get_report(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    success: SuccessName = None,
) -> Response:
    """The study in one page, with figures."""
    return report_of(service, request, service.study(name), success)


def report_of(service: Service, request: Request, study: Study, success: str | None) -> Response:
    """The report of a study; that nothing has changed, where its tag is known."""
    etag = etag_of(service, study, request)
    if is_known(request, etag):
        return not_modified(etag)
    from search.reports.page import html_page
    from search.studies.reporting import gather

    with in_turn(service.lock, _SECONDS_TO_WAIT, "report"):  # drawing takes a core for seconds
        page = html_page(gather(study, success), "multirestart report", f"--study {study.name}")
    return HTMLResponse(page, headers={"ETag": etag, "Cache-Control": "no-cache"})


@routes.get(
    "/networks/best.keras",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "A Keras file."}},
)
def get_network(service: Serving, request: Request, _caller: Reading, name: StudyName) -> Response:
    """The network of the best restart as a file of plain Keras, which takes raw features."""
    study = service.study(name)
    etag = etag_of(service, study, request)
    if is_known(request, etag):
        return not_modified(etag)
    with (
        in_turn(service.lock, _SECONDS_TO_WAIT, "export"),
        tempfile.TemporaryDirectory(prefix="multirestart-") as folder,
    ):
        path = Path(folder) / "best.keras"
        asked = {"storage": service.storage, "study": name, "path": str(path)}
        service.children.answer_of("search.service.exporting", asked, _SECONDS_TO_EXPORT)
        content = path.read_bytes()
    disposition = 'attachment; filename="best.keras"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Disposition": disposition}
    return Response(content, media_type="application/octet-stream", headers=headers)
