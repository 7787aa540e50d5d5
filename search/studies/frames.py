"""Rows that pandas can show, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from search.problem.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


class _Row(Protocol):
    def to_json(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=_Row)


class _Framed(Iterable[T]):
    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame, under the names of the command's JSON.

        Raises:
            UserError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise UserError("a data frame needs pandas: install it") from None
        return pd.DataFrame([row.to_json() for row in self])


class Rows(list[T], _Framed[T]):
    """A list of rows, each a frozen value."""


class LazyRows(_Framed[T]):
    """Rows that are read as they are asked for, each time from the first.

    Args:
        read: Reads them.
    """

    def __init__(self, read: Callable[[], Iterator[T]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[T]:
        return self._read()
