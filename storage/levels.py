"""The levels of a trial's restarts as they are stored: one compressed blob for all of them.

Uncompressed it holds whole numbers of 32 bits, four planes of bytes, the lowest bytes first: the
numbers are small, so three planes are zeros that take no room. They are the number of restarts;
then for each restart, by seed, the points right, undecided and wrong under its final weights, 1 if
it diverged, and how many steps it has; then the epochs of all steps, and their points.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search.problem.levels import STEP_BYTES, steps
from search.problem.rows import Outcome, Restart

_NUMBER = np.dtype("<u4")
Numbers = NDArray[np.uint32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TrialLevels:
    """What a blob holds, by seed.

    right, undecided, wrong, diverged, count: (restarts,), the last the number of its steps; epochs,
    points: (steps,), those of all restarts one after another.
    """

    right: Numbers
    undecided: Numbers
    wrong: Numbers
    diverged: Flags
    count: Numbers
    epochs: Numbers
    points: Numbers

    def is_right(self, least_correct: int) -> Flags:
        """Whether each restart ended with so many points right: (restarts,)."""
        is_right: Flags = (self.right >= least_correct) & ~self.diverged
        return is_right

    @property
    def is_not_wrong(self) -> Flags:
        """Whether each restart ended with no point on the wrong side: (restarts,)."""
        is_not_wrong: Flags = (self.wrong == 0) & ~self.diverged
        return is_not_wrong

    def first_epochs(self, least_correct: int) -> NDArray[np.int64]:
        """The first epoch from which each of those that ended so stayed so: (successes,).

        Raises ValueError if that is not kept: up to the plateau there are no steps.
        """
        ends = np.cumsum(self.count, dtype=np.int64)
        below = np.concatenate(([0], np.cumsum(self.points < least_correct)))
        behind = below[ends] - below[ends - self.count]  # steps ascend within a restart
        succeeded = self.is_right(least_correct)
        if (behind[succeeded] >= self.count[succeeded]).any():
            raise ValueError(f"no epochs are kept of {least_correct} points")
        places = (ends - self.count + behind)[succeeded]
        found: NDArray[np.int64] = self.epochs[places].astype(np.int64)
        return found

    @cached_property
    def of_restarts(self) -> tuple[tuple[int, int, int, bytes], ...]:
        """Right, undecided, wrong and levels of each restart, as `Restart` has them."""
        kept = np.column_stack((self.epochs, self.points)).tobytes()
        ends = np.cumsum(self.count, dtype=np.int64)
        starts, ends = (STEP_BYTES * (ends - self.count)).tolist(), (STEP_BYTES * ends).tolist()
        columns = (self.right.tolist(), self.undecided.tolist(), self.wrong.tolist())
        parts = [kept[start:end] for start, end in zip(starts, ends, strict=True)]
        return tuple(zip(*columns, parts, strict=True))


def pack(restarts: Sequence[Restart]) -> bytes:
    """The blob of a trial's restarts, in any order."""
    by_seed = sorted(restarts, key=lambda restart: restart.seed)
    epochs, points = steps(b"".join(restart.levels for restart in by_seed)).T
    numbers = np.concatenate(
        (
            [len(by_seed)],
            [restart.right for restart in by_seed],
            [restart.undecided for restart in by_seed],
            [restart.wrong for restart in by_seed],
            [restart.outcome is Outcome.DIVERGED for restart in by_seed],
            [len(restart.levels) // STEP_BYTES for restart in by_seed],
            epochs,
            points,
        )
    ).astype(_NUMBER)
    return zlib.compress(numbers.view(np.uint8).reshape(-1, _NUMBER.itemsize).T.tobytes())


def unpack(blob: bytes | None) -> TrialLevels:
    """What `pack` made a blob of. Raises ValueError if it is damaged, or None."""
    if blob is None:
        raise ValueError("they are missing")
    try:
        planes = np.frombuffer(zlib.decompress(blob), np.uint8).reshape(_NUMBER.itemsize, -1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    numbers = np.ascontiguousarray(planes.T).view(_NUMBER).ravel()
    restarts = int(numbers[0]) if len(numbers) else 0
    kept = len(numbers) - 1 - 5 * restarts
    if kept < 0 or kept != 2 * int(numbers[1 + 4 * restarts : 1 + 5 * restarts].sum()):
        raise ValueError(f"{len(numbers)} numbers for {restarts} restarts")
    right, undecided, wrong, diverged, count = numbers[1 : 1 + 5 * restarts].reshape(5, -1)
    epochs, points = numbers[1 + 5 * restarts :].reshape(2, -1)
    return TrialLevels(right, undecided, wrong, diverged.astype(np.bool_), count, epochs, points)
