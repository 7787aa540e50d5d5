"""Retrains a recorded restart by plain Keras: `python -m` this, JSON on stdin and stdout."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from search.problem.errors import UserError
from search.problem.problem import Task
from search.problem.rows import Restart
from search.service.children import reply
from search.studies.opening import open_study


def compared(asked: dict[str, Any]) -> str:
    """A restart beside its record, as JSON. Raises UserError if it cannot be trained any more."""
    study = open_study(asked["storage"], asked["study"])
    if study.problem.outdated is not None:
        raise UserError(f"study {study.name!r} cannot be trained again: {study.problem.outdated}")
    recorded = study.restart(asked["trial"], asked["seed"])
    from search.verify.reference import compare, retrain  # TensorFlow, once it is needed

    fresh = retrain(Task(study.problem, recorded.configuration, asked["seed"], 1))
    return json.dumps(
        {
            "agrees": compare(recorded.restart, fresh).agrees,
            "recorded": _figures(recorded.restart),
            "retrained": _figures(fresh),
        }
    )


def _figures(restart: Restart) -> dict[str, Any]:
    return {
        "outcome": restart.outcome.value,
        "accuracy": restart.accuracy,
        "loss": _plain(restart.loss),
        "last_epoch_loss": _plain(restart.last_epoch_loss),
        "escape_epoch": restart.escape_epoch,
        "diverged_epoch": restart.diverged_epoch,
    }


def _plain(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)  # JSON has no such numbers


if __name__ == "__main__":
    sys.exit(reply(compared))
