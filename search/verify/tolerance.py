"""How far two trainings of one restart may differ: the one tolerance of every verification."""

from __future__ import annotations

import numpy as np

ABSOLUTE = 1e-4
RELATIVE = 1e-5
"""Of float32 sums over an epoch; counts where a loss is far above 10, on its way to diverge."""


def losses_agree(recorded: float, fresh: float) -> bool:
    """Whether two losses are the same but for rounding; two that are NaN are.

    Another processor rounds differently, and so does plain Keras.
    """
    return bool(np.isclose(recorded, fresh, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True))
