"""What the mirror images of a network compute, by the symmetries of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.data.datasets import Dataset
from search.problem.network import Network
from search.problem.undecided import UNDECIDED
from search.statistics.endings.kinds import BY_CLASS, Kind
from search.statistics.endings.parts import (
    Answers,
    Codes,
    above,
    answers_and_gaps,
    compared,
    middles,
    packed,
    predicted,
)
from search.statistics.endings.symmetry import symmetries

ToScale = Callable[[NDArray[np.float64]], NDArray[np.float32]]


def mirror_images(
    data: Dataset, network: Network, to_scale: ToScale, weights: NDArray[np.float32], kind: Kind
) -> NDArray[np.uint8]:
    """What every mirror image of a network puts where, by the symmetries of the data.

    The image of a network under a symmetry says of a point what the network says of the place that
    the symmetry takes it to, the classes taken back: the image of a network that is right
    everywhere is so too.

    Args:
        data: The data.
        network: The shape of the network.
        to_scale: The scaling of the features.
        weights: (weights,).
        kind: How far it got.

    Returns:
        (images, bytes), each as `Ends.table` has functions.
    """
    classes = len(data.classes)
    points = to_scale(data.features[compared(data.points)])
    own, gaps = answers_and_gaps(network, weights[None], points)
    codes = _codes(kind, classes, own, own, gaps)
    made = [np.zeros((0, len(points)), dtype=np.uint8)]
    for symmetry in symmetries(data):
        if symmetry.goes_to is None:
            reached = answers_and_gaps(network, weights[None], to_scale(symmetry.images))
            turned = _codes(kind, classes, own, *reached)
        else:
            turned = codes[:, symmetry.goes_to]
        back = np.argsort([*symmetry.classes, classes]).astype(np.uint8)
        made.append(back[turned])
    return np.unique(packed(np.concatenate(made), classes), axis=0)


def _codes(kind: Kind, classes: int, own: Answers, answers: Answers, gaps: NDArray[Any]) -> Codes:
    """The part of each place, as `ends` tells it; own: the network's answers on the points."""
    if kind in BY_CLASS:
        return predicted(answers)
    if kind is Kind.UNDECIDED:
        return np.where(gaps <= UNDECIDED, np.uint8(classes), predicted(answers))
    return above(answers, middles(own))
