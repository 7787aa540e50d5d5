"""Errors that a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from search.problem.names import quoted

T = TypeVar("T")
_MOST_LISTED = 20


class MultirestartError(Exception):
    """The base of all errors that a person can mend; the message is one line that says how."""


class UserError(MultirestartError):
    """A mistake in what was asked for."""


@dataclass(frozen=True)
class Fault:
    """One value that breaks its rule.

    field: the name of the value; rule: what it must be; received: what it is. `message` says the
    same where a sentence of its own says it better.
    """

    field: str
    rule: str
    received: str
    message: str | None = None

    def worded(self, name: str) -> str:
        """The fault in words, with the field called `name`, as whoever asked spells it."""
        return self.message or f"{name} {self.rule}, received {self.received}"


class InvalidValuesError(UserError):
    """Values that break their rules, all of them at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.worded(fault.field) for fault in faults))


class Faults:
    """Collects what is wrong with several values, to be raised at once."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def require(self, holds: bool, field: str, rule: str, received: object) -> None:
        """Note a fault of a field unless its rule holds."""
        if not holds:
            self._found.append(Fault(field, rule, str(received)))

    def built(self, make: Callable[[], T]) -> T | None:
        """What `make` makes; None, and its faults noted, if it raises InvalidValuesError."""
        try:
            return make()
        except InvalidValuesError as error:
            self._found += [fault for fault in error.faults if fault not in self._found]
            return None

    def raise_any(self) -> None:
        """Raise InvalidValuesError if anything was found."""
        if self._found:
            raise InvalidValuesError(self._found)


class LaunchError(MultirestartError):
    """A launch that cannot go on, for a reason outside what was asked."""


def check_known(kind: str, name: str, known: Collection[str]) -> None:
    """Raise InvalidValuesError unless a name is one of the known ones."""
    if name not in known:
        raise unknown_name(kind, name, known)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InvalidValuesError:
    """The error for a name that is none of the known ones, with the nearest of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    listed = names[:_MOST_LISTED]
    if len(listed) < len(names):
        listed.append(f"... ({len(names)} in all)")
    rule = f"must be one of {', '.join(listed)}"
    message = f"unknown {kind} {quoted(name)}: {hint}it {rule}"
    return InvalidValuesError([Fault(kind.replace(" ", "_"), rule, quoted(name), message)])
