"""Files of points that were uploaded: received, and placed where a plan can read them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathOf
from pydantic import BaseModel

from search.problem.data.datasets import BUILT_IN
from search.problem.data.upload import CSV, PARQUET, UPLOADED, Upload
from search.problem.errors import Fault, InvalidValuesError, UserError
from search.problem.names import quoted
from search.service.desk import Administering, Caller, Reading, Service, Serving, Submitting
from search.service.problems import RESPONSES, not_found
from storage.contract import Store

_NAME = f"^{UPLOADED.pattern}$"
_SUFFIXES = {CSV: ".csv", PARQUET: ".parquet"}
_OF_PARQUET = b"PAR1"
_OF_FILES = ("data", "validation_data")

routes = APIRouter(prefix="/api/data", tags=["data"], responses=RESPONSES)


class UploadRow(BaseModel):
    """A file of points, by the name that a plan's `data` takes."""

    name: str
    bytes: int


@routes.get("", response_model=list[UploadRow])
def get_uploads(service: Serving, _caller: Reading) -> list[UploadRow]:
    """The files that were uploaded."""
    return [UploadRow(name=name, bytes=size) for name, size in service.reader.uploads().items()]


@routes.put(
    "/{name}",
    response_model=UploadRow,
    responses={201: {"model": UploadRow, "description": "It is new, or another than before."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in _SUFFIXES
            },
        }
    },
)
async def put_upload(
    request: Request,
    response: Response,
    service: Serving,
    caller: Submitting,
    name: Annotated[str, PathOf(pattern=_NAME)],
) -> UploadRow:
    """Upload a CSV or Parquet file (by its Content-Type), for the `data` of a plan.

    One of the same name is replaced. Studies that were made from it keep their points. What is in
    it is looked at when a plan names it, for only then it is known which column is the target.
    """
    from starlette.concurrency import run_in_threadpool

    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _SUFFIXES:
        rule = f"must be {' or '.join(_SUFFIXES)}"
        raise InvalidValuesError([Fault("Content-Type", rule, quoted(kind))])
    if name in BUILT_IN:
        rule = "must not be the name of built-in data"
        raise InvalidValuesError([Fault("name", rule, quoted(name))])
    upload = Upload(name, kind, await request.body())
    if await run_in_threadpool(keep_upload, service, caller, upload):
        response.status_code = 201
    return UploadRow(name=name, bytes=len(upload.content))


def keep_upload(service: Service, caller: Caller, upload: Upload) -> bool:
    """Keep a file; False if it is there already."""
    with service.writer.transaction():
        suffix = _SUFFIXES[upload.media_type]
        is_other = service.writer.put_upload(upload.name, suffix, upload.content)
        if is_other:
            service.noted(caller, "uploaded", upload.name)
    return is_other


def sent_upload(file: str, content: bytes) -> Upload:
    """The upload of a file as a browser sends it. Raises InvalidValuesError if it is of no kind.

    Args:
        file: Its name.
        content: What is in it.
    """
    kinds = {suffix: kind for kind, suffix in _SUFFIXES.items()}
    path = PurePosixPath(file.replace("\\", "/"))
    kind = kinds.get(path.suffix.lower())
    is_one = content.startswith(_OF_PARQUET) if kind == PARQUET else _is_text(content)
    if kind is None or not is_one:
        rule = "must be a CSV or Parquet file"
        raise InvalidValuesError([Fault("file", rule, quoted(path.name))])
    return Upload.of(path.stem, kind, content)


def _is_text(content: bytes) -> bool:
    try:
        return bool(content.decode().strip()) and b"\0" not in content
    except UnicodeDecodeError:
        return False


@routes.delete("/{name}", status_code=204)
def delete_upload(
    service: Serving, caller: Administering, name: Annotated[str, PathOf(pattern=_NAME)]
) -> None:
    """Delete a file that was uploaded. Studies that were made from it keep their points.

    A plan for one of them has to leave `data` out from then on.
    """
    with service.writer.transaction():
        if not service.writer.delete_upload(name):
            raise not_found(f"no file {name!r} was uploaded")
        service.noted(caller, "upload deleted", name)


class Uploads:
    """A folder with the files that a plan names; used as a context manager.

    A plan that comes over the network names uploads, never files of this machine.

    Args:
        store: Where the uploads are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stack = ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> Uploads:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def placed(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a plan with the paths of its files in place of their names.

        Raises InvalidValuesError if there is no such upload.
        """
        found = dict(plan)
        for field in _OF_FILES:
            name = plan.get(field)
            if isinstance(name, str) and not (field == "data" and name in BUILT_IN):
                found[field] = str(self._placed(field, name))
        return found

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name files by the names of the uploads in what is said of them."""
        try:
            yield
        except InvalidValuesError as error:
            raise InvalidValuesError(
                [
                    replace(
                        fault,
                        field=self._without_folder(fault.field),
                        received=self._without_folder(fault.received),
                        message=fault.message and self._without_folder(fault.message),
                    )
                    for fault in error.faults
                ]
            ) from None
        except UserError as error:
            raise UserError(self._without_folder(str(error))) from None

    def _placed(self, field: str, name: str) -> Path:
        upload = self._store.upload(name) if UPLOADED.fullmatch(name) else None
        if upload is None:
            known = ", ".join([*BUILT_IN, *self._store.uploads()])
            rule = f"must be built in, or a file that was uploaded by PUT /api/data/NAME: {known}"
            raise InvalidValuesError([Fault(field, rule, quoted(name))])
        if self._folder is None:
            made = tempfile.TemporaryDirectory(prefix="multirestart-")
            self._folder = Path(self._stack.enter_context(made))
        suffix, content = upload
        path = self._folder / f"{name}{suffix}"
        path.write_bytes(content)
        return path

    def _without_folder(self, text: str) -> str:
        return text if self._folder is None else text.replace(f"{self._folder}/", "")
