"""The blob of a trial's levels: what goes in comes out, and damage is seen."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.rows import Outcome
from storage.levels import pack, unpack
from tests.storage_tests.made import restart, stepped

numbers = st.integers(0, 2**32 - 1)
steps = st.lists(st.tuples(numbers, numbers), max_size=5)
rows = st.tuples(numbers, numbers, numbers, st.sampled_from(Outcome), steps)


@given(st.lists(rows, max_size=6), st.randoms(use_true_random=False))
def test_what_is_packed_comes_back_by_seed(
    trial: list[tuple[int, int, int, Outcome, list[tuple[int, int]]]], order: object
) -> None:
    restarts = [
        replace(
            restart(seed, outcome),
            right=right,
            undecided=undecided,
            wrong=wrong,
            levels=stepped(*own),
        )
        for seed, (right, undecided, wrong, outcome, own) in enumerate(trial)
    ]
    shuffled = list(restarts)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    found = unpack(pack(shuffled))
    assert found.of_restarts == tuple(
        (each.right, each.undecided, each.wrong, each.levels) for each in restarts
    )
    diverged = [each.outcome is Outcome.DIVERGED for each in restarts]
    assert found.diverged.tolist() == diverged


@pytest.mark.parametrize(
    "blob",
    [
        None,
        b"",
        b"no blob",
        pack([restart(1)])[:-3],
        zlib.compress(b"\x01" * 7),
        zlib.compress(np.array([2, 1, 1], "<u4").tobytes()),
    ],
)
def test_damage_is_a_value_error(blob: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(blob)


def test_epochs_up_to_the_plateau_are_not_made_up() -> None:
    found = unpack(pack([replace(restart(1), right=3, levels=b""), restart(2)]))
    with pytest.raises(ValueError, match="no epochs are kept of 3 points"):
        found.first_epochs(3)
    assert found.first_epochs(4).tolist() == []
