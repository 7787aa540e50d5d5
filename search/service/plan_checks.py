"""Checking a plan before it is submitted: all that is wrong with it, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from search.problem.data.asked import OF_FILE
from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.service.desk import Caller, Reading, Service, Serving
from search.service.limits import check_size, check_work, work_of
from search.service.plan_texts import as_command, as_curl, as_toml, with_files
from search.service.problems import RESPONSES, FieldFault, faults_of
from search.service.studies import PLAN_BODY, PlanBody, check_name
from search.service.uploads import Uploads

T = TypeVar("T")
routes = APIRouter(prefix="/api", tags=["studies"], responses=RESPONSES)


class PlanCheck(BaseModel):
    """What is wrong with a plan, and what it comes to; nothing was submitted.

    The texts say what was asked for, and are empty where a field is of another kind.
    """

    valid: bool = Field(description="Whether it breaks no rule; with differences it needs a name.")
    errors: list[FieldFault]
    exists: bool = Field(description="Whether there is a study of that name.")
    differences: list[str] = Field(description="From that study, which cannot go on so.")
    warnings: list[str]
    trials: int | None
    restarts: int | None = Field(description="Of all trials.")
    epochs: int | None
    work: int | None = Field(description="Restarts x epochs x points at most, of a race too.")
    command: str
    toml: str
    curl: str


@routes.post("/plans:check", response_model=PlanCheck, openapi_extra=PLAN_BODY)
def post_check(service: Serving, caller: Reading, request: Request, plan: PlanBody) -> PlanCheck:
    """Check a plan, with its `study` among the fields: all faults at once, and nothing is kept.

    What is left out is the default, or what the study of that name has.
    """
    return checked(service, caller, plan, str(request.base_url))


def checked(service: Service, caller: Caller, plan: Mapping[str, Any], at: str) -> PlanCheck:
    """What is wrong with a plan, and what it comes to.

    Args:
        service: The service.
        caller: Who asks, whose limits the plan is held to.
        plan: Its fields as JSON, the study's name among them.
        at: Address of the service, with a slash at the end.
    """
    faults: list[FieldFault] = []
    name = plan.get("study")
    _noting(faults, lambda: _check_named(plan))
    kept = service.reader.find_study(name) if isinstance(name, str) else None
    before = None if kept is None else Plan.from_record(kept.name, kept.record)
    readable, fields = _readable(faults, plan)
    made = _noting(faults, lambda: _made(service, readable, before))
    if made is not None:
        _noting(faults, lambda: check_size(made))
        _noting(faults, lambda: check_work(caller, made))
    files = None if fields is None else with_files(fields, service.reader.upload_suffixes())
    return PlanCheck(
        valid=not faults,
        errors=faults,
        exists=before is not None,
        differences=before.differences(made) if made is not None and before is not None else [],
        warnings=[] if made is None else list(made.warnings),
        trials=None if made is None else made.trials,
        restarts=None if made is None else made.trials * made.restarts,
        epochs=None if made is None else made.problem.epochs,
        work=None if made is None else work_of(made),
        command="" if files is None else as_command(files),
        toml="" if files is None else as_toml(files),
        curl="" if files is None else as_curl(plan, at, caller.name is not None),
    )


def _check_named(plan: Mapping[str, Any]) -> None:
    if isinstance(plan.get("study"), str):
        check_name(plan["study"])


def _readable(
    faults: list[FieldFault], plan: Mapping[str, Any]
) -> tuple[Mapping[str, Any], PlanFields | None]:
    """The fields that are known and of their kind; and all as fields, None if some are not."""
    of_kinds: list[FieldFault] = []
    fields = _noting(of_kinds, lambda: PlanFields(**plan))
    faults += of_kinds
    refused = {fault.field for fault in of_kinds}
    return {field: value for field, value in plan.items() if field not in refused}, fields


def _made(service: Service, plan: Mapping[str, Any], kept: Plan | None) -> Plan:
    """The plan. Raises UserError if it breaks a rule, its faults and those of its data together."""
    found: list[Fault] = []
    with Uploads(service.reader) as uploads:
        try:
            placed = uploads.placed(plan)
        except InvalidValuesError as error:
            found += error.faults
            placed = {field: plan[field] for field in plan if field not in ("data", *OF_FILE)}
        try:
            with uploads.named():
                made = PlanFields(**placed).plan(kept)
        except InvalidValuesError as error:
            raise InvalidValuesError([*found, *error.faults]) from None
    if found:
        raise InvalidValuesError(found)
    return made


def _noting(faults: list[FieldFault], make: Callable[[], T]) -> T | None:
    """What is made; None if it cannot be, and its faults noted."""
    try:
        return make()
    except UserError as error:
        told = FieldFault(field="data", rule=str(error), received="", message=str(error))
        faults += faults_of(error) or [told]
        return None
