"""Routes of what is taken home: a network as a Keras file, and the program that trains it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from search.problem.rows import RecordedRestart
from search.service.desk import Reading, Serving, StudyName
from search.service.problems import RESPONSES, missing_is_not_found
from search.service.results import with_etag
from search.service.tags import NOT_MODIFIED, is_known, not_modified
from search.studies.exporting import chosen_restart
from search.studies.study import LARGEST_SEED, Study

_SECONDS_TO_EXPORT = 120

routes = APIRouter(
    prefix="/api/studies/{name}/networks", tags=["results"], responses=RESPONSES | NOT_MODIFIED
)
_Trial = Annotated[int | None, Query(ge=0, le=LARGEST_SEED, description="Of another restart.")]
_Seed = Annotated[int | None, Query(ge=0, le=LARGEST_SEED, description="With `trial`.")]


@routes.get(
    "/best.keras",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "A Keras file."}},
)
def get_network(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    trial: _Trial = None,
    seed: _Seed = None,
) -> Response:
    """The network of the best restart as a file of plain Keras, which takes raw features.

    Of another restart if its trial and seed are given.
    """
    study, etag = with_etag(service, name, request)
    if is_known(request, etag):
        return not_modified(etag)
    found = _chosen(study, trial, seed)
    with (
        service.exports.turn(),
        tempfile.TemporaryDirectory(prefix="multirestart-") as folder,
    ):
        path = Path(folder) / "best.keras"
        which = {"trial": found.trial, "seed": found.restart.seed}
        asked = {"storage": service.storage, "study": name, "path": str(path), **which}
        service.children.answer_of("search.service.exporting", asked, _SECONDS_TO_EXPORT)
        content = path.read_bytes()
    return Response(
        content, media_type="application/octet-stream", headers=_headers(etag, "best.keras")
    )


@routes.get(
    "/best.py",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {}}, "description": "A Python program."}},
)
def get_program(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    trial: _Trial = None,
    seed: _Seed = None,
) -> Response:
    """The program of plain Keras that trains the best restart again, or another."""
    study, etag = with_etag(service, name, request)
    if is_known(request, etag):
        return not_modified(etag)
    from search.export.program import program

    text = program(study.name, study.problem, _chosen(study, trial, seed))
    return PlainTextResponse(text, headers=_headers(etag, "best.py"))


def _chosen(study: Study, trial: int | None, seed: int | None) -> RecordedRestart:
    with missing_is_not_found():
        return chosen_restart(study, trial, seed)


def _headers(etag: str, file: str) -> dict[str, str]:
    disposition = f'attachment; filename="{file}"'
    return {"ETag": etag, "Cache-Control": "no-cache", "Content-Disposition": disposition}
