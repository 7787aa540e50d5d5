from __future__ import annotations

import math

import pytest

from search.problem.rows import Outcome, Restart
from search.verify.database import difference
from search.verify.reference import compare
from search.verify.tolerance import losses_agree


@pytest.mark.parametrize(
    ("recorded", "fresh", "agree"),
    [
        (0.5, 0.50009, True),
        (0.5, 0.5002, False),
        (50000.0, 50000.2, True),
        (50000.0, 50001.0, False),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, 1e30, False),
        (math.nan, 0.5, False),
    ],
)
def test_check_and_reference_judge_alike(recorded: float, fresh: float, agree: bool) -> None:
    here, there = restart(recorded), restart(fresh)
    assert losses_agree(recorded, fresh) is agree
    assert compare(here, there).agrees is agree
    assert (difference(here, there) is None) is agree


def restart(loss: float) -> Restart:
    return Restart(7, Outcome.NOT_ESCAPED, 0.5, 0.6, loss, None, None, bytes(28), 2)
