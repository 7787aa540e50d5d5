from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import bands, xor
from search.statistics.endings.pictures import (
    beside,
    chart,
    framed,
    plane,
    strip,
    true_plane,
    true_strip,
)


def middle_third(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((points[:, 0] > 10.5) & (points[:, 0] < 20.5), 1.0, 0.5)


def product(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((points[:, 0] > 0.5) != (points[:, 1] > 0.5), 0.9, 0.5 * (points[:, 0] > 0.5))


def test_strips() -> None:
    assert strip(bands(), middle_third, 12) == "▄▄▄▄████▄▄▄▄"
    assert true_strip(bands(), 12) == "▁▁▁▁████▁▁▁▁"
    assert true_strip(bands(), 3) == "▁█▁"  # 10 and 20 stand in the blocks that they begin
    assert strip(bands(), lambda points: np.zeros(len(points)), 4) == "▁▁▁▁"


def test_chart() -> None:
    assert chart(bands(), middle_third, width=30, height=2) == [
        "1 │           █████████          │",
        "0 │██████████████████████████████│",
        "   ···········██████████·········  points: · class 0, █ class 1",
        "   0             15            30",
    ]


def test_planes() -> None:
    """Four clusters at the corners; the second feature grows upwards."""
    assert true_plane(xor(), 7, 3) == ["███  ··", "       ", "···  ██"]
    assert plane(xor(), product, 4, 2) == ["██▒▒", "  ██"]
    assert beside([framed(["ab"]), framed(["cd"])]) == ["┌──┐  ┌──┐", "│ab│  │cd│", "└──┘  └──┘"]
