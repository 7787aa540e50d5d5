"""What the tables for people show of standings, restarts and studies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from search.problem.configuration import SearchSpace
from search.problem.problem import Problem
from search.problem.rows import RecordedRestart, StudySummary
from search.reports.report import NEVER_LEFT_OUT, Column, show_table
from search.statistics.ranking import Standing, pareto_front, untried

_STANDING_COLUMNS = (
    Column("\nscaling", importance=NEVER_LEFT_OUT),
    Column("\noptimizer", importance=NEVER_LEFT_OUT),
    Column("learning\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("\nescaped", right=True, importance=NEVER_LEFT_OUT),
    Column("\nrate", right=True, importance=8),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("\nsolved", right=True, importance=6),
    Column("\ndiverged", right=True, importance=3),
    Column("restarts needed\nfor 99%", importance=7),
    Column("epochs per\nescape", right=True, importance=5),
    Column("best\nseed", right=True, importance=4),
    Column("best\nloss", right=True, importance=2),
    Column("best\naccuracy", right=True, importance=2),
)
_MOST_UNTRIED = 5
_FRONT_COLUMN = Column("Pareto\nfront", importance=NEVER_LEFT_OUT)


def show_standings(
    study: str,
    problem: Problem,
    space: SearchSpace,
    standings: Sequence[Standing],
    top: int,
    *,
    front: bool = False,
) -> None:
    """The table of configurations, best first; with `front`, marks those of the Pareto front.

    Below it stands what it does not show: those after the `top`, and those of a finite space that
    have no complete trial.
    """
    shown = standings[:top]
    notes = [more_configurations(len(shown), len(standings), "multirestart best ")]
    missing = untried(space, standings)
    if missing:
        names = [str(configuration) for configuration in missing[:_MOST_UNTRIED]]
        names += ["..."] * (len(missing) > len(names))
        have = "configuration has" if len(missing) == 1 else "configurations have"
        notes.append(f"{len(missing)} {have} no complete trial yet: {', '.join(names)}")
    note = "\n".join(filter(None, notes))
    show_table(
        f"{study}: {describe(problem)}",
        _STANDING_COLUMNS + ((_FRONT_COLUMN,) if front else ()),
        [
            _standing_cells(standing) + ["yes" if is_on_front else ""] * front
            for standing, is_on_front in zip(shown, pareto_front(standings), strict=False)
        ],
        note,
    )


def more_configurations(shown: int, total: int, command: str = "") -> str:
    """What to say of configurations that a table has no room for; nothing if there are none."""
    more = total - shown
    plural = "s" if more > 1 else ""
    return f"{more} more configuration{plural}: {command}--top {total}" if more else ""


def describe(problem: Problem) -> str:
    """A problem in one line."""
    return (
        f"{problem.network} {problem.activation} network, {problem.data.points} points, "
        f"plateau {problem.data.plateau:.4f}, {problem.epochs} epochs of batch size "
        f"{problem.batch_size}"
    )


def _standing_cells(standing: Standing) -> list[str]:
    counts, rate = standing.counts, standing.escape_rate
    low, high = rate.interval
    return [
        standing.configuration.scaling,
        standing.configuration.optimizer,
        f"{standing.configuration.learning_rate:.4g}",
        str(rate),
        f"{rate.rate:.3f}",
        f"{low:.3f}-{high:.3f}",
        str(counts.solved),
        str(counts.diverged),
        _needed(standing),
        "-" if standing.expected_epochs is None else f"{standing.expected_epochs:.0f}",
        _or_dash(counts.best_seed),
        "-" if counts.best_loss is None else f"{counts.best_loss:.4f}",
        "-" if counts.best_accuracy is None else f"{counts.best_accuracy:.4f}",
    ]


def _needed(standing: Standing) -> str:
    if standing.restarts_needed is None:
        fewest, _ = standing.restarts_needed_interval
        return f"- (at least {fewest})"
    fewest, most = standing.restarts_needed_interval
    return f"{standing.restarts_needed} ({fewest}-{_or_dash(most)})"


_MOST_ROWS = 2000
"""Of a table for people: nobody reads more, and laying out a hundred thousand takes a minute."""

RESTART_KEYS = (
    "trial",
    "seed",
    "scaling",
    "optimizer",
    "learning_rate",
    "outcome",
    "accuracy",
    "loss",
    "escape_epoch",
)


def show_restarts(study: str, restarts: Iterable[RecordedRestart]) -> None:
    """The table of restarts, in the order of trials and seeds: the first of very many."""
    restarts = iter(restarts)
    first = list(islice(restarts, _MOST_ROWS))
    more = sum(1 for _ in restarts)
    columns = [
        Column(name.replace("_", " "), right=name not in ("scaling", "optimizer", "outcome"))
        for name in RESTART_KEYS
    ]
    rows = [
        [
            str(row["trial"]),
            str(row["seed"]),
            row["scaling"],
            row["optimizer"],
            f"{row['learning_rate']:.4g}",
            row["outcome"],
            f"{row['accuracy']:.4f}",
            f"{row['loss']:.4f}",
            _or_dash(row["escape_epoch"]),
        ]
        for row in (recorded.to_json() for recorded in first)
    ]
    note = f"{more} more restarts: --format csv has all" if more else ""
    show_table(f"{study}: {len(rows) + more} restarts", columns, rows, note)


STUDY_KEYS = ("study", "data", "network", "epochs", "trials", "restarts", "escaped")


def study_json(summary: StudySummary) -> dict[str, Any]:
    """A study under its stable names."""
    problem = summary.problem
    return {
        "study": summary.name,
        "data": problem["data"],
        "network": "-".join(map(str, (problem["features"], *problem["hidden"], 1))),
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
        [Column(name, right=name in right) for name in STUDY_KEYS],
        [[str(row[name]) for name in STUDY_KEYS] for row in rows],
    )


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)
