"""How pages are made: templates, the policy that browsers hold them to, and their scripts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from search.service.standing import StudyStanding

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(
    template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page, made of a template.

    Args:
        template: Name of its file.
        status: Of the answer.
        headers: Beside those that every page has.
        values: What the template shows.
    """
    text = _environment().get_template(template).render(values)
    own = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(text, status, {**own, **(headers or {})})


def script(name: str) -> Response:
    """A script of the pages, which holds nothing of any study."""
    return Response(_text(name), media_type="text/javascript")


@cache
def _text(name: str) -> str:
    return files("search.service").joinpath(f"templates/{name}").read_text()


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("search.service"), autoescape=True)
    environment.globals["finish"] = _finish
    return environment


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
