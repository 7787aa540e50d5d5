"""The pages: all studies, one study with its report, and where a key is given.

They are whole without JavaScript; a script reloads what is live when an event says so.
"""

from __future__ import annotations

from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from search.service.desk import COOKIE, Serving, StudyName, caller_of
from search.service.keys import recognised
from search.service.rendering import page, script
from storage.values import Scope

_LONGEST_FORM = 4096
_SECONDS_OF_COOKIE = 30 * 86400

routes = APIRouter(include_in_schema=False)


@routes.get("/")
def get_list(service: Serving, request: Request) -> Response:
    """All studies; where a key is wanted and none given, a form for it."""
    caller = caller_of(request)
    if caller is None:
        return page("login.html", 401, title="multirestart")
    found = service.telling.standings()
    submits = caller.scope.allows(Scope.SUBMIT)
    return page("studies.html", title="Studies", studies=found, submits=submits)


@routes.get("/studies/{name}")
def get_studypage(service: Serving, request: Request, name: StudyName) -> Response:
    """A study, with its report below."""
    if caller_of(request) is None:
        return page("login.html", 401, title="multirestart")
    found = service.telling.standing(name)
    if found is None:
        return RedirectResponse("/", 303)
    api = f"/api/studies/{quote(name, safe='')}"
    return page("study.html", title=name, study=found, api=api)


@routes.post("/login")
async def post_login(service: Serving, request: Request) -> Response:
    """Keep a key in a cookie, of which only pages of this service and reads can make use."""
    text = ""
    if int(request.headers.get("content-length", "0")) <= _LONGEST_FORM:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        text = form.get("key", [""])[0].strip()
    key = recognised(service.reader.access_keys(), text)
    if key is None:
        return page("login.html", 401, title="multirestart", refused=True)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        text,
        max_age=_SECONDS_OF_COOKIE,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@routes.get("/live.js")
def get_script() -> Response:
    """The script that keeps pages level."""
    return script("live.js")
