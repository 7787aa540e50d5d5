"""Rows that pandas can show, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from search.problem.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


class _Row(Protocol):
    def to_json(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=_Row)


class Rows(list[T]):
    """A list of rows, each a frozen value."""

    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame, under the names of the command's JSON.

        Raises:
            UserError: If pandas is not installed.
        """
        return _frame(self)


class LazyRows(Generic[T]):
    """Rows that are read as they are asked for, each time from the first.

    Args:
        read: Reads them.
    """

    def __init__(self, read: Callable[[], Iterator[T]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[T]:
        return self._read()

    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame, under the names of the command's JSON.

        Raises:
            UserError: If pandas is not installed.
        """
        return _frame(self)


def _frame(rows: Iterable[_Row]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError:
        raise UserError("a data frame needs pandas: install it") from None
    return pd.DataFrame([row.to_json() for row in rows])
