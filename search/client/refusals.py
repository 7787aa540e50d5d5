"""What a service refuses, as the errors of the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from search.problem.errors import (
    Fault,
    InvalidValuesError,
    LaunchError,
    MultirestartError,
    UserError,
)
from search.problem.names import visible

if TYPE_CHECKING:
    import httpx2

KEY = "MULTIRESTART_KEY"
"""Environment variable of the key to a service."""
_MEDIA_TYPE = "application/problem+json"
_FIRST_OF_SERVER = 500


class RefusedError(UserError):
    """What a service refuses.

    status: the HTTP status; differences: how a plan differs from the study of its name.
    """

    def __init__(self, message: str, status: int, differences: Sequence[str] = ()) -> None:
        self.status = status
        self.differences = tuple(differences)
        super().__init__(message)


def refused(answer: httpx2.Response, at: str, *, has_key: bool) -> MultirestartError:
    """The error that an answer stands for.

    Args:
        answer: One that is no success, read.
        at: URL of the service.
        has_key: Whether a key was sent.

    Returns:
        InvalidValuesError with all faults of the values that were sent, RefusedError of whatever
        else was asked for in vain, LaunchError of what went wrong at the service.
    """
    status = answer.status_code
    said = _problem(answer)
    if said is None:
        return strange(answer, at)
    if status == 401:
        why = (
            f"does not accept the key in {KEY}: it is unknown, revoked or expired"
            if has_key
            else f"wants a key: set {KEY}"
        )
        return RefusedError(f"the service at {at} {why}", status)
    detail = visible(str(said.get("detail")))
    if detail == answer.reason_phrase:  # of an address that no service has
        return strange(answer, at)
    if status >= _FIRST_OF_SERVER:
        return LaunchError(f"the service at {at} failed: {detail}")
    faults = [_fault(fault) for fault in said.get("errors", ())]
    if faults:
        return InvalidValuesError(faults)
    return RefusedError(detail, status, [str(each) for each in said.get("differences", ())])


def strange(answer: httpx2.Response, at: str) -> LaunchError:
    """The error for an answer that is not of the service."""
    leads = answer.headers.get("location")
    more = f" to {leads}" if leads else ""
    said = f"{answer.status_code} {answer.reason_phrase}{more}"
    return LaunchError(f"what answers at {at} is no service of multirestart: {visible(said)}")


def _problem(answer: httpx2.Response) -> Mapping[str, Any] | None:
    """The problem (RFC 9457) of an answer; None if it has none."""
    if answer.headers.get("content-type", "").partition(";")[0] != _MEDIA_TYPE:
        return None
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _fault(told: Mapping[str, Any]) -> Fault:
    field, rule, received = (str(told.get(name)) for name in ("field", "rule", "received"))
    plain = Fault(field, rule, received)
    message = str(told.get("message"))
    # Without a sentence of its own it is worded anew, as whoever reads it spells the field.
    return plain if message == plain.worded(field) else Fault(field, rule, received, message)
