"""From which epoch on a restart classified how many points correctly: exact, for any accuracy.

Let c_1, ..., c_n be the points that each of n epochs classified correctly, and c those that the
final weights do. The minimum of c_e, ..., c_n and c never falls as the epoch e moves on, and a
restart stays at or above a number of points from the first epoch at which that minimum reaches it.
(A restart that is there by its final weights alone got there within the last epoch, where the
minimum is taken to be c.) So the epochs at which the minimum rises, and what it rises to, answer
every threshold; there are no more of them than epochs, nor than points. Kept are those above the
plateau.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEP = np.dtype("<u4")
STEP_BYTES = 2 * _STEP.itemsize
"""Of one step: its epoch and its points."""


def levels_of(
    correct: NDArray[np.int64], final: NDArray[np.int64], plateau: int
) -> tuple[bytes, ...]:
    """The levels of restarts, as `Restart.levels` holds them.

    Args:
        correct: (epochs, restarts), the points that an epoch classified correctly.
        final: (restarts,), those that the final weights do; 0 for a restart that never succeeds.
        plateau: Points that the best constant answer classifies correctly: up to there nothing is
            kept.

    Returns:
        For each restart its steps, see `steps`; without epochs the only step is of epoch 0.
    """
    ends_above = np.flatnonzero(final > plateau)  # the others have no step
    counts = np.concatenate((final[None, ends_above], correct[::-1, ends_above]), dtype=np.int32)
    staying = np.minimum.accumulate(counts)
    if len(correct):
        staying[1] = staying[0]  # the last epoch ends with the final weights
        staying = staying[1:]
    above = np.maximum(staying, plateau, out=staying)[::-1]
    rises = np.diff(above, axis=0, prepend=np.int32(plateau)) > 0
    restart, place = np.nonzero(rises.T)
    first = min(1, len(correct))
    kept = np.column_stack((place + first, above[place, restart])).astype(_STEP).tobytes()
    sizes = np.zeros(len(final), dtype=np.int64)
    sizes[ends_above] = rises.sum(axis=0) * STEP_BYTES
    ends = np.cumsum(sizes).tolist()
    return tuple(kept[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True))


def steps(levels: bytes) -> NDArray[np.uint32]:
    """Pairs of an epoch and the points that were classified correctly from it on: (steps, 2).

    Both ascend. The last step has the points of the final weights.
    """
    return np.frombuffer(levels, _STEP).reshape(-1, 2)


def first_epoch(levels: bytes, least_correct: int) -> int | None:
    """The first epoch from which a restart classified so many points correctly to the end.

    Args:
        levels: Of the restart.
        least_correct: More than the plateau's.

    Returns:
        The epoch; None if the restart did not end so.
    """
    epochs, points = steps(levels).T
    place = int(np.searchsorted(points, least_correct))
    return int(epochs[place]) if place < len(epochs) else None
