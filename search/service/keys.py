"""Keys to the service: made, and recognised. Only digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence

from search.problem.errors import Fault, InvalidValuesError
from search.problem.names import is_printable, quoted
from storage.values import NO_LIMITS, AccessKey, Limits, Scope

_PREFIX = "mr_"
_BYTES = 32
_LONGEST_NAME = 100
_DEFAULT = Limits(most_studies=10, most_work=10**12)
_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def default_limits(scope: Scope) -> Limits:
    """The limits of a key that is made without any: none for an administrator."""
    return NO_LIMITS if scope is Scope.ADMIN else _DEFAULT


def new_key(
    name: str, scope: Scope, expires: str | None, now: float, limits: Limits = NO_LIMITS
) -> tuple[str, AccessKey]:
    """A key of 256 random bits, and what is kept of it.

    Args:
        name: What it is called: whose it is, or what for.
        scope: What it allows.
        expires: After how long it ends, like "30d", "12h" or "4w"; None for never.
        now: The time now, in Unix seconds.
        limits: What its holder may have at most.

    Returns:
        The key's text, which nothing can tell again, and its entry.

    Raises:
        InvalidValuesError: If a value breaks its rule.
    """
    if not name.strip() or not is_printable(name) or len(name) > _LONGEST_NAME:
        rule = f"must be a printable name of at most {_LONGEST_NAME} characters"
        raise InvalidValuesError([Fault("name", rule, quoted(name))])
    text = _PREFIX + secret()
    ends = end_of(expires, now)
    return text, AccessKey(name, digest(text), scope, now, ends, limits=limits)


def secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(_BYTES)


def digest(text: str) -> str:
    """What is kept of a key. It has 256 random bits: no salt or slow hash could add to that."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def recognised(keys: Sequence[AccessKey], text: str) -> AccessKey | None:
    """The valid key of a text; None if there is none. It takes as long whichever it is."""
    of_text, found = digest(text), None
    for key in keys:
        if hmac.compare_digest(key.digest, of_text):
            found = key
    return found if found is not None and found.is_valid(time.time()) else None


def end_of(expires: str | None, now: float) -> float | None:
    """When something ends, in Unix seconds.

    Args:
        expires: After how long, like "30d", "12h" or "4w"; None for never.
        now: The time now, in Unix seconds.

    Raises:
        InvalidValuesError: If it is no such time.
    """
    if expires is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})([hdw])", expires)
    if found is None:
        rule = "must be a number of hours, days or weeks like 12h, 30d or 4w"
        raise InvalidValuesError([Fault("expires", rule, quoted(expires))])
    return now + int(found[1]) * _SECONDS[found[2]]
