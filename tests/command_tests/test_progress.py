from __future__ import annotations

import pytest

from search.commands.progress import _Tally


def test_the_speed_is_that_of_the_last_seconds() -> None:
    tally = _Tally([])
    assert tally._speed(100.0, 256) is None  # the clock starts as the first trial ends
    assert [tally._speed(100.0 + second, 512) for second in (1, 2)] == [512, 512]
    slower = [tally._speed(102.0 + 4 * trial, 512) for trial in range(1, 8)]
    assert slower[-1] == pytest.approx(128)
    assert slower[0] == pytest.approx(256)
