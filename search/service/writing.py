"""How rows are written: as JSON or CSV for programs, or as the table of the command for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from search.reports.report import Paper, written_on
from search.service.tags import NOT_MODIFIED
from search.studies.answers import Answer

_CSV = "text/csv; charset=utf-8"
_CHUNK = 2**16
"""Characters."""


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
    """How whoever asks wants rows written.

    Args:
        output: As what.
        paper: What a table is to fit.
    """

    def __init__(self, output: Format, paper: Paper) -> None:
        self._output = output
        self._paper = paper

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
        chunks = _chunks(rows().pieces(self._output))
        first = next(chunks, "")  # what fails at once is told as a problem
        second = next(chunks, None)
        media_type = "application/json" if self._output is Format.JSON else _CSV
        if second is None:
            return Response(first, media_type=media_type, headers=headers)
        whole = chain([first, second], chunks)
        return StreamingResponse(whole, media_type=media_type, headers=headers)


def _chunks(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces joined to long ones: each that is sent is fetched in a thread, which costs more."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)


async def _writing(
    output: Annotated[Format, Query(alias="format")] = Format.JSON,
    width: Annotated[int, Query(ge=20, le=1000, description="Of a table's lines.")] = 80,
    terminal: Annotated[
        Terminal, Query(description="Whether a table is for a terminal, with escape codes.")
    ] = Terminal.NONE,
) -> Writing:
    is_terminal, is_plain = terminal is not Terminal.NONE, terminal is not Terminal.STYLED
    return Writing(output, Paper(width, is_terminal, is_plain))


Written = Annotated[Writing, Depends(_writing)]
