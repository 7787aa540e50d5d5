"""Route by which anybody checks a row: a recorded restart trained again by plain Keras."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from search.service.desk import Serving, StudyName, Submitting
from search.service.problems import RESPONSES, missing_is_not_found
from search.studies.study import LARGEST_SEED

_SECONDS_TO_RETRAIN = 600

routes = APIRouter(prefix="/api/studies/{name}", tags=["results"], responses=RESPONSES)
_Whole = Annotated[int, Path(ge=0, le=LARGEST_SEED)]
_Loss = Annotated[float | str, Field(description="Text, like nan, where it is not finite.")]


class Figures(BaseModel):
    """How one training of a restart ended. Epochs count from 1."""

    outcome: str
    accuracy: float
    loss: _Loss
    last_epoch_loss: _Loss
    escape_epoch: int | None
    diverged_epoch: int | None


class Verification(BaseModel):
    """A recorded restart beside the same trained again.

    They agree if outcome and epoch of divergence are the same, and the losses of the last epoch
    but for rounding.
    """

    trial: int
    seed: int
    configuration: dict[str, str | int | float | bool]
    agrees: bool
    recorded: Figures
    retrained: Figures


@routes.post("/restarts/{trial}/{seed}:verify", response_model=Verification)
def post_verification(
    service: Serving, _caller: Submitting, name: StudyName, trial: _Whole, seed: _Whole
) -> Any:
    """Train a recorded restart again by plain Keras, and compare; it takes seconds or minutes.

    One is trained at a time: 503 if another is under way, or if it takes longer than 10 minutes.
    """
    study = service.study(name)
    with missing_is_not_found():
        configuration = study.restart(trial, seed).configuration
    asked = {"storage": service.storage, "study": name, "trial": trial, "seed": seed}
    with service.verifications.turn():
        found = service.children.answer_of("search.service.retraining", asked, _SECONDS_TO_RETRAIN)
    return {
        "trial": trial,
        "seed": seed,
        "configuration": configuration.to_json(),
        **json.loads(found),
    }
