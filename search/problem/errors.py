"""Errors that a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from search.problem.names import quoted, shown

T = TypeVar("T")
_MOST_LISTED = 32


class MultirestartError(Exception):
    """The base of all errors that a person can mend; the message is one line that says how."""


class UserError(MultirestartError):
    """A mistake in what was asked for."""


@dataclass(frozen=True)
class Fault:
    """One value that breaks its rule.

    field: the name of the value; rule: what it must be; received: what it is. `message` says the
    same where a sentence of its own says it better. cure: fields and the values that would do.
    """

    field: str
    rule: str
    received: str
    message: str | None = None
    cure: tuple[tuple[str, str], ...] = ()

    def worded(self, name: str, option: Callable[[str], str] | None = None) -> str:
        """The fault in words, as whoever asked spells it.

        Args:
            name: What the field is called.
            option: What the option of a field is called; None where values are given as in Python.

        Returns:
            The sentence.
        """
        said = self.message or f"{name} {self.rule}, received {self.received}"
        if not self.cure or self.message:
            return said
        if option is None:
            return f"{said}; try {', '.join(f'{field} = {value}' for field, value in self.cure)}"
        return f"{said}; try {' '.join(f'{option(field)} {value}' for field, value in self.cure)}"


class InvalidValuesError(UserError):
    """Values that break their rules, all of them at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.worded(fault.field) for fault in faults))


class Faults:
    """Collects what is wrong with several values, to be raised at once."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def require(
        self,
        holds: bool,
        field: str,
        rule: str,
        received: object,
        cure: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Note a fault of a field, with the values that would do, unless its rule holds."""
        if not holds:
            self._found.append(Fault(field, rule, str(received), cure=cure))

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


def check_known(kind: str, name: object, known: Collection[str]) -> None:
    """Raise InvalidValuesError unless a name is one of the known ones."""
    if not isinstance(name, str):
        raise InvalidValuesError([Fault(kind.replace(" ", "_"), "must be a name", shown(name))])
    if name not in known:
        raise unknown_name(kind, name, known)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InvalidValuesError:
    """The error for a name that is none of the known ones, with the nearest of them."""
    names = sorted(known)
    rule = f"must be one of {listed(names)}" if names else "must be there, and there is none yet"
    message = f"unknown {kind} {quoted(name)}: {nearest(name, names)}it {rule}"
    return InvalidValuesError([Fault(kind.replace(" ", "_"), rule, quoted(name), message)])


def nearest(name: str, names: Sequence[str]) -> str:
    """A question that asks for the nearest of some names, with a space behind; "" if none is."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}? " if near else ""


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first ones of very many."""
    first = list(names[:_MOST_LISTED])
    if len(first) < len(names):
        first.append(f"... ({len(names)} in all)")
    return ", ".join(first)
