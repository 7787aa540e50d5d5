"""How rows are written: as JSON or CSV for programs, or as the table of the command for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from search.reports.report import Paper, written_on
from search.service.tags import NOT_MODIFIED
from search.studies.answers import Answer

_CSV = "text/csv; charset=utf-8"


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"
    TABLE = "table"


class Terminal(StrEnum):
    """What a table is to be shown on: a terminal, with escape codes or without; or none."""

    NONE = "none"
    PLAIN = "plain"
    STYLED = "styled"


ROWS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Rows under the names that the command of the same name gives them.",
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "text/csv": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    },
    **NOT_MODIFIED,
}
"""What a route of rows answers, for its description."""


class Writing:
    """How whoever asks wants rows written."""

    def __init__(
        self,
        output: Annotated[Format, Query(alias="format")] = Format.JSON,
        width: Annotated[int, Query(ge=20, le=1000, description="Of a table's lines.")] = 80,
        terminal: Annotated[
            Terminal, Query(description="Whether a table is for a terminal, with escape codes.")
        ] = Terminal.NONE,
    ) -> None:
        self._output = output
        self._paper = Paper(width, terminal is not Terminal.NONE, terminal is not Terminal.STYLED)

    def written(
        self,
        rows: Callable[[], Answer],
        show: Callable[[], None],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer.

        Args:
            rows: Reads the rows.
            show: Prints the table, as `written_on` has it.
            headers: Of the answer.
        """
        if self._output is Format.TABLE:
            with written_on(self._paper):
                show()
            return PlainTextResponse("".join(self._paper.pieces), headers=headers)
        pieces, is_json = rows().pieces(self._output), self._output is Format.JSON
        first = next(pieces, "")  # what fails at once is told as a problem
        media_type = "application/json" if is_json else _CSV
        return StreamingResponse(chain([first], pieces), media_type=media_type, headers=headers)


Written = Annotated[Writing, Depends()]
