"""The page that submits a study: whole without JavaScript, checked as one types with it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from search.problem.errors import Fault, InvalidValuesError, UserError
from search.running.opening import OtherPlanError
from search.service.desk import Caller, Service, Serving, caller_of, is_of_own_page
from search.service.form_fields import FILE, PRIORITY, Form, FormField, form_fields, plan_of
from search.service.plan_checks import PlanCheck, checked
from search.service.problems import FieldFault, TooManyStudiesError, faults_of, problem
from search.service.rendering import page, script
from search.service.studies import submitted
from search.service.uploads import keep_upload, sent_upload
from storage.values import Scope

_LONGEST_FORM = 64 * 2**10
_MOST_VALUES = 200

routes = APIRouter(include_in_schema=False)


@routes.get("/new")
def get_form(service: Serving, request: Request) -> Response:
    """The form, empty."""
    caller = _submitter(request)
    if isinstance(caller, Response):
        return caller
    fields = _fields(service)
    return _form(service, caller, request, {one.name: one.checked for one in fields if one.checked})


@routes.post("/new")
async def post_form(service: Serving, request: Request) -> Response:
    """Submit what was filled in, or, with `check`, tell what is wrong and what it comes to.

    A file that is chosen in it is uploaded, for a check too: it is read to be checked.
    """
    if not is_of_own_page(request):
        said = "this is for the page /new of this service: programs use PUT /api/studies/NAME"
        return problem(403, said)
    if request.headers.get("content-type", "").startswith("multipart/"):
        caller = await run_in_threadpool(_submitter, request)  # before a file is taken
        if isinstance(caller, Response):
            return caller
        form, file = await _with_file(request)
        return await run_in_threadpool(_answer, service, request, form, file)
    content = await request.body()
    if len(content) > _LONGEST_FORM:
        return problem(413, f"a form has at most {_LONGEST_FORM:,} bytes")
    text = content.decode("utf-8", "replace")
    try:
        form = parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_VALUES)
    except ValueError:
        return problem(413, f"a form has at most {_MOST_VALUES} values")
    return await run_in_threadpool(_answer, service, request, form)


async def _with_file(request: Request) -> tuple[Form, tuple[str, bytes] | None]:
    """What is filled in, and the name and content of the file of points that was chosen, if any."""
    form: dict[str, list[str]] = {}
    file = None
    limits = {"max_files": 1, "max_fields": _MOST_VALUES, "max_part_size": _LONGEST_FORM}
    async with request.form(**limits) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                form.setdefault(name, []).append(value)
            elif name == FILE and value.filename:
                file = value.filename, await value.read()
    return form, file


@routes.get("/new.js")
def get_form_script() -> Response:
    """The script that checks the form as one types."""
    return script("new.js")


def _submitter(request: Request) -> Caller | Response:
    """Who asks; what is answered to whoever may not submit."""
    caller = caller_of(request, of_page=True)
    if caller is None:
        return page("login.html", 401, title="multirestart")
    if not caller.scope.allows(Scope.SUBMIT):
        return page("login.html", 403, title="multirestart", reads=True)
    return caller


def _answer(
    service: Service, request: Request, form: Form, file: tuple[str, bytes] | None = None
) -> Response:
    caller = _submitter(request)
    if isinstance(caller, Response):
        return caller
    if file is not None:
        try:
            upload = sent_upload(*file)
        except InvalidValuesError as error:
            return _form(service, caller, request, form, 422, faults=faults_of(error))
        keep_upload(service, caller, upload)
        form = {**form, "data": [upload.name]}
    if "check" in form:
        return _form(service, caller, request, form)
    return _submitted(service, caller, request, form)


def _submitted(service: Service, caller: Caller, request: Request, form: Form) -> Response:
    """Where the new study is, or the form with what is wrong."""
    try:
        plan = plan_of(form, _fields(service))
        name = plan.pop("study", None)
        if name is None:
            raise InvalidValuesError([Fault("study", "must be given", "nothing")])
        submitted(service, caller, name, plan, _priority(form))
    except TooManyStudiesError as error:
        return _form(service, caller, request, form, 429, str(error))
    except OtherPlanError as error:
        return _form(service, caller, request, form, 409, str(error))
    except UserError as error:
        told = () if faults_of(error) else (str(error),)
        return _form(service, caller, request, form, 422, *told, faults=faults_of(error))
    return RedirectResponse(f"/studies/{quote(name, safe='')}", 303)


def _form(
    service: Service,
    caller: Caller,
    request: Request,
    form: Form,
    status: int = 200,
    *said: str,
    faults: Sequence[FieldFault] = (),
) -> Response:
    """The form as it is filled in, with what is wrong by each field.

    Args:
        service: The service.
        caller: Who asks.
        request: The request.
        form: What is filled in.
        status: Of the answer.
        said: What is wrong with no field of it.
        faults: What is wrong beside what a check finds.
    """
    fields = _fields(service)
    check, found = _check(service, caller, request, form, fields)
    by_field: dict[str, list[str]] = {}
    for fault in dict.fromkeys((fault.field, fault.message) for fault in (*found, *faults)):
        by_field.setdefault(_shown_at(fault[0], fields), []).append(fault[1])
    more = [one for one in fields if one.is_more]
    return page(
        "new.html",
        status,
        {"Retry-After": "60"} if status == 429 else {},
        title="New study",
        fields=fields,
        form=form,
        faults=by_field,
        said=[*said, *by_field.get("", [])],
        count=sum(map(len, by_field.values())),
        check=check,
        opens_more=any("".join(form.get(one.name, ())) or one.name in by_field for one in more),
    )


def _check(
    service: Service,
    caller: Caller,
    request: Request,
    form: Form,
    fields: Sequence[FormField],
) -> tuple[PlanCheck | None, list[FieldFault]]:
    """What the plan comes to, None if it cannot be read; and what is wrong with it."""
    found: list[FieldFault] = []
    try:
        _priority(form)
    except InvalidValuesError as error:
        found += faults_of(error)
    try:
        plan = plan_of(form, fields)
    except InvalidValuesError as error:
        return None, found + faults_of(error)
    check = checked(service, caller, plan, str(request.base_url))
    return check, found + check.errors


def _priority(form: Form) -> int | None:
    """The priority that is asked for. Raises InvalidValuesError if it is none."""
    text = form.get(PRIORITY, [""])[0].strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 5 and int(digits) <= 1000):
        rule = "must be a whole number from -1000 to 1000"
        raise InvalidValuesError([Fault(PRIORITY, rule, repr(text))])
    return int(text)


def _fields(service: Service) -> tuple[FormField, ...]:
    return form_fields(tuple(service.reader.uploads()))


def _shown_at(field: str, fields: Sequence[FormField]) -> str:
    """The field of the form at which a fault is shown; "" if that is none."""
    name = "study" if field == "name" else field.partition(" ")[0]
    return name if any(one.name == name for one in fields) else ""
