"""Links by which one study is read without a key: made and ended, and the pages that they open."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, Field

from search.service.desk import Reading, Service, Serving, StudyName, Submitting
from search.service.keys import digest, end_of, secret
from search.service.problems import RESPONSES, not_found
from search.service.rendering import page
from search.service.reporting import report_of
from search.studies.study import Study
from storage.values import Share

routes = APIRouter(prefix="/api/studies/{name}/shares", tags=["shares"], responses=RESPONSES)
opened = APIRouter(prefix="/shared", include_in_schema=False)
_QUIET = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_ShareId = Annotated[int, Path(ge=1, lt=2**31)]
_Token = Annotated[str, Path(max_length=64)]


class ShareAsked(BaseModel):
    """How long a link is to open its study."""

    expires: str | None = Field(None, max_length=8, description="Like 12h, 30d, 4w; null: for good")


class ShareRow(BaseModel):
    """A link to a study, without its secret. Times are Unix times."""

    id: int
    by: str | None = Field(description="The key that made it; null where there are no keys.")
    created: float
    expires: float | None
    valid: bool


class NewShare(ShareRow):
    """A link as it is made. Its address is told once: only a digest of it is kept."""

    url: str


def _row(share: Share) -> ShareRow:
    return ShareRow(
        id=share.share_id,
        by=share.key,
        created=share.created,
        expires=share.expires,
        valid=share.is_valid(time.time()),
    )


@routes.post("", status_code=201, response_model=NewShare)
def post_share(
    service: Serving,
    request: Request,
    caller: Submitting,
    name: StudyName,
    asked: Annotated[ShareAsked | None, Body()] = None,
) -> NewShare:
    """Make a link that shows the study with its report to whoever has it, and nothing else."""
    study, now, token = service.study(name), time.time(), secret()
    ends = end_of(None if asked is None else asked.expires, now)
    with service.writer.transaction():
        share = service.writer.add_share(study.study_id, digest(token), caller.name, now, ends)
        service.noted(caller, "shared", name)
    return NewShare(url=f"{request.base_url}shared/{token}", **_row(share).model_dump())


@routes.get("", response_model=list[ShareRow])
def get_shares(service: Serving, _caller: Reading, name: StudyName) -> list[ShareRow]:
    """The links to the study that were made and not ended."""
    return [_row(share) for share in service.reader.shares(service.study(name).study_id)]


@routes.delete("/{share_id}", status_code=204)
def delete_share(service: Serving, caller: Submitting, name: StudyName, share_id: _ShareId) -> None:
    """End a link: it opens nothing from the next request on."""
    study_id = service.study(name).study_id
    with service.writer.transaction():
        if not service.writer.delete_share(study_id, share_id):
            raise not_found(f"study {name!r} has no link {share_id}")
        service.noted(caller, "share ended", name)


@opened.get("/{token}")
def get_shared_page(service: Serving, token: _Token) -> Response:
    """The study of a link, with its report below."""
    study = _study_of(service, token)
    standing = None if study is None else service.telling.standing(study.name)
    if standing is None:
        return page("nothing_shared.html", 404, _QUIET, title="multirestart")
    title = standing.name
    return page("shared.html", 200, _QUIET, title=title, study=standing, at=f"/shared/{token}")


@opened.get("/{token}/report")
def get_shared_report(service: Serving, request: Request, token: _Token) -> Response:
    """The report of the study of a link."""
    study = _study_of(service, token)
    if study is None:
        return page("nothing_shared.html", 404, _QUIET, title="multirestart")
    answer = report_of(service, request, study.name, None)
    answer.headers.update(_QUIET)
    return answer


def _study_of(service: Service, token: str) -> Study | None:
    """The study that a link opens; None if it opens none, or none any more."""
    share = service.reader.shared(digest(token))
    if share is None or not share.is_valid(time.time()):
        return None
    found = [one for one in service.reader.studies() if one.study_id == share.study_id]
    return Study(service.reader, found[0]) if found else None
