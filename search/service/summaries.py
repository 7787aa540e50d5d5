"""The route of what the command `studies` says."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from search.reports.study_tables import STUDY_KEYS, show_studies, study_json
from search.service.desk import Reading, Serving
from search.service.problems import RESPONSES
from search.service.writing import ROWS, Written
from search.studies.answers import Answer

routes = APIRouter(prefix="/api/summaries", tags=["results"], responses=RESPONSES)


@routes.get("", responses={200: ROWS[200]})
def get_summaries(
    service: Serving, request: Request, _caller: Reading, writing: Written
) -> Response:
    """All studies in the order of their making, and what they hold of complete trials."""
    rows = [study_json(summary) for summary in service.reader.study_summaries()]
    at = str(request.base_url).rstrip("/")
    return writing.written(lambda: Answer(STUDY_KEYS, rows), lambda: show_studies(at, rows))
