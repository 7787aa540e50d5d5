"""What the table of a database's studies shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.problem.rows import StudySummary
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table

STUDY_KEYS = ("study", "data", "network", "epochs", "trials", "restarts", "escaped")


_STUDY_IMPORTANCE = {"data": 5, "network": 6, "epochs": 3, "trials": 4}


def study_json(summary: StudySummary) -> dict[str, Any]:
    """A study under its stable names."""
    problem, classes = summary.problem, len(summary.problem["classes"])
    hidden = "-".join(map(str, problem["hidden"]))
    if "hidden" in summary.space:
        hidden = f"({','.join(summary.space['hidden'])})"
    return {
        "study": summary.name,
        "data": problem["data"],
        "network": f"{problem['features']}-{hidden}-{1 if classes == 2 else classes}",
        "epochs": problem["epochs"],
        "trials": summary.trials,
        "restarts": summary.restarts,
        "escaped": summary.escaped,
    }


def show_studies(url: str, rows: Sequence[dict[str, Any]]) -> None:
    """The table of studies, in the order of their making."""
    right = ("epochs", "trials", "restarts", "escaped")
    show_table(
        f"{url}: {len(rows)} {'study' if len(rows) == 1 else 'studies'}",
        [
            Column(
                name,
                right=name in right,
                importance=_STUDY_IMPORTANCE.get(name, NEVER_LEFT_OUT),
                leads=name == "study",
            )
            for name in STUDY_KEYS
        ],
        [[str(row[name]) for name in STUDY_KEYS] for row in rows],
    )
