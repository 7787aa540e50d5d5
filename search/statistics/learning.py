"""How the accuracy and the loss of some restarts of a configuration went, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.problem.configuration import Configuration
from search.statistics.escape import EscapeRate

OF_EACH = 6
"""Restarts that succeeded, and as many that did not, of each configuration."""


@dataclass(frozen=True, eq=False)
class Learning:
    """Restarts of one configuration, trained again from their seeds.

    rate: of success among all its restarts. seeds: (restarts,), those that succeeded first;
    is_success: (restarts,), as recorded; accuracy, loss: (epochs, restarts), what Keras's history
    reports, the loss NaN where it was not finite. different: restarts whose outcome or loss came
    out other than recorded.
    """

    configuration: Configuration
    rate: EscapeRate
    seeds: tuple[int, ...]
    is_success: tuple[bool, ...]
    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    different: int
