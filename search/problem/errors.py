"""Errors that a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from search.problem.names import quoted

_MOST_LISTED = 20


class MultirestartError(Exception):
    """The base of all errors that a person can mend; the message is one line that says how."""


class UserError(MultirestartError):
    """A mistake in what was asked for."""


class LaunchError(MultirestartError):
    """A launch that cannot go on, for a reason outside what was asked."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is none of the known ones, with the nearest of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    listed = names[:_MOST_LISTED]
    if len(listed) < len(names):
        listed.append(f"... ({len(names)} in all)")
    return UserError(f"unknown {kind} {quoted(name)}: {hint}it must be one of {', '.join(listed)}")
