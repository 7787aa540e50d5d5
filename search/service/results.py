"""Routes of what a study says: the rows of the commands, its report, its best network."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from search.problem.success import Success
from search.service.children import in_turn
from search.service.desk import Reading, Service, Serving, StudyName
from search.service.problems import RESPONSES
from search.service.writing import ROWS, Writing, Written
from search.studies.answers import (
    Answer,
    basins_rows,
    best_rows,
    effects_rows,
    measures_rows,
    restarts_rows,
    times_rows,
)
from search.studies.study import Study
from search.studies.tables import (
    basins_table,
    best_table,
    effects_table,
    measures_table,
    restarts_table,
    times_table,
)

_SECONDS_TO_EXPORT = 120
_SECONDS_TO_WAIT = 60


SuccessName = Annotated[str | None, Query(max_length=64, description="What counts as a success.")]
Top = Annotated[int | None, Query(ge=1, description="How many configurations.")]
Configured = Annotated[str | None, Query(max_length=512, description="Like standard/adam/0.1.")]
Measured = Annotated[
    str | None, Query(max_length=1024, description="Names of measures, like balanced_accuracy,auc.")
]

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
    writing: Writing,
    rows_of: Callable[[Study], Answer],
    show: Callable[[Study], None],
) -> Response:
    """The rows of a study, streamed; that nothing has changed, where the tag is known."""
    study = service.study(name)
    etag = etag_of(service, study, request)
    if is_known(request, etag):
        return not_modified(etag)

    def rows() -> Answer:
        with study.snapshot():  # rows that are read as they are sent are read after it
            return rows_of(study)

    def shown() -> None:
        with study.snapshot():
            show(study)

    return writing.written(rows, shown, {"ETag": etag, "Cache-Control": "no-cache"})


def _success(name: str | None) -> Success | None:
    return None if name is None else Success.of(name)


def _names(measures: str | None) -> list[str] | None:
    return None if measures is None else [each.strip() for each in measures.split(",")]


@routes.get("/best", responses=ROWS)
def get_best(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
    measures: Measured = None,
) -> Response:
    """The configurations, ranked by the lower end of the success rate's interval.

    With `measures` what those are over the restarts of each.
    """
    chosen, names = _success(success), _names(measures)
    if names is not None:
        return _rows(
            *(service, request, name, writing),
            lambda study: measures_rows(study, names, chosen, top),
            lambda study: measures_table(study, names, chosen, top),
        )
    return _rows(
        *(service, request, name, writing),
        lambda study: best_rows(study, chosen, top),
        lambda study: best_table(study, chosen, top),
    )


@routes.get("/times", responses=ROWS)
def get_times(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
) -> Response:
    """How soon the configurations escape, and after how many epochs to give one up."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: times_rows(study, chosen, top),
        lambda study: times_table(study, chosen, top),
    )


@routes.get("/effects", responses=ROWS)
def get_effects(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
) -> Response:
    """What the success rate depends on."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: effects_rows(study, chosen),
        lambda study: effects_table(study, chosen),
    )


@routes.get("/basins", responses=ROWS)
def get_basins(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
    configuration: Configured = None,
) -> Response:
    """Where the restarts end."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: basins_rows(study, chosen, top, configuration),
        lambda study: basins_table(study, chosen, top, configuration),
    )


@routes.get("/restarts", responses=ROWS)
def get_restarts(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    configuration: Configured = None,
    measures: Measured = None,
    weights: Annotated[bool, Query(description="With all final weights.")] = False,
) -> Response:
    """Every restart, by trial and seed."""
    names = _names(measures)
    return _rows(
        *(service, request, name, writing),
        lambda study: restarts_rows(study, configuration, names, weights=weights),
        lambda study: restarts_table(study, configuration, names, weights=weights),
    )


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
