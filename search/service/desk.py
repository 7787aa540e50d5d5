"""What the routes share: the database of the service, and who asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request, Response
from starlette.exceptions import HTTPException

from search.problem.names import is_printable
from search.service.children import Children
from search.service.drawing import Reports
from search.service.kept import Kept
from search.service.keys import recognised
from search.service.logs import KEY_NAME
from search.service.marks import Marks
from search.service.problems import not_found
from search.service.telling import Telling
from search.service.turns import Turns
from search.studies.study import Study
from storage.contract import Store
from storage.launchers import Liveness
from storage.values import NO_LIMITS, AuditLine, Limits, Scope

COOKIE = "multirestart_key"
_MOST_ANSWERS = 64
WANTED = "give a key by the header `Authorization: Bearer KEY`"
SCHEME: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})
_BEARER = "bearer "


@dataclass(frozen=True)
class Service:
    """The database of a service: its URL, stores for reading and for writing, a sign of life.

    reports, exports, verifications: what takes a core for seconds, each one at a time.
    answers: those that were given last. children: the processes that do some of the work.
    """

    storage: str
    reader: Store
    writer: Store
    liveness: Liveness
    reports: Reports = field(default_factory=Reports)
    exports: Turns = field(default_factory=lambda: Turns("export", 60, 4))
    verifications: Turns = field(default_factory=lambda: Turns("verification", 5, 4))
    answers: Kept[Response] = field(default_factory=lambda: Kept(_MOST_ANSWERS))
    children: Children = field(default_factory=Children)

    @cached_property
    def telling(self) -> Telling:
        """Where studies stand, for all who ask or hear of it."""
        return Telling(self.reader, self.liveness, self.marks)

    @cached_property
    def marks(self) -> Marks:
        """What tells whether a study has changed."""
        return Marks(self.reader)

    def study(self, name: str) -> Study:
        """A study, to be read. Raises 404 if there is none of that name."""
        # PostgreSQL takes no NUL; no study has a name that does not print.
        found = self.reader.find_study(name) if is_printable(name) else None
        if found is None:
            raise not_found(f"there is no study {name!r}")
        return Study(self.reader, found)

    def noted(self, caller: Caller, action: str, subject: str) -> None:
        """Keep a line of the audit."""
        self.writer.add_audit(AuditLine(time.time(), caller.name, action, subject))


@dataclass(frozen=True)
class Caller:
    """Who asks: the name of the key, None where the database has no keys; and what it allows."""

    name: str | None
    scope: Scope
    limits: Limits = NO_LIMITS


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    found: Service = request.app.state.service
    return found


def host_of(address: str) -> str:
    """The host of an address, with its port; "" if it is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:  # a bracket that is not closed
        return ""


def is_of_own_page(request: Request) -> bool:
    """Whether a page of this service sent a request: a browser names where a form came from."""
    origin = request.headers.get("origin")
    return origin is not None and host_of(origin) == request.headers.get("host", "")


def caller_of(request: Request, *, of_page: bool = False) -> Caller | None:
    """Who asks; None if there are keys and the request has none that is valid.

    Args:
        request: The request.
        of_page: Whether a cookie counts of a request that changes something too; it does only if
            a page of this service sent it.
    """
    keys = service_of(request).reader.access_keys()
    if not keys:
        return Caller(None, Scope.ADMIN)
    given = request.headers.get("authorization", "")
    text = given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""
    reads = request.method in ("GET", "HEAD")
    if not text and (reads or (of_page and is_of_own_page(request))):
        text = request.cookies.get(COOKIE, "")
    key = recognised(keys, text)
    setattr(request.state, KEY_NAME, key and key.name)
    return None if key is None else Caller(key.name, key.scope, key.limits)


def allowing(scope: Scope) -> Callable[[Request], Caller]:
    """A dependency that lets in whoever has a key of a scope."""

    def allowed(request: Request) -> Caller:
        caller = caller_of(request)
        if caller is None:
            raise HTTPException(401, WANTED, headers=dict(SCHEME))
        if not caller.scope.allows(scope):
            said = f"the key {caller.name!r} only allows {caller.scope}; this needs {scope}"
            raise HTTPException(403, said)
        return caller

    return allowed


async def _serving(request: Request) -> Service:
    return service_of(request)  # a coroutine, for anything else would be called in a thread


Serving = Annotated[Service, Depends(_serving)]
Reading = Annotated[Caller, Depends(allowing(Scope.READ))]
Submitting = Annotated[Caller, Depends(allowing(Scope.SUBMIT))]
Administering = Annotated[Caller, Depends(allowing(Scope.ADMIN))]
StudyName = Annotated[str, Path(max_length=512, description="Name of a study.")]
