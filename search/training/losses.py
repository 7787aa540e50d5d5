"""Losses in TensorFlow, for all lanes at once: what a batch's answers are worth, and their slope.

`logits` is what the output units receive, shape (batch, outputs, lanes). `target`, shape (batch, 1,
lanes), tells the class of each point as `targets` writes it; padding weighs nothing. Each function
gives the points classified correctly and the summed loss, both (lanes,), and the derivative of each
point's loss by its logits, in their shape.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from search.training.backend import tf
from search.training.halves import over_batch, over_units

Judged = tuple[tf.Tensor, tf.Tensor, tf.Tensor]

_POINTS_PER_PRODUCT = 64  # a product of 64 factors in [1, 2] stays far below the float maximum


def targets(labels: NDArray[np.float32], outputs: int) -> tuple[NDArray[np.float32], np.float32]:
    """How the class of each point is written for `judge`, and how padding is.

    With one output 1 is a point of class 0, -1 one of class 1 and 0 padding; with more a point is
    its class and padding -1.
    """
    if outputs == 1:
        return 1 - 2 * labels, np.float32(0)
    return labels, np.float32(-1)


def judge(
    loss: str, logits: tf.Tensor, target: tf.Tensor, weight: tf.Tensor | None = None
) -> Judged:
    """Points classified correctly, summed loss and its slope, by the loss's short name.

    weight: of each point in the loss, in the shape of `target`; None for 1.
    """
    if logits.shape[1] > 1:
        return _softmax_crossentropy(logits, target, weight)
    return _OF_TWO[loss](logits, target, weight)


def _sigmoid_crossentropy(logits: tf.Tensor, side: tf.Tensor, weight: tf.Tensor | None) -> Judged:
    """Binary cross-entropy of a sigmoid.

    With s the side and z the logit it is max(s z, 0) + log(1 + exp(-|z|)), as Keras
    computes it from the logits of a sigmoid, and its derivative s sigmoid(s z). The logarithms are
    taken of products over the points, each factor being between 1 and 2: one logarithm for 64
    points instead of 64, and less rounding.
    """
    tail = tf.exp(-tf.abs(logits))
    factor = 1.0 + tail
    against = side * logits
    here = side != 0.0
    correct = _right(logits, factor, side)
    linear = tf.where(here, tf.nn.relu(against), 0.0)
    # One division of all: XLA keeps what is divided, but would repeat products for each use.
    error = tf.where(against <= 0.0, tail, 1.0) * side / factor
    factor = tf.where(here, factor, 1.0)
    right = over_batch(operator.add, correct)[0]
    if weight is not None:
        return right, _weighed(linear + tf.math.log(factor), weight)[0], error * weight
    loss = _plus_logarithms(over_batch(operator.add, linear), factor, _POINTS_PER_PRODUCT)
    return right, loss[0], error


def _sigmoid_squares(logits: tf.Tensor, side: tf.Tensor, weight: tf.Tensor | None) -> Judged:
    """Squared error of a sigmoid's probability from 0 or 1."""
    tail = tf.exp(-tf.abs(logits))
    factor = 1.0 + tail
    probability = tf.where(logits >= 0.0, 1.0, tail) / factor
    # Padding has no class, and so no error.
    apart = tf.where(side != 0.0, probability - tf.cast(side < 0.0, tf.float32), 0.0)
    correct = _right(logits, factor, side)
    error = 2.0 * apart * probability * (1.0 - probability)
    right = over_batch(operator.add, correct)[0]
    if weight is not None:
        return right, _weighed(apart * apart, weight)[0], error * weight
    loss = over_batch(operator.add, apart * apart)
    return right, loss[0], error


def _softmax_crossentropy(logits: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None) -> Judged:
    """Sparse categorical cross-entropy of a softmax.

    With z the logits and c the class it is log(sum(exp(z))) - z[c], as Keras computes it from the
    logits of a softmax, and its derivative softmax(z) less 1 at c.
    """
    classes = tf.range(logits.shape[1], dtype=tf.float32)[None, :, None]
    is_class = classes == label
    shifted = logits - over_units(tf.maximum, logits)
    powers = tf.exp(shifted)
    total = over_units(operator.add, powers)
    probability = powers / total
    here = label >= 0.0
    error = tf.where(here, probability - tf.cast(is_class, tf.float32), 0.0)
    of_class = over_units(operator.add, tf.where(is_class, probability, 0.0))
    # As Keras does: the class of the highest probability in float32, of those that tie the first.
    # Without a number in it that is class 0, so it is asked what is not above.
    holds = tf.where(classes < label, probability < of_class, ~(probability > of_class))
    correct = tf.cast(over_units(tf.logical_and, holds) & here, tf.float32)
    short = -over_units(operator.add, tf.where(is_class, shifted, 0.0))
    right = over_batch(operator.add, correct)[0]
    if weight is not None:
        of_point = short + tf.math.log(tf.where(here, total, 1.0))
        return right, _weighed(of_point, weight)[0], error * weight
    # Factors are between 1 and the number of classes.
    together = max(1, _POINTS_PER_PRODUCT // (logits.shape[1] - 1).bit_length())
    loss = over_batch(operator.add, short)
    loss = _plus_logarithms(loss, tf.where(here, total, 1.0), together)
    return right, loss[0], error


def _right(logits: tf.Tensor, factor: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """1 for each point that a sigmoid classifies correctly; 0 for the others, and for padding."""
    # Keras asks whether the probability 1 / factor is above 1/2 in float32.
    says_one = (logits >= 0.0) & (factor < 2.0)
    return tf.where(says_one == (side < 0.0), tf.abs(side), 0.0)


def _plus_logarithms(loss: tf.Tensor, factor: tf.Tensor, together: int) -> tf.Tensor:
    """`loss` and the logarithms along the first axis, one logarithm for `together` points."""
    for first in range(0, factor.shape[0], together):
        loss += tf.math.log(over_batch(operator.mul, factor[first : first + together]))
    return loss


def _weighed(losses: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """The sum of the losses of points, (batch, 1, lanes), each times its weight."""
    return over_batch(operator.add, losses * weight)


_OF_TWO: Mapping[str, Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], Judged]] = (
    MappingProxyType({"crossentropy": _sigmoid_crossentropy, "mse": _sigmoid_squares})
)
