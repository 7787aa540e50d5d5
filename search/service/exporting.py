"""Exports the network of a restart in a process of its own: `python -m` this, JSON on stdin."""

from __future__ import annotations

import sys
from typing import Any

from search.service.children import reply
from search.studies.opening import open_study


def write(asked: dict[str, Any]) -> str:
    """Write the file. Raises UserError if there is no network to be written."""
    study = open_study(asked["storage"], asked["study"])
    study.export(asked["path"], asked["trial"], asked["seed"])
    return ""


if __name__ == "__main__":
    sys.exit(reply(write))
