"""What goes wrong, as RFC 9457's problem+json: one form for all, with every fault and its field."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from search.problem.errors import InvalidValuesError, LaunchError, UserError
from search.problem.names import shown, visible
from search.running.opening import OtherPlanError
from search.studies.ordering import OrderRefusedError
from storage.errors import RecordError, RecordFailedError

_SECONDS_TO_RETRY = "60"
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("multirestart.service")


class TooManyStudiesError(UserError):
    """A key has as many studies queued or running as it may; some of them will end."""


class FieldFault(BaseModel):
    """One value that breaks its rule."""

    field: str
    rule: str
    received: str
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457). `errors` has all faults at once, `differences` those of a plan
    from the study that is there.
    """

    title: str
    status: int
    detail: str
    errors: list[FieldFault] = []
    differences: list[str] = []


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems that a route may answer, for its description."""
    return {
        status: {
            "model": Problem,
            "content": {MEDIA_TYPE: {}},
            "description": HTTPStatus(status).phrase,
        }
        for status in statuses
    }


RESPONSES = described(400, 401, 403, 404, 409, 413, 422, 503)
"""What any route may answer."""


def problem(
    status: int,
    detail: str,
    errors: Sequence[FieldFault] = (),
    differences: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An answer that says what went wrong."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=visible(detail),  # half a surrogate pair, which JSON can have, cannot be sent
        errors=[_visible(fault) for fault in errors],
        differences=[visible(difference) for difference in differences],
    )
    return JSONResponse(body.model_dump(), status, headers, media_type=MEDIA_TYPE)


def _visible(fault: FieldFault) -> FieldFault:
    return FieldFault(**{name: visible(text) for name, text in fault.model_dump().items()})


def not_found(what: str) -> HTTPException:
    """The error for something that is not there."""
    return HTTPException(404, what)


@contextmanager
def missing_is_not_found() -> Iterator[None]:
    """Have what the record does not hold be answered as not found."""
    try:
        yield
    except RecordFailedError:
        raise
    except RecordError as error:
        raise not_found(str(error)) from None


def handle_problems(app: FastAPI) -> None:
    """Have an application answer whatever is raised in its routes."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(UserError, _mistake)
    app.add_exception_handler(LaunchError, _failed)
    app.add_exception_handler(RecordError, _failed)
    app.add_exception_handler(ClientDisconnect, _cut_off)
    app.add_exception_handler(Exception, _unforeseen)


def _http(_of: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


def _request(_of: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        FieldFault(
            field=".".join(map(str, one["loc"][1:])) or str(one["loc"][0]),
            rule=one["msg"],
            received=shown(one.get("input")),
            message=one["msg"],
        )
        for one in error.errors()
    ]
    said = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return problem(422, said, faults)


def _mistake(_of: Request, error: Exception) -> JSONResponse:
    if isinstance(error, OtherPlanError):
        return problem(409, str(error), differences=error.differences)
    if isinstance(error, OrderRefusedError):
        return problem(409, str(error))
    if isinstance(error, TooManyStudiesError):
        return problem(429, str(error), headers={"Retry-After": _SECONDS_TO_RETRY})
    return problem(422, str(error), faults_of(error))


def faults_of(error: Exception) -> list[FieldFault]:
    """The faults that an error names, with their fields; none of an error that names none."""
    if not isinstance(error, InvalidValuesError):
        return []
    return [
        FieldFault(
            field=fault.field,
            rule=fault.rule,
            received=fault.received,
            message=fault.worded(fault.field),
        )
        for fault in error.faults
    ]


def _failed(_of: Request, error: Exception) -> JSONResponse:
    return failed(error)


def failed(error: Exception) -> JSONResponse:
    """The answer where the database cannot be used, or work failed."""
    _log.error("%s", error)
    what = "the database cannot be used" if isinstance(error, RecordError) else "this failed"
    said = f"{what} at the moment: see the service's log"
    return problem(503, said, headers={"Retry-After": "5"})


def _cut_off(_of: Request, _error: Exception) -> JSONResponse:
    """A body without a length was cut off where it became too large; else nobody hears this."""
    return problem(413, "the body is too large")


def _unforeseen(_of: Request, error: Exception) -> JSONResponse:
    _log.error("unforeseen: %r", error, exc_info=error)
    return problem(500, "an error of the service itself: see its log")
