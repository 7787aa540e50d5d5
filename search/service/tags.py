"""Tags of answers (ETag), by which whoever asks again is told that nothing has changed."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import Request, Response

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in If-None-Match."}
}
"""Of a route whose answers have a tag, for its description."""


def tag_of(study_id: int, asked: str, mark: str) -> str:
    """The tag of an answer.

    Args:
        study_id: Of the study that it is about.
        asked: What was asked for.
        mark: Of the study's state.
    """
    digest = hashlib.sha256(f"{study_id} {asked} {mark}".encode()).hexdigest()
    return f'"{digest[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether a request has what the tag stands for already."""
    given = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in given]


def not_modified(etag: str) -> Response:
    """The answer that nothing has changed."""
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"})
