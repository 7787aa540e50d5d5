"""Route of a study's report: one page with all that there is to tell."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from search.service.desk import Reading, Service, Serving, StudyName
from search.service.problems import RESPONSES
from search.service.results import SuccessName
from search.service.tags import NOT_MODIFIED, is_known, not_modified, tag_of

routes = APIRouter(
    prefix="/api/studies/{name}", tags=["results"], responses=RESPONSES | NOT_MODIFIED
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
    return report_of(service, request, name, success)


def report_of(service: Service, request: Request, name: str, success: str | None) -> Response:
    """The report of a study; that nothing has changed, where its tag is known."""
    mark = service.marks.of(service.study(name).study_id)
    study = service.study(name)  # after the mark, so that what is kept is never older than its tag
    etag = tag_of(study.study_id, f"report {success!r}", mark)
    if is_known(request, etag):
        return not_modified(etag)

    def drawn() -> str:
        from search.reports.page import html_page
        from search.studies.reporting import gather

        return html_page(gather(study, success), "multirestart report", f"--study {study.name}")

    page = service.reports.page(etag, drawn)
    return HTMLResponse(page, headers={"ETag": etag, "Cache-Control": "no-cache"})
