"""The pages: all studies, one study with its report, and where a key is given.

They are whole without JavaScript; a script reloads what is live when an event says so.
"""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader

from search.service.desk import COOKIE, Serving, StudyName, caller_of
from search.service.keys import recognised
from search.service.standing import StudyStanding, standing, standings

_LONGEST_FORM = 4096
_SECONDS_OF_COOKIE = 30 * 86400
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

routes = APIRouter(include_in_schema=False)


@routes.get("/")
def get_list(service: Serving, request: Request) -> Response:
    """All studies; where a key is wanted and none given, a form for it."""
    if caller_of(request) is None:
        return _page("login.html", 401, title="multirestart")
    found = standings(service.reader, service.liveness)
    return _page("studies.html", title="Studies", studies=found)


@routes.get("/studies/{name}")
def get_study_page(service: Serving, request: Request, name: StudyName) -> Response:
    """A study, with its report below."""
    if caller_of(request) is None:
        return _page("login.html", 401, title="multirestart")
    found = standing(service.reader, service.liveness, name)
    if found is None:
        return RedirectResponse("/", 303)
    api = f"/api/studies/{quote(name, safe='')}"
    return _page("study.html", title=name, study=found, api=api)


@routes.post("/login")
async def post_login(service: Serving, request: Request) -> Response:
    """Keep a key in a cookie, of which only pages of this service and reads can make use."""
    text = ""
    if int(request.headers.get("content-length", "0")) <= _LONGEST_FORM:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        text = form.get("key", [""])[0].strip()
    key = recognised(service.reader.access_keys(), text)
    if key is None:
        return _page("login.html", 401, title="multirestart", refused=True)
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
    """The script of the pages; it holds nothing of any study."""
    return Response(_script(), media_type="text/javascript")


@cache
def _script() -> str:
    return files("search.service").joinpath("templates/live.js").read_text()


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("search.service"), autoescape=True)
    environment.globals["finish"] = _finish
    return environment


def _page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    text = _environment().get_template(template).render(values)
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(text, status, headers)


def _finish(study: StudyStanding) -> str:
    """When a study is expected to end, in a few words."""
    expected = study.expected_finish
    if expected is None:
        return ""
    now = time.time()
    at, low, high = (
        _span(moment - now) for moment in (expected.at, expected.earliest, expected.latest)
    )
    return f"in {at} ({low} to {high})"


def _span(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"
