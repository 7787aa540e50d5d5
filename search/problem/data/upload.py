"""Files of points as they are sent to a service: a name, a media type, the content."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from search.problem.data.csv_file import require_file
from search.problem.data.parquet_file import is_parquet
from search.problem.data.table import data_name
from search.problem.errors import UserError

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
UPLOADED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What the name of a file that was uploaded is like."""
_LONGEST_NAME, _DIGITS = 55, 8


@dataclass(frozen=True)
class Upload:
    """A file that is uploaded.

    name: that of the data and eight digits of the content's SHA-256, so that no file of another
    content takes its place.
    """

    name: str
    media_type: str
    content: bytes

    @classmethod
    def of(cls, data: str, media_type: str, content: bytes) -> Upload:
        """The upload of some data by their name."""
        kept = re.sub(r"[^A-Za-z0-9_-]+", "-", data).strip("-_")[:_LONGEST_NAME] or "points"
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        return cls(f"{kept}-{digest}", media_type, content)


def upload_of(path: Path) -> Upload:
    """A CSV or Parquet file to be uploaded. Raises UserError if it cannot be read."""
    require_file(path)
    media_type = PARQUET if is_parquet(path) else CSV
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    return Upload.of(data_name(path), media_type, content)
