"""Exports the best network of a study in a process of its own: `python -m` this, JSON on stdin."""

from __future__ import annotations

import json
import sys

from search.problem.errors import UserError
from search.studies.study import open_study


def main() -> int:
    """Write the file; 2, and the reason on stdout, if there is no network to be written."""
    asked = json.load(sys.stdin)
    try:
        open_study(asked["storage"], asked["study"]).export(asked["path"])
    except UserError as error:
        sys.stdout.write(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
