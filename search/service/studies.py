"""Routes of the queue: studies are submitted, listed, ordered and deleted."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import AfterValidator, BaseModel

from search.problem.errors import Fault, InvalidValuesError
from search.problem.names import is_printable, quoted, shown, visible
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.running.opening import OpenStudy
from search.service.desk import (
    Administering,
    Caller,
    Reading,
    Service,
    Serving,
    StudyName,
    Submitting,
)
from search.service.limits import admit, check_size
from search.service.problems import RESPONSES, described, not_found
from search.service.standing import StudyStanding
from search.service.tags import NOT_MODIFIED, is_known, not_modified
from search.service.uploads import Uploads
from search.studies.ordering import order
from search.studies.submitting import Submitted, submit
from storage.errors import RecordError
from storage.values import AuditLine

_SCHEMAS = "#/components/schemas"
PLAN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}/Plan"}}},
    }
}
"""Of a route whose body is a plan, for its description."""


def _sendable(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan that can be answered. JSON can have half a surrogate pair, which UTF-8 cannot."""
    faults = []
    for field, value in plan.items():
        try:
            json.dumps({field: value}, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            rule = "must be text without unpaired surrogates"
            faults.append(Fault(visible(field), rule, shown(value)))
        except RecursionError:
            faults.append(Fault(visible(field), "must not be nested so deeply", "a deep nest"))
    if faults:
        raise InvalidValuesError(faults)
    return plan


PlanBody = Annotated[dict[str, Any], Body(), AfterValidator(_sendable)]


def plan_schemas() -> dict[str, Any]:
    """The schema of a plan and those that it refers to, by their names among the components."""
    plan = PlanFields.model_json_schema(ref_template=f"{_SCHEMAS}/{{model}}")
    plan["description"] = (
        "A plan, with the fields of a plan file. What is left out is the default, or what the "
        "study of that name has. Data are built in, or were uploaded."
    )
    return {**plan.pop("$defs", {}), "Plan": plan}


routes = APIRouter(prefix="/api/studies", tags=["studies"], responses=RESPONSES)


class Submission(BaseModel):
    """What became of a plan. `changes` says what it changed of the study that was there."""

    created: bool
    changes: list[str]
    study: StudyStanding


def seen(service: Service, name: str) -> StudyStanding:
    """Where a study stands. Raises 404 if there is none of that name."""
    found = service.telling.standing(name)
    if found is None:
        raise not_found(f"there is no study {name!r}")
    return found


@routes.put(
    "/{name}",
    response_model=Submission,
    responses={201: {"model": Submission, "description": "The study was made."}, **described(429)},
    openapi_extra=PLAN_BODY,
)
def put_study(
    service: Serving,
    caller: Submitting,
    response: Response,
    name: StudyName,
    plan: PlanBody,
    priority: Annotated[int | None, Query(ge=-1000, le=1000)] = None,
) -> Submission:
    """Submit a plan: a study is made and queued. The same plan again changes nothing.

    What may change of a study (its size, sampler, precision) is changed; another problem or search
    space under the same name is refused, with the differences. 429 if the key has as many studies
    queued or running as it may.
    """
    done = submitted(service, caller, name, plan, priority)
    response.status_code = 201 if done.is_new else 200
    return Submission(created=done.is_new, changes=list(done.changes), study=seen(service, name))


def submitted(
    service: Service, caller: Caller, name: str, plan: dict[str, Any], priority: int | None = None
) -> Submitted:
    """Submit a plan under a name, as `put_study` says.

    Raises:
        OtherPlanError: If the study is there with another problem or search space.
        TooManyStudiesError: If the key has as many studies queued or running as it may.
        UserError: If the plan breaks its rules.
    """
    if "study" in plan and plan["study"] != name:
        rule = f"must be left out, or the name in the address, {quoted(name)}"
        raise InvalidValuesError([Fault("study", rule, quoted(str(plan["study"])))])
    check_name(name)
    with Uploads(service.reader) as uploads:
        fields = PlanFields(**uploads.placed({**plan, "study": name}))

        def make_plan(kept: Plan | None) -> Plan:
            with uploads.named():
                return fields.plan(kept)

        def admitted(study: OpenStudy, changes: tuple[str, ...]) -> None:
            admit(caller, study)
            said = ("changed", f"{name} ({'; '.join(changes)})") if changes else ("submitted", name)
            study.store.add_audit(AuditLine(time.time(), caller.name, *said))

        return submit(service.storage, name, make_plan, priority, check_size, admitted)


def check_name(name: str) -> None:
    """Raise InvalidValuesError for a name that no study, or no address, can have."""
    if not is_printable(name):
        raise InvalidValuesError([Fault("study", "must be a printable name", quoted(name))])
    if "/" in name or name in (".", ".."):
        rule = "must be a name without / to be addressed"
        raise InvalidValuesError([Fault("study", rule, quoted(name))])


@routes.get("", response_model=list[StudyStanding], responses=NOT_MODIFIED)
def get_studies(service: Serving, request: Request, _caller: Reading) -> Response:
    """All studies: those that are queued in the order of the queue, and the others behind."""
    return _told(service, request, None)


@routes.get("/{name}", response_model=StudyStanding, responses=NOT_MODIFIED)
def get_study(service: Serving, request: Request, _caller: Reading, name: StudyName) -> Response:
    """Where one study stands. Its tag is the same while the expected finish alone changes."""
    return _told(service, request, name)


def _told(service: Service, request: Request, name: str | None) -> Response:
    found = service.telling.of(name, is_now=True)
    if found is None:
        raise not_found(f"there is no study {name!r}")
    etag = f'W/"{found.mark}"'
    if is_known(request, etag):
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    return Response(found.text, media_type="application/json", headers=headers)


def _ordered(service: Service, caller: Caller, name: str, what: str) -> StudyStanding:
    seen(service, name)
    try:
        with service.writer.transaction():  # an order without its line of the audit is none
            if order(service.writer, name, what, partial(admit, caller)).is_new:
                service.noted(caller, what, name)
    except RecordError:
        seen(service, name)  # 404 if it was deleted meanwhile
        raise
    return seen(service, name)


@routes.post("/{name}/pause", response_model=StudyStanding)
def post_pause(service: Serving, caller: Submitting, name: StudyName) -> StudyStanding:
    """Train no more of a study until it is resumed; what is being trained ends."""
    return _ordered(service, caller, name, "pause")


@routes.post("/{name}/resume", response_model=StudyStanding, responses=described(429))
def post_resume(service: Serving, caller: Submitting, name: StudyName) -> StudyStanding:
    """Queue a study again that was paused or cancelled, or that failed. One that is settled stays
    so.
    """
    return _ordered(service, caller, name, "resume")


@routes.post("/{name}/cancel", response_model=StudyStanding)
def post_cancel(service: Serving, caller: Submitting, name: StudyName) -> StudyStanding:
    """Train no more of a study; what is being trained ends."""
    return _ordered(service, caller, name, "cancel")


@routes.post("/{name}/kill", response_model=StudyStanding)
def post_kill(service: Serving, caller: Submitting, name: StudyName) -> StudyStanding:
    """Train no more of a study, and stop what is being trained."""
    return _ordered(service, caller, name, "kill")


@routes.delete("/{name}", status_code=204)
def delete(service: Serving, caller: Administering, name: StudyName) -> None:
    """Delete a study with its restarts; what is being trained of it is stopped."""
    from search.studies.deleting import delete_study  # Optuna, for its copy

    line = AuditLine(time.time(), caller.name, "deleted", name)
    delete_study(service.storage, service.study(name).stored, lambda store: store.add_audit(line))
